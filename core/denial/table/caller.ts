import { badClient, badProof, badRequest, type Rows } from "../row.ts";

/** Refusals about the caller's proof of key and its identity token, each with its facts. */
export type CallerDenial =
  | { readonly code: "dpop_missing" }
  | { readonly code: "dpop_invalid"; readonly why: string }
  | { readonly code: "dpop_nonce_required"; readonly sent: "none" | "old_or_foreign"; readonly at?: "resource" }
  | { readonly code: "dpop_replayed" }
  | {
      readonly code: "dpop_key_mismatch";
      readonly boundTo: "identity_token" | "evidence" | "subject_token" | "access_token" | "assertion";
    }
  | { readonly code: "client_unauthenticated"; readonly why: string; readonly scheme?: string }
  | { readonly code: "client_methods_several"; readonly other: string }
  | { readonly code: "assertion_invalid"; readonly why: string }
  | { readonly code: "assertion_expired"; readonly expiredAtSeconds: number }
  | { readonly code: "assertion_dead"; readonly subject: string };

const nonceWanted = "put the nonce of header DPoP-Nonce into the proof and ask again";

/** What auditors and callers are told of each. */
export const callerDenials: Rows<CallerDenial> = {
  dpop_missing: {
    rule: "RFC 9449 4.3: exactly one proof",
    missing: "the proof",
    answer: badProof("send exactly one DPoP proof"),
  },
  dpop_invalid: {
    rule: "RFC 9449 4.3: the proof is of this request and fresh",
    missing: (d) => d.why,
    answer: badProof((d) => `the DPoP proof is not valid: ${d.why}`),
  },
  dpop_nonce_required: {
    rule: "RFC 9449 8: the stage demands a nonce in each proof",
    missing: (d) => `a recent nonce; sent ${d.sent}`,
    // every answer of an endpoint that demands a nonce carries one, so the row need not
    answer: {
      status: 400,
      error: "use_dpop_nonce",
      description: nonceWanted,
    },
    // RFC 9449 9: where a token is shown, other clients than ours look for this status and challenge
    variant: ({ at }) =>
      at === "resource"
        ? {
            ...{ status: 401, error: "use_dpop_nonce", description: nonceWanted },
            headers: { "WWW-Authenticate": `DPoP error="use_dpop_nonce", error_description="${nonceWanted}"` },
          }
        : undefined,
  },
  dpop_replayed: {
    rule: "RFC 9449 11.1: a proof is used once",
    missing: "a proof that was not used before",
    answer: badProof("this DPoP proof was used before; make a new one for every request"),
  },
  dpop_key_mismatch: {
    rule: "RFC 9449 6: the proof is by the bound key",
    missing: (d) => `the key of the ${d.boundTo}`,
    answer: badProof("the DPoP proof is by another key than the token or evidence is bound to"),
  },
  client_unauthenticated: {
    rule: "RFC 6749 2.3: a client authenticates, by an assertion of ours",
    missing: (d) => d.why,
    // RFC 6749 5.2: a client that tried the Authorization header is answered with a challenge of its scheme; the Lambda
    // handler kept only the scheme
    answer: badClient("authenticate by client_assertion, of type jwt-spiffe", {
      headers: {
        "WWW-Authenticate": (d) => (d.scheme === undefined ? undefined : `${d.scheme} realm="lanyard"`),
      },
    }),
  },
  client_methods_several: {
    rule: "RFC 6749 2.3: a request uses one method of authentication",
    missing: (d) => `no ${d.other} beside it`,
    answer: badRequest((d) => `authenticate by the client assertion alone, without ${d.other}`),
  },
  assertion_invalid: {
    rule: "the client assertion is an identity token of this deployment",
    missing: (d) => d.why,
    answer: badClient("the client assertion is not a valid identity token of this deployment"),
  },
  assertion_expired: {
    rule: "identity tokens live minutes",
    missing: (d) => `it expired at ${d.expiredAtSeconds}`,
    answer: badClient("the identity token has expired; attest again"),
  },
  assertion_dead: {
    rule: "an identity token dies with the agent, build or deployment it was issued under",
    missing: (d) => d.subject,
    answer: badClient("the identity token is no longer accepted; attest again"),
  },
};
