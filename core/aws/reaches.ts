import type { Denial } from "../denial/denial.ts";
import type { AwsGrant, AwsRoleRegistration } from "../model/aws-role.ts";
import { err, ok, type Result } from "../model/result.ts";
import { listBucket } from "./actions.ts";
import type { Keys } from "./keys.ts";
import { keysOf, type Restricting } from "./narrow.ts";

/** One action, where it acts, and on which keys there; for KMS the services through which a key may be used. */
export interface Reach {
  readonly service: PolicyService;
  readonly action: string;
  /** ARN of a bucket, a table or a key. */
  readonly place: string;
  readonly keys: readonly Keys[];
}

/** A service whose actions stand in a policy. */
export type PolicyService = AwsGrant["service"] | "kms";

/** What KMS must allow for what DynamoDB does on a caller's behalf. */
const tableKeyActions = ["kms:Decrypt", "kms:Encrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"];

/**
 * All that a session may do with a role, action by action.
 * @returns `aws_scope_unmapped` for scopes that the role gives nothing for, `aws_listing_unbounded` for a listing that no
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
    for (const action of grant.actions) reaches.push({ service: grant.service, action, place, keys: keys.value });
  }
  return ok([...reaches, ...keyUses(grants)]);
}

const placeOf = (grant: AwsGrant, roleArn: string): string =>
  grant.service === "dynamodb" ? grant.where.table : `arn:${roleArn.split(":")[1]}:s3:::${grant.where.bucket}`;

/**
 * Why a listing of these keys would tell more than they are. The names of everything whose name begins alike are told: a
 * prefix `a` lists `ab`, so that only folders can be listed.
 */
function unboundedListing(keys: readonly Keys[]): string | undefined {
  const folders = keys.filter(({ text, open }) => open && text.endsWith("/"));
  // of a path, one half is the folder and the other the file or folder itself
  const others = keys.filter((one) => !folders.some((folder) => folder === one || folder.text === `${one.text}/`));
  if (others.length === 0) return undefined;
  return others.some(({ open }) => open) ? "a prefix that is listed ends in '/'" : "no prefix lists single keys alone";
}

/**
 * Uses of the keys that the grants' data is encrypted with: whatever any of the grants takes, of each key, through the
 * services it is registered for. A key does nothing by itself; what its service does with it, the session may there or not.
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

/** Reading objects decrypts; writing makes a data key, and in parts reads what it made. Nothing else touches a key. */
function keyActions(grants: readonly AwsGrant[]): readonly string[] {
  if (grants.some(({ service }) => service === "dynamodb")) return tableKeyActions;
  const actions = grants.flatMap((grant) => grant.actions);
  if (actions.includes("s3:PutObject")) return ["kms:Decrypt", "kms:GenerateDataKey"];
  return actions.some((action) => /^s3:GetObject(Version|Attributes)?$/.test(action)) ? ["kms:Decrypt"] : [];
}
