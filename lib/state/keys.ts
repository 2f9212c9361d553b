import { RemovalPolicy } from "aws-cdk-lib";
import { AccountRootPrincipal, AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Key, KeySpec, KeyUsage } from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import type { Grant } from "../function/grant.ts";
import type { LanyardFunction } from "../function/lanyard-function.ts";
import { type NamedRole, roleArn } from "../function/roles.ts";
import type { Stage } from "../settings/stage.ts";
import { type SigningAlgorithm, signingPolicy } from "./signing-policy.ts";

/** Roles that attest, the same code behind two URLs. Only they use the key of challenges. */
export const attesting = ["attest", "attest-iam"] as const;

/**
 * Roles that may make nonces of DPoP proofs; a role gets the right only where the stage demands nonces at its endpoint.
 * A role that the stage does not make is not named, or whoever made one of that name would be admitted.
 */
export const nonced = ({
  awsCredentials,
  decisions,
  approvals,
}: Pick<Stage, "awsCredentials" | "decisions" | "approvals">): readonly NamedRole[] => [
  ...attesting,
  "token",
  "introspect",
  "revoke",
  ...(awsCredentials ? (["credentials"] as const) : []),
  ...(decisions ? (["decide"] as const) : []),
  ...(approvals ? (["approve-token"] as const) : []),
];

/** Purposes of the keys that sign; a key has one, and only these roles may sign with it. */
export const signers = {
  identity: attesting,
  session: ["token"],
  status: ["publisher"],
  seal: ["sealer"],
  events: ["transmitter"],
} as const satisfies Record<string, readonly NamedRole[]>;

/**
 * Purposes whose keys the rotator rotates. The log's key is not rotated, since verifiers know the log by it; a next one
 * signs beside it for a while (docs/operating.md).
 */
export const rotated = ["identity", "session", "status", "events"] as const satisfies readonly (keyof typeof signers)[];

/** A purpose whose keys the rotator rotates. */
export type RotatedPurpose = (typeof rotated)[number];

const keySpecs = {
  ES256: KeySpec.ECC_NIST_P256,
  RS256: KeySpec.RSA_2048,
  Ed25519: KeySpec.ECC_NIST_EDWARDS25519,
} as const satisfies Record<SigningAlgorithm, KeySpec>;

const isRotated = (purpose: keyof typeof signers): boolean => rotated.some((one) => one === purpose);

/**
 * All keys of a deployment, without those that the stage does not need. They are kept when the stack is deleted, and
 * when an update drops them, since a deployment without its keys is lost.
 */
export class Keys extends Construct {
  readonly identity: Key;
  readonly session: Key;
  /** For resources whose tokens are signed with ES256, where the stage has such resources. */
  readonly sessionEc?: Key;
  readonly status: Key;
  /** For checkpoints of the audit's log. */
  readonly log: Key;
  /**
   * For security events, where the stage pushes them. It is in no key set that a verifier of tokens reads (threat 3).
   */
  readonly events?: Key;
  /** For attestation challenges. */
  readonly nonce: Key;
  /**
   * For nonces in DPoP proofs, where the stage demands them. It is a separate key, since a role that makes nonces must
   * not be able to make challenges.
   */
  readonly dpopNonce?: Key;
  /** Symmetric, for tables and bucket; rotates every year. */
  readonly data: Key;

  constructor(scope: Construct, id: string, { stage }: { readonly stage: Stage }) {
    super(scope, id);
    const signing = (name: string, purpose: keyof typeof signers, alg: SigningAlgorithm = "RS256") =>
      this.key(
        name,
        `Lanyard ${stage.name}: ${purpose} key${purpose === "session" && alg === "ES256" ? ", ES256" : ""}`,
        {
          keySpec: keySpecs[alg],
          keyUsage: KeyUsage.SIGN_VERIFY,
          policy: signingPolicy(stage, signers[purpose], { alg, rotates: isRotated(purpose) }),
        },
      );
    this.identity = signing("Identity", "identity");
    this.session = signing("Session", "session");
    if (stage.keys.es256) this.sessionEc = signing("EcSession", "session", "ES256");
    this.status = signing("Status", "status");
    this.log = signing("Log", "seal", "Ed25519");
    if (stage.securityEvents) this.events = signing("Events", "events");
    const hmac = (name: string, use: string, roles: readonly NamedRole[]) =>
      this.key(name, `Lanyard ${stage.name}: ${use}`, {
        keySpec: KeySpec.HMAC_256,
        keyUsage: KeyUsage.GENERATE_VERIFY_MAC,
        policy: onlyFor(stage, roles, { action: "kms:GenerateMac", pinned: { "kms:MacAlgorithm": "HMAC_SHA_256" } }),
      });
    this.nonce = hmac("Nonce", "attestation challenges", attesting);
    if (stage.dpopNonces.length > 0) this.dpopNonce = hmac("DpopNonce", "nonces in DPoP proofs", nonced(stage));
    this.data = this.key("Data", `Lanyard ${stage.name}: tables and audit bucket`, { enableKeyRotation: true });
  }

  /** Every key by the name of its output. */
  get all(): Readonly<Record<string, Key>> {
    const { identity, session, sessionEc, status, log, events, nonce, dpopNonce, data } = this;
    return {
      Identity: identity,
      Session: session,
      ...(sessionEc && { EcSession: sessionEc }),
      Status: status,
      Log: log,
      ...(events && { Events: events }),
      Nonce: nonce,
      ...(dpopNonce && { DpopNonce: dpopNonce }),
      Data: data,
    };
  }

  /** Lets a function make and check attestation challenges. */
  grantChallenges(of: LanyardFunction): void {
    of.grant(macs("Nonce key", this.nonce, "makes and checks attestation challenges"), { nonceKey: this.nonce.keyArn });
  }

  /** Lets a function make and check nonces of DPoP proofs. */
  grantNonces(of: LanyardFunction): void {
    const { dpopNonce: key } = this;
    if (!key) throw new Error("a nonce is demanded by a stage that has no key for it");
    of.grant(macs("DpopNonce key", key, "makes and checks nonces in DPoP proofs"), { dpopNonceKey: key.keyArn });
  }

  private key(name: string, description: string, props: ConstructorParameters<typeof Key>[2]): Key {
    return new Key(this, name, {
      description,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      ...props,
    });
  }
}

/** MACs with one key: HMAC-SHA-256 and nothing else. */
const macs = (name: string, { keyArn: arn }: Key, why: string): Grant => ({
  actions: ["kms:GenerateMac"],
  on: [{ name, arn }],
  conditions: { StringEquals: { "kms:MacAlgorithm": "HMAC_SHA_256" } },
  why,
});

/**
 * Key policy by which only the given roles may use the key, and only in one way. The account keeps its other rights (a
 * key that nobody can administer is lost), but an administrator who grants `kms:Sign` to himself by IAM still cannot
 * mint a session: an explicit deny overrides every allow and every grant (threat 11).
 */
function onlyFor(
  stage: Stage,
  roles: readonly NamedRole[],
  { action, pinned }: { readonly action: string; readonly pinned: Record<string, string> },
): PolicyDocument {
  const [first = "", ...more] = roles.map((role) => roleArn(stage, role));
  const deny = (sid: string, conditions: Record<string, Record<string, string | string[]>>) =>
    new PolicyStatement({
      sid,
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: [action],
      resources: ["*"],
      conditions,
    });
  return new PolicyDocument({
    statements: [
      new PolicyStatement({
        sid: "AccountAdministers",
        principals: [new AccountRootPrincipal()],
        actions: ["kms:*"],
        resources: ["*"],
      }),
      deny(more.length === 0 ? "OneRoleOnly" : "TheseRolesOnly", {
        ArnNotEquals: { "aws:PrincipalArn": more.length === 0 ? first : [first, ...more] },
      }),
      ...Object.entries(pinned).map(([key, value]) =>
        deny(`Only${key.slice("kms:".length)}${value.replaceAll("_", "")}`, { StringNotEquals: { [key]: value } }),
      ),
    ],
  });
}
