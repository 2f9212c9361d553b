/** Who calls: the temporary credentials that this cloud has given out, and the session that each of them carries. */
import { randomBytes } from "node:crypto";
import type { SignedRequest } from "./canonical.ts";
import type { Statement } from "./policy.ts";
import { type SignatureFault, verifySignature } from "./signature.ts";

export type { SignedRequest } from "./canonical.ts";
export type { SignatureFault } from "./signature.ts";

/** Temporary credentials as the SDK takes them. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** A policy that limits a session. */
export interface SessionPolicy {
  /** As it was passed: what the session token has to carry. */
  readonly document: string;
  readonly statements: readonly Statement[];
}

/** A role's session, or a user: everything that IAM knows of whoever holds its credentials. */
export interface RoleSession {
  /** ARN of the role; of a user its own. */
  readonly roleArn: string;
  readonly sessionName: string;
  /** Session tags; the role's own are not among them. */
  readonly tags: Readonly<Record<string, string>>;
  /** Keys of the tags that pass to every session that this one starts. */
  readonly transitiveTagKeys?: readonly string[];
  /** Who stands behind the session, set once for the whole chain. */
  readonly sourceIdentity?: string;
  /** Session policies, each of which must allow: AssumeRole's, then those that GetScopedCredentials laid on. */
  readonly sessionPolicies?: readonly SessionPolicy[];
  /** How many of them GetScopedCredentials laid on. */
  readonly scopedPolicies?: number;
  /** ARN of the identity provider whose token opened the session. */
  readonly federatedProvider?: string;
  /** Condition keys that the token gave the session: the issuer's `:aud`, `:sub` and `:amr`. */
  readonly federatedKeys?: Readonly<Record<string, string | readonly string[]>>;
  /** ARN of the function whose credentials these are. */
  readonly functionArn?: string;
  /** Of a user's temporary credentials: when the second factor was shown; undefined where it was not. */
  readonly factorAtMillis?: number;
}

/** The session behind an access key. */
export interface Caller extends RoleSession {
  readonly credentials: Credentials;
  readonly issuedAtMillis: number;
  /** When the credentials end, in milliseconds since 1970. */
  readonly expiresAtMillis: number;
}

/** Who makes a call that nobody signs: no role, and so without any right. */
export const nobody: Caller = {
  roleArn: "anonymous",
  sessionName: "",
  tags: {},
  credentials: { accessKeyId: "", secretAccessKey: "", sessionToken: "" },
  issuedAtMillis: 0,
  expiresAtMillis: 0,
};

/** What a good signature says. */
interface Signed {
  readonly caller: Caller;
  readonly service: string;
  readonly region: string;
}

/** How credentials are made. */
interface Issue {
  /** When they end; absent = never, for processes that the platform gives new ones before the old ones end. */
  readonly expiresAtMillis?: number;
  /** What the session token holds; absent = nothing that means anything. */
  readonly sessionToken?: string;
}

/** The credentials this cloud has given out. */
export interface Callers {
  /** Gives a session new temporary credentials. */
  issue(session: RoleSession, how?: Issue): Credentials;
  /** Gives a user an access key, which has no session token and no end. */
  issueKey(user: RoleSession): Credentials;
  /** Verifies a request's signature, and that its credentials have not ended. */
  verify(request: SignedRequest): Signed | SignatureFault;
}

/** Life that credentials claim to have where the platform renews them. */
const renewedMillis = 12 * 3_600_000;
/** Ended credentials that are remembered, so that whoever shows them learns that they ended. */
const mostEnded = 10_000;

/** Makes an empty book of credentials. */
export function openCallers(nowMillis: () => number = Date.now): Callers {
  const byKey = new Map<string, Caller>();
  return {
    issue(session, { expiresAtMillis = Number.POSITIVE_INFINITY, sessionToken } = {}) {
      const credentials = {
        accessKeyId: `ASIA${randomBytes(10).toString("hex").toUpperCase().slice(0, 16)}`,
        secretAccessKey: randomBytes(30).toString("base64"),
        sessionToken: sessionToken ?? randomBytes(96).toString("base64"),
      };
      forgetEnded(byKey, nowMillis());
      const caller = { ...session, credentials, issuedAtMillis: nowMillis(), expiresAtMillis };
      // one object for all calls: what is worked out about a caller is kept with it
      if (expiresAtMillis === Number.POSITIVE_INFINITY)
        Object.defineProperty(caller, "expiresAtMillis", { enumerable: true, get: () => nowMillis() + renewedMillis });
      byKey.set(credentials.accessKeyId, caller);
      return credentials;
    },
    issueKey(user) {
      const accessKeyId = `AKIA${randomBytes(10).toString("hex").toUpperCase().slice(0, 16)}`;
      const credentials = { accessKeyId, secretAccessKey: randomBytes(30).toString("base64"), sessionToken: "" };
      const expiresAtMillis = Number.POSITIVE_INFINITY;
      byKey.set(accessKeyId, { ...user, credentials, issuedAtMillis: nowMillis(), expiresAtMillis });
      return credentials;
    },
    verify(request) {
      const now = nowMillis();
      const signed = verifySignature(request, (key) => byKey.get(key)?.credentials, now);
      if ("code" in signed) return signed;
      const { accessKeyId, service, region } = signed;
      const caller = byKey.get(accessKeyId) as Caller;
      if (now >= caller.expiresAtMillis) {
        return { code: "ExpiredTokenException", message: "The security token included in the request is expired" };
      }
      return { caller, service, region };
    },
  };
}

/** A vend a minute for a day must not fill the memory. */
function forgetEnded(byKey: Map<string, Caller>, nowMillis: number): void {
  if (byKey.size < mostEnded) return;
  for (const [key, { expiresAtMillis }] of byKey) if (expiresAtMillis <= nowMillis) byKey.delete(key);
}
