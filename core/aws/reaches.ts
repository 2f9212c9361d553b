import type { Denial } from "../denial/denial.ts";
import type { AwsGrant, AwsRoleRegistration } from "../model/aws-role.ts";
import { err, ok, type Result } from "../model/result.ts";
import { listBucket } from "./actions.ts";
import type { Keys } from "./keys.ts";
import { keysOf, type Restricting } from "./narrow.ts";
import { placeOf } from "./places.ts";

/** One action, the place it acts on, and the keys there; for KMS the services through which a key may be used. */
export interface Reach {
  readonly service: PolicyService;
  readonly action: string;
  /** ARN of a bucket, a table or a key. */
  readonly place: string;
  readonly keys: readonly Keys[];
}

/** A service whose actions a policy names. */
export type PolicyService = AwsGrant["service"] | "kms";

/** What KMS must allow when DynamoDB acts for a caller. */
const tableKeyActions = ["kms:Decrypt", "kms:Encrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"];

/**
 * Everything that a session may do with a role, action by action.
 * @returns `aws_scope_unmapped` for scopes that the role maps to nothing, `aws_listing_unbounded` for a listing that no
 * prefix bounds, or why {@link keysOf} refuses
 */
export function reachesOf(
  role: AwsRoleRegistration,
  scopes: readonly string[],
  restricting: Restricting,
): Result<readonly Reach[], Denial> {
  const unmapped = scopes.filter((scope) => !role.grants.some((grant) => grant.scope === scope));
  if (unmapped.length > 0) return err({ code: "aws_scope_unmapped", role: role.name, scopes: unmapped });
  const grants = role.grants.filter(({ scope }) => scopes.includes(scope));
  const reaches: Reach[] = [];
  for (const grant of grants) {
    const keys = keysOf(grant, restricting);
    if (!keys.ok) return keys;
    const unbounded = grant.actions.includes(listBucket) ? unboundedListing(keys.value) : undefined;
    if (unbounded !== undefined)
      return err({ code: "aws_listing_unbounded", role: role.name, scope: grant.scope, why: unbounded });
    const place = placeOf(grant, role.arn);
    for (const action of grant.actions)
      reaches.push({
        service: grant.service,
        action,
        place,
        keys: action === listBucket ? folders(keys.value) : keys.value,
      });
  }
  return ok([...reaches, ...keyUses(grants)]);
}

/** What of keys can be a listing's prefix: a path's own name would list everything whose name begins with it. */
const folders = (keys: readonly Keys[]): readonly Keys[] => keys.filter(({ text, open }) => open && text.endsWith("/"));

/**
 * Why a listing of these keys would show more names than these. A listing shows all names with the same beginning
 * (prefix `a` also lists `ab`), so only folders can be listed.
 */
function unboundedListing(keys: readonly Keys[]): string | undefined {
  const listed = folders(keys);
  // a path gives two entries: the folder, and the file or folder itself
  const others = keys.filter((one) => !listed.some((folder) => folder === one || folder.text === `${one.text}/`));
  if (others.length === 0) return undefined;
  return others.some(({ open }) => open) ? "a prefix that is listed ends in '/'" : "no prefix lists single keys alone";
}

/**
 * Uses of the KMS keys that encrypt the grants' data: for each key, every use that any of the grants needs, through the
 * services it is registered for. A key alone gives access to nothing: the service checks whether the session may reach
 * the data.
 */
function keyUses(grants: readonly AwsGrant[]): readonly Reach[] {
  const actions = keyActions(grants.filter(({ kmsKeys }) => kmsKeys.length > 0));
  return grants.flatMap(({ service, kmsKeys }) =>
    kmsKeys.flatMap((place) => {
      const [, partition, , region] = place.split(":");
      const domain = partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
      const keys = [{ text: `${service}.${region}.${domain}`, open: false }];
      return actions.map((action) => ({ service: "kms" as const, action, place, keys }));
    }),
  );
}

/**
 * Reading objects decrypts. Writing generates a data key, and writing in parts also decrypts. No other action uses a
 * key.
 */
function keyActions(grants: readonly AwsGrant[]): readonly string[] {
  if (grants.some(({ service }) => service === "dynamodb")) return tableKeyActions;
  const actions = grants.flatMap((grant) => grant.actions);
  if (actions.includes("s3:PutObject")) return ["kms:Decrypt", "kms:GenerateDataKey"];
  return actions.some((action) => /^s3:GetObject(Version|Attributes)?$/.test(action)) ? ["kms:Decrypt"] : [];
}
