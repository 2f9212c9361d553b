import { Aws } from "aws-cdk-lib";
import { AccountRootPrincipal, AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Conditions } from "../function/grant.ts";
import { type NamedRole, roleArn } from "../function/roles.ts";
import type { Stage } from "../settings/stage.ts";

/** Algorithms of signing keys, as JOSE names them, and the one of the log, which signs no token. */
export type SigningAlgorithm = "ES256" | "RS256" | "Ed25519";

const kmsAlgorithm = {
  ES256: "ECDSA_SHA_256",
  RS256: "RSASSA_PKCS1_V1_5_SHA_256",
  Ed25519: "ED25519_SHA_512",
} as const;

/**
 * Policy of a signing key: its roles may sign, and nobody else can be allowed to. The account keeps its other rights (a
 * key that nobody can administer is lost), but an administrator who grants `kms:Sign` to himself by IAM still cannot
 * mint a session: an explicit deny overrides every allow and every grant (threat 11). The rights are in the key's
 * policy and not in the roles', so that a key the rotator creates with this policy works at once (docs/decisions/0025).
 * The rotator cannot order the deletion of the stack's own keys, since the stack always names them.
 * @param rotates whether the rotator rotates keys of this purpose, and may disable this one
 */
export function signingPolicy(
  stage: Stage,
  roles: readonly NamedRole[],
  { alg, rotates }: { readonly alg: SigningAlgorithm; readonly rotates: boolean },
): PolicyDocument {
  const [first = "", ...more] = roles.map((role) => roleArn(stage, role));
  const signing = { "aws:PrincipalArn": more.length === 0 ? first : [first, ...more] };
  const algorithm = kmsAlgorithm[alg];
  // Ed25519 hashes the message itself
  const messageType = alg === "Ed25519" ? "RAW" : "DIGEST";
  return new PolicyDocument({
    statements: [
      new PolicyStatement({
        sid: "AccountAdministers",
        principals: [new AccountRootPrincipal()],
        actions: ["kms:*"],
        resources: ["*"],
      }),
      deny(more.length === 0 ? "OneRoleOnly" : "TheseRolesOnly", { ArnNotEquals: signing }),
      deny(`OnlyMessageType${messageType}`, { StringNotEquals: { "kms:MessageType": messageType } }),
      deny(`OnlySigningAlgorithm${algorithm.replaceAll("_", "")}`, {
        StringNotEquals: { "kms:SigningAlgorithm": algorithm },
      }),
      statement("SignersSign", ["kms:Sign"], { ArnEquals: signing }),
      // the results of these reads are public or say who may sign, so nothing is hidden from the account
      statement("TheAccountReads", ["kms:DescribeKey", "kms:GetPublicKey", "kms:GetKeyPolicy"], {
        StringEquals: { "aws:PrincipalAccount": Aws.ACCOUNT_ID },
      }),
      ...(rotates
        ? [
            statement("RotatorDisables", ["kms:DisableKey"], {
              ArnEquals: { "aws:PrincipalArn": roleArn(stage, "rotator") },
            }),
          ]
        : []),
    ],
  });
}

/**
 * Names roles by condition and not as principals: KMS refuses a principal that does not exist yet, and no longer
 * recognizes one that was created again.
 */
const statement = (sid: string, actions: string[], conditions: Conditions): PolicyStatement =>
  new PolicyStatement({ sid, principals: [new AnyPrincipal()], actions, resources: ["*"], conditions });

const deny = (sid: string, conditions: Conditions): PolicyStatement =>
  new PolicyStatement({
    sid,
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: ["kms:Sign"],
    resources: ["*"],
    conditions,
  });
