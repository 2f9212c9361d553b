import { Aws } from "aws-cdk-lib";
import { AccountRootPrincipal, AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Conditions } from "../function/grant.ts";
import { type NamedRole, roleArn } from "../function/roles.ts";
import type { Stage } from "../settings/stage.ts";

/** Algorithms of signing keys, as JOSE names them. */
export type SigningAlgorithm = "ES256" | "RS256";

const kmsAlgorithm = { ES256: "ECDSA_SHA_256", RS256: "RSASSA_PKCS1_V1_5_SHA_256" } as const;

/**
 * Policy of a signing key: its roles sign, and nobody else can be let to. The account keeps its other rights (a key nobody
 * can administer is lost), but an administrator who gives himself `kms:Sign` by IAM still cannot mint a session: an
 * explicit deny beats every allow and every grant (threat 11). The rights are in the key and not with the roles, so that
 * a key the rotator makes, with this same policy, works the moment it is made (docs/decisions/0025). Of the stack's own
 * keys the rotator can order none deleted: the stack names them for good.
 * @param rotates whether the rotator looks after keys of this purpose, and may disable this one
 */
export function signingPolicy(
  stage: Stage,
  roles: readonly NamedRole[],
  { alg, rotates }: { readonly alg: SigningAlgorithm; readonly rotates: boolean },
): PolicyDocument {
  const [first = "", ...more] = roles.map((role) => roleArn(stage, role));
  const signing = { "aws:PrincipalArn": more.length === 0 ? first : [first, ...more] };
  const algorithm = kmsAlgorithm[alg];
  return new PolicyDocument({
    statements: [
      new PolicyStatement({
        sid: "AccountAdministers",
        principals: [new AccountRootPrincipal()],
        actions: ["kms:*"],
        resources: ["*"],
      }),
      deny(more.length === 0 ? "OneRoleOnly" : "TheseRolesOnly", { ArnNotEquals: signing }),
      deny("OnlyMessageTypeDIGEST", { StringNotEquals: { "kms:MessageType": "DIGEST" } }),
      deny(`OnlySigningAlgorithm${algorithm.replaceAll("_", "")}`, {
        StringNotEquals: { "kms:SigningAlgorithm": algorithm },
      }),
      whoever("SignersSign", ["kms:Sign"], { ArnEquals: signing }),
      // what is read so is public or says who may sign: nothing to hide from the account's own
      whoever("TheAccountReads", ["kms:DescribeKey", "kms:GetPublicKey", "kms:GetKeyPolicy"], {
        StringEquals: { "aws:PrincipalAccount": Aws.ACCOUNT_ID },
      }),
      ...(rotates
        ? [
            whoever("RotatorDisables", ["kms:DisableKey"], {
              ArnEquals: { "aws:PrincipalArn": roleArn(stage, "rotator") },
            }),
          ]
        : []),
    ],
  });
}

/** By condition and not by principal: KMS refuses a principal that does not exist yet, and forgets one that is made anew. */
const whoever = (sid: string, actions: string[], conditions: Conditions): PolicyStatement =>
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
