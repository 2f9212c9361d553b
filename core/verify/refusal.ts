import { dpopAlgorithms } from "../jose/dpop.ts";
import { limits } from "../model/limits.ts";

/**
 * Why a resource server refuses a request, as a value: a stable `code` and the facts its operator needs.
 * What the caller gets to see is decided in one place, {@link refusalReply}.
 */
export type VerifyRefusal =
  // what was presented
  | { readonly code: "credentials_missing" }
  | { readonly code: "credentials_malformed"; readonly why: string }
  | { readonly code: "bearer_not_accepted" }
  // the access token
  | { readonly code: "token_invalid"; readonly why: string }
  | { readonly code: "token_expired"; readonly expiredAtSeconds: number }
  | { readonly code: "claims_invalid"; readonly claim: string }
  // the proof of key
  | { readonly code: "proof_missing" }
  | { readonly code: "proof_invalid"; readonly why: string }
  | { readonly code: "proof_nonce_required"; readonly sent: "none" | "old_or_foreign" }
  | { readonly code: "proof_key_mismatch" }
  | { readonly code: "proof_replayed" }
  // whether the session still lives
  | { readonly code: "status_uri_foreign"; readonly uri: string }
  | { readonly code: "status_index_invalid"; readonly why: string }
  | { readonly code: "session_over"; readonly by: "status_list" | "introspection" }
  // what it may do
  | { readonly code: "scope_insufficient"; readonly required: readonly string[]; readonly missing: readonly string[] }
  | { readonly code: "details_forbid"; readonly type: string; readonly field: string; readonly why: string }
  // what is missing on our side: fail closed, ask again
  | { readonly code: "keys_unavailable"; readonly why: string }
  | { readonly code: "status_unavailable"; readonly why: string }
  | { readonly code: "introspection_unavailable"; readonly why: string }
  | { readonly code: "replay_store_unavailable"; readonly why: string };

/** The stable name of a refusal. */
export type VerifyRefusalCode = VerifyRefusal["code"];

/** An HTTP answer of the resource server. */
export interface RefusalReply {
  readonly status: 400 | 401 | 403 | 503;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON with `error` and `error_description`; empty when no credentials were sent. */
  readonly body: string;
}

/** What a resource says of itself in its challenges. */
export interface ChallengeContext {
  /**
   * It takes bearer tokens too: both schemes are named (RFC 9110 11.6.1), `Bearer` first, since there are clients that
   * read no header that begins with another.
   */
  readonly bearer?: boolean;
  /** The resource's identifier. */
  readonly realm?: string;
  /** Where its metadata is (RFC 9728 5.1). */
  readonly resourceMetadata?: string;
  /** Scopes that a caller without a token should ask for (RFC 6750 3). */
  readonly scopes?: readonly string[];
  /** The nonce to be used from now on, where nonces are demanded (RFC 9449 9). */
  readonly nonce?: string;
}

/**
 * The answer to a refusal: RFC 6750 3.1 with the `DPoP` scheme of RFC 9449 7.1. Reasons an attacker could learn from
 * share one face; the value keeps them apart for the log.
 * @param context what the resource says of itself
 */
export function refusalReply(refusal: VerifyRefusal, context: ChallengeContext = {}): RefusalReply {
  const reply = replyTo(refusal, context);
  return context.nonce === undefined
    ? reply
    : // RFC 9449 8.2: a stored answer would hand out an old nonce
      { ...reply, headers: { ...reply.headers, "Cache-Control": "no-store", "DPoP-Nonce": context.nonce } };
}

function replyTo(refusal: VerifyRefusal, context: ChallengeContext): RefusalReply {
  const answer = (
    status: 400 | 401 | 403,
    error: string,
    description: string,
    more: Readonly<Record<string, string>> = {},
  ): RefusalReply => ({
    status,
    headers: {
      ...bodyHeaders,
      "WWW-Authenticate": challenges({ error, error_description: description, ...more }, context),
    },
    body: errorBody(error, description),
  });
  // an error of RFC 9449 means nothing under another scheme, and clients look for it in the only challenge
  const aboutProof = (error: string, description: string) => {
    const { bearer: _, ...proofOnly } = context;
    const told = challenges({ error, error_description: description }, proofOnly);
    const reply = answer(401, error, description);
    return { ...reply, headers: { ...reply.headers, "WWW-Authenticate": told } };
  };
  switch (refusal.code) {
    case "credentials_missing": {
      // RFC 6750 3.1: a request without credentials is told the schemes, and what to ask for, and no error
      const scope = context.scopes?.length ? { scope: context.scopes.join(" ") } : {};
      return { status: 401, headers: { "WWW-Authenticate": challenges(scope, context) }, body: "" };
    }
    case "credentials_malformed":
      return answer(400, "invalid_request", `send one Authorization header and one DPoP header: ${refusal.why}`);
    case "bearer_not_accepted":
      return answer(401, "invalid_token", "the token is bound to a key; send it with the DPoP scheme and a proof");
    case "token_invalid":
    case "claims_invalid":
    case "status_uri_foreign":
    case "status_index_invalid":
      return answer(401, "invalid_token", "the access token is not valid here");
    case "token_expired":
      return answer(401, "invalid_token", "the access token has expired; fetch a new one");
    case "session_over":
      return answer(401, "invalid_token", "the session of this access token is over");
    case "proof_key_mismatch":
      return answer(401, "invalid_token", "the DPoP proof is by another key than the access token is bound to");
    case "proof_missing":
    case "proof_invalid":
      return aboutProof("invalid_dpop_proof", "send one fresh DPoP proof for this request and this access token");
    case "proof_nonce_required":
      return aboutProof("use_dpop_nonce", "put the nonce of header DPoP-Nonce into the proof and ask again");
    case "proof_replayed":
      return aboutProof("invalid_dpop_proof", "this DPoP proof was used before; make a new one for each request");
    case "scope_insufficient":
      return answer(403, "insufficient_scope", "the access token does not carry the scope this needs", {
        scope: refusal.required.join(" "),
      });
    case "details_forbid":
      // RFC 9396 names no error for resource servers; this is what RFC 6750 3.1 has for "more than the token gives"
      return answer(
        403,
        "insufficient_scope",
        "the authorization details of the access token do not cover this request",
      );
    case "keys_unavailable":
    case "status_unavailable":
    case "introspection_unavailable":
    case "replay_store_unavailable":
      return {
        status: 503,
        headers: { ...bodyHeaders, "Retry-After": String(limits.retryAfterSeconds) },
        body: errorBody("temporarily_unavailable", "the access token could not be checked now; try again"),
      };
  }
}

const bodyHeaders = { "Content-Type": "application/json", "Cache-Control": "no-store" } as const;

const errorBody = (error: string, description: string): string =>
  JSON.stringify({ error, error_description: description });

/** Values are our own texts and registered names; a quote or a control character in one would forge parameters. */
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
  // RFC 6750 3: the scheme is followed by one parameter or more
  const told = Object.keys(all).length > 0 ? all : { realm: context.realm ?? "resource" };
  return `${challengeOf("Bearer", told)}, ${dpop}`;
}
