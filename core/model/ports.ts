import type { JWK } from "jose";
import type { Result } from "./result.ts";

/** The time. Core never reads a clock of its own. */
export interface Clock {
  /** Milliseconds since the epoch, UTC. */
  nowMillis(): number;
  /** Milliseconds of a clock that nobody sets, from wherever it began; ages are measured by it too, where there is one. */
  steadyMillis?(): number;
}

/** Whole seconds since the epoch by `clock`. */
export const nowSeconds = (clock: Clock): number => Math.floor(clock.nowMillis() / 1000);

/** Fresh identifiers and secrets from a cryptographic source. */
export interface Ids {
  /** 128 bits as 22 base64url characters: sessions, audit records, `jti`s. */
  id(): string;
  /** 256 bits as 43 base64url characters: offer handles. */
  secret(): string;
}

/** Why a document could not be fetched. */
export interface FetchFailure {
  readonly why: "unreachable" | "timeout" | "status" | "too_large" | "redirect" | "forbidden_url";
  readonly detail: string;
}

/** The only way core reaches the network: GET, no redirects, bounded in bytes and time. */
export interface Fetcher {
  /**
   * Fetches one document.
   * @param url absolute URL, already checked against the allow-list of its caller
   * @returns the body of a 200 answer, and the `Cache-Control` max-age in seconds where one was sent
   */
  get(
    url: string,
    bounds: { readonly maxBytes: number; readonly timeoutMillis: number },
  ): Promise<Result<{ readonly body: Uint8Array; readonly maxAgeSeconds?: number }, FetchFailure>>;
}

/** What STS answered, whatever it was. */
export interface StsAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/**
 * Sends a caller's signed request to AWS STS: `POST https://<host>/`, no redirects, at most
 * `limits.stsAnswerBytes` and `limits.stsTimeoutMillis`.
 */
export interface StsRelay {
  /** @param request `host` is of the exact list in `text/sts-hosts.ts`, never a client's word; header names in lower case */
  send(request: {
    readonly host: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }): Promise<Result<StsAnswer, FetchFailure>>;
}

/** Why AWS could not tell: it knows no such thing, or it cannot be asked now or at all. */
export interface LookupFailure {
  readonly why: "missing" | "unavailable";
  readonly detail: string;
}

/** A published version of a Lambda function as it is configured. */
interface FunctionVersion {
  /** ARN with the version at its end. */
  readonly arn: string;
  readonly version: string;
  /** Base64 SHA-256 of the package; of an image its digest. */
  readonly codeSha256: string;
}

/** An ECS task as the control plane knows it. */
export interface TaskDescription {
  readonly arn: string;
  readonly clusterArn: string;
  /** With family and revision. */
  readonly taskDefinitionArn: string;
  readonly lastStatus: string;
  readonly launchType?: string;
  /** `service:<name>` for a task of a service. */
  readonly group?: string;
  readonly containers: readonly { readonly name: string; readonly imageDigest?: string }[];
}

/** An IAM role: its ARN with the path that STS leaves out, and who may assume it. */
export interface RoleDescription {
  readonly arn: string;
  readonly uniqueId: string;
  /** The trust policy as IAM gives it: JSON, percent-encoded. */
  readonly trustPolicy: string;
}

/** Reads of the AWS control plane in this deployment's own account and Region. */
export interface CodeLookup {
  /** @param functionArn unqualified */
  functionVersion(functionArn: string, version: string): Promise<Result<FunctionVersion, LookupFailure>>;
  task(cluster: string, taskId: string): Promise<Result<TaskDescription, LookupFailure>>;
  role(roleName: string): Promise<Result<RoleDescription, LookupFailure>>;
}

/** What a key may sign; a key has one purpose and a `kid` belongs to one purpose only. */
export type KeyPurpose = "identity" | "session" | "status" | "events" | "seal";

/** Algorithms our own keys sign by; a key has exactly one. */
export type SigningAlgorithm = "ES256" | "RS256";

/** A public signing key as published. */
export interface PublicKey {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  /** Public JWK with `kid`, `alg` and `use`. */
  readonly jwk: JWK;
}

/** One key that signs, held elsewhere (KMS). */
export interface SigningKey {
  /** RFC 7638 thumbprint of its public half. */
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  /**
   * Signs the JWS signing input.
   * @param signingInput `base64url(header).base64url(payload)` as bytes
   * @param joinId the session (or record) this signature belongs to; it stands in the call's user agent so that CloudTrail joins
   * @returns the signature as RFC 7518 3 wants it (ES256: 64 bytes r||s; RS256: as long as the modulus) and the request id of the call
   * @throws SigningKeyGone when the key was taken out of use since it was chosen
   */
  sign(signingInput: Uint8Array, joinId: string): Promise<{ signature: Uint8Array; requestId: string | undefined }>;
}

/** The keys of one purpose that sign now. */
export interface Signer {
  readonly purpose: KeyPurpose;
  /**
   * The key to sign with. Ask for each signature anew: keys rotate, and header and signature must be of one key.
   * @param goneKid a key that turned out to be out of use: it is not answered again
   */
  current(alg: SigningAlgorithm, goneKid?: string): Promise<SigningKey>;
}

/** Public keys of this deployment, by purpose. */
export interface OwnKeys {
  /** Every public key of a purpose that may be met: next, current and retired. */
  keys(purpose: KeyPurpose): Promise<readonly PublicKey[]>;
}

/** Our keys as they are published. */
export interface PublishedOwnKeys extends OwnKeys {
  /** Version of what is published of a purpose: it grows with every change, and is never given twice. */
  sequence(purpose: KeyPurpose): Promise<number>;
}

/** A keyed hash that every instance of a function agrees on without storing anything (KMS GenerateMac). */
export interface MacSource {
  /** The 32-byte secret of minute `minute` (epoch minutes). */
  minuteKey(minute: number): Promise<Uint8Array>;
}

/** Takes one token from an agent's bucket before a signature is paid for, or a session is ended. */
export interface RateLimiter {
  /**
   * False when the agent is over `perSecond`.
   * @param what which of its buckets; `issue` when left out
   */
  take(agentId: string, perSecond: number, what?: "issue" | "revoke"): Promise<boolean>;
}
