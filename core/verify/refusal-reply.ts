import { dpopAlgorithms } from "../jose/dpop.ts";
import { limits } from "../model/limits.ts";
import { type RefusalFace, refusalFaces, type VerifyRefusal } from "./refusal.ts";

/** An HTTP answer of the resource server. */
export interface RefusalReply {
  readonly status: 400 | 401 | 403 | 429 | 503;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON with `error` and `error_description`; empty when no credentials were sent. */
  readonly body: string;
}

/** What a resource tells of itself in its challenges. */
export interface ChallengeContext {
  /**
   * It accepts bearer tokens too. Then both schemes are named (RFC 9110 11.6.1), `Bearer` first, since some clients
   * read no header that begins with another scheme.
   */
  readonly bearer?: boolean;
  /** The resource's identifier. */
  readonly realm?: string;
  /** Where its metadata is (RFC 9728 5.1). */
  readonly resourceMetadata?: string;
  /** Scopes that a caller without a token should ask for (RFC 6750 3). */
  readonly scopes?: readonly string[];
  /**
   * Scopes that the operation needs, all of them: every challenge about the token names them, so that a caller steps up
   * once (MCP authorization, scope challenge handling).
   */
  readonly needed?: readonly string[];
  /** The nonce to use from now on, where nonces are demanded (RFC 9449 9). */
  readonly nonce?: string;
}

/**
 * The answer to a refusal, by its row of {@link refusalFaces}.
 * @param context what the resource tells of itself
 */
export function refusalReply(refusal: VerifyRefusal, context: ChallengeContext = {}): RefusalReply {
  const reply = replyTo(refusal, context);
  return context.nonce === undefined
    ? reply
    : // RFC 9449 8.2: a cached answer would give out an old nonce
      { ...reply, headers: { ...reply.headers, "Cache-Control": "no-store", "DPoP-Nonce": context.nonce } };
}

function replyTo(refusal: VerifyRefusal, context: ChallengeContext): RefusalReply {
  // this is the row of the refusal's own code, which the compiler cannot see in a table indexed by code
  const { status, error, description, scope, aboutProof, againAtSeconds } = refusalFaces[
    refusal.code
  ] as RefusalFace<VerifyRefusal>;
  if (error === undefined) {
    const scopes = context.needed ?? context.scopes;
    const wanted = scopes?.length ? { scope: scopes.join(" ") } : {};
    return { status, headers: { "WWW-Authenticate": challenges(wanted, context) }, body: "" };
  }
  const told = typeof description === "string" ? description : description(refusal);
  const body = JSON.stringify({ error, error_description: told });
  // nothing is wrong with the request, so it gets no challenge
  if (againAtSeconds) {
    const again = new Date(againAtSeconds(refusal) * 1_000).toUTCString();
    return { status, headers: { ...bodyHeaders, "Retry-After": again }, body };
  }
  if (status === 503)
    return { status, headers: { ...bodyHeaders, "Retry-After": String(limits.retryAfterSeconds) }, body };
  const needed = scope?.(refusal) ?? (aboutProof ? undefined : context.needed?.join(" "));
  const parameters = { error, error_description: told, ...(needed ? { scope: needed } : {}) };
  const { bearer = false, ...others } = context;
  const challenge = challenges(parameters, { ...others, bearer: bearer && !aboutProof });
  return { status, headers: { ...bodyHeaders, "WWW-Authenticate": challenge }, body };
}

const bodyHeaders = { "Content-Type": "application/json", "Cache-Control": "no-store" } as const;

/**
 * Values are our own texts and registered names. A quote or a control character in one could forge further parameters.
 */
const quoted = (value: string): string => `"${value.replace(/[^\x20-\x7e]|["\\]/g, "")}"`;

const challengeOf = (scheme: string, parameters: Readonly<Record<string, string>>): string =>
  `${scheme} ${Object.entries(parameters)
    .map(([name, value]) => `${name}=${quoted(value)}`)
    .join(", ")}`.trimEnd();

function challenges(parameters: Readonly<Record<string, string>>, context: ChallengeContext): string {
  const { resourceMetadata, bearer } = context;
  const all = { ...parameters, ...(resourceMetadata === undefined ? {} : { resource_metadata: resourceMetadata }) };
  const dpop = challengeOf("DPoP", { ...all, algs: dpopAlgorithms.join(" ") });
  if (!bearer) return dpop;
  // RFC 6750 3: at least one parameter must follow the scheme
  const told = Object.keys(all).length > 0 ? all : { realm: context.realm ?? "resource" };
  return `${challengeOf("Bearer", told)}, ${dpop}`;
}
