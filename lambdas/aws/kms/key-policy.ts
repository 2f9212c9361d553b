import type { KeyPurpose, SigningAlgorithm } from "../../../core/model/ports.ts";
import { parseBoundedJson } from "../../../core/text/json.ts";

/** Which roles may do what with signing keys, as ARNs from the function's environment. */
export interface KeyRoles {
  readonly signers: Partial<Readonly<Record<KeyPurpose, readonly string[]>>>;
  readonly rotator: string;
}

/** KMS's names for our algorithms and their keys. */
export const kmsNames = {
  ES256: { spec: "ECC_NIST_P256", algorithm: "ECDSA_SHA_256" },
  RS256: { spec: "RSA_2048", algorithm: "RSASSA_PKCS1_V1_5_SHA_256" },
} as const satisfies Record<SigningAlgorithm, { spec: string; algorithm: string }>;

/** Actions with which nobody can sign, or let somebody else sign, as long as an explicit deny guards `kms:Sign`. */
const harmless = [
  "kms:Sign",
  "kms:DescribeKey",
  "kms:GetPublicKey",
  "kms:GetKeyPolicy",
  "kms:DisableKey",
  "kms:ScheduleKeyDeletion",
];

const anyone = { AWS: "*" } as const;

/**
 * The policy of a key that the rotator creates. The stack's own keys have the same one (a stack test compares the two).
 * Rights are in the key's policy and not in the roles' policies, so that a new key has them at once, and so that the
 * rotator needs no right to tag: a role that may tag keys could make any key of the account count as ours.
 */
export function keyPolicy(
  { purpose, alg }: { readonly purpose: KeyPurpose; readonly alg: SigningAlgorithm },
  roles: KeyRoles,
  windowDays: number,
): object {
  const signers = roles.signers[purpose] ?? [];
  const [first = ""] = signers;
  const signing = { "aws:PrincipalArn": signers.length === 1 ? first : signers };
  const [, partition = "", , , account = ""] = roles.rotator.split(":");
  const { algorithm } = kmsNames[alg];
  const allow = (Sid: string, Action: string | string[], Condition: object) => ({
    Sid,
    Effect: "Allow",
    Principal: anyone,
    Action,
    Resource: "*",
    Condition,
  });
  const deny = (Sid: string, Condition: object) => ({
    Sid,
    Effect: "Deny",
    Principal: anyone,
    Action: "kms:Sign",
    Resource: "*",
    Condition,
  });
  const rotator = { ArnEquals: { "aws:PrincipalArn": roles.rotator } };
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "AccountAdministers",
        Effect: "Allow",
        Principal: { AWS: `arn:${partition}:iam::${account}:root` },
        Action: "kms:*",
        Resource: "*",
      },
      deny(signers.length === 1 ? "OneRoleOnly" : "TheseRolesOnly", { ArnNotEquals: signing }),
      deny("OnlyMessageTypeDIGEST", { StringNotEquals: { "kms:MessageType": "DIGEST" } }),
      deny(`OnlySigningAlgorithm${algorithm.replaceAll("_", "")}`, {
        StringNotEquals: { "kms:SigningAlgorithm": algorithm },
      }),
      allow("SignersSign", "kms:Sign", { ArnEquals: signing }),
      allow("TheAccountReads", ["kms:DescribeKey", "kms:GetPublicKey", "kms:GetKeyPolicy"], {
        StringEquals: { "aws:PrincipalAccount": account },
      }),
      allow("RotatorDisables", "kms:DisableKey", rotator),
      allow("RotatorEnds", "kms:ScheduleKeyDeletion", {
        ...rotator,
        NumericGreaterThanEquals: { "kms:ScheduleKeyDeletionPendingWindowInDays": String(windowDays) },
      }),
    ],
  };
}

type Statement = Readonly<Record<string, unknown>>;

const listed = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);
const isAnyone = (principal: unknown): boolean =>
  principal === "*" || listed((principal as { AWS?: unknown } | undefined)?.AWS).includes("*");

/**
 * Whether a key's policy keeps everybody but its signers from signing, now and later. Every function checks this before
 * it uses a key of the ring: a compromised rotator, or a row written by hand, must not introduce a key that others can
 * sign with (threat 11).
 * @returns why not; undefined when it does
 */
export function keyPolicyFault(document: string, purpose: KeyPurpose, roles: KeyRoles): string | undefined {
  const signers = roles.signers[purpose] ?? [];
  const [, partition, , , account] = roles.rotator.split(":");
  const root = `arn:${partition}:iam::${account}:root`;
  // parsed as strictly as an untrusted document: if a member came twice, KMS might use the one that is not checked here
  const policy = parseBoundedJson(document);
  if (!policy.ok) return `its policy cannot be read: ${policy.error}`;
  const statements = listed((policy.value as { Statement?: unknown } | null)?.Statement) as readonly Statement[];
  // the rotator skips KMS's lockout check, so a key that nobody could administer is refused here
  if (!statements.some((one) => isAdministered(one, root))) return "its policy does not let the account administer it";
  const guards = statements.some((one) => one?.Effect === "Deny" && isGuard(one, signers));
  if (!guards) return "its policy does not deny kms:Sign to all but its signers";
  const loose = statements.find((one) => one?.Effect !== "Deny" && !isTame(one, root));
  return loose ? `its policy allows too much (${String(loose.Sid ?? "a statement without Sid")})` : undefined;
}

/** Whether a statement allows the account everything, without a condition. */
const isAdministered = (one: Statement, root: string): boolean =>
  one?.Effect === "Allow" &&
  one.Condition === undefined &&
  listed((one.Principal as { AWS?: unknown } | undefined)?.AWS).includes(root) &&
  listed(one.Action).includes("kms:*") &&
  listed(one.Resource).includes("*");

/**
 * Whether a statement denies signing with this one condition and no other, since each further condition would narrow
 * the deny.
 */
function isGuard(one: Statement, signers: readonly string[]): boolean {
  const condition = one.Condition as Record<string, Record<string, unknown>> | undefined;
  const named = condition?.ArnNotEquals ?? {};
  const allowed = listed(named["aws:PrincipalArn"]);
  return (
    Object.keys(condition ?? {}).length === 1 &&
    Object.keys(named).length === 1 &&
    allowed.length > 0 &&
    allowed.every((arn) => typeof arn === "string" && !/[*?$]/.test(arn) && signers.includes(arn)) &&
    isAnyone(one.Principal) &&
    listed(one.Action).includes("kms:Sign") &&
    listed(one.Resource).includes("*")
  );
}

/**
 * Whether a statement is harmless: the account's root may administer; everybody else may only do what cannot lead to a
 * signature.
 */
function isTame(one: Statement, root: string): boolean {
  const known = ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"];
  if (one?.Effect !== "Allow" || Object.keys(one).some((member) => !known.includes(member))) return false;
  const principals = listed((one.Principal as { AWS?: unknown } | undefined)?.AWS);
  const isRoot =
    Object.keys((one.Principal as object | undefined) ?? {}).join() === "AWS" &&
    principals.every((principal) => principal === root);
  return isRoot || listed(one.Action).every((action) => harmless.some((known) => known === action));
}
