import { limits } from "../../model/limits.ts";
import { forbidden, type Rows } from "../row.ts";

/** Refusals of people who decide what waits for approval, each with its facts. */
export type ApproverDenial =
  | { readonly code: "approver_unknown"; readonly why: string }
  | { readonly code: "approver_is_agent"; readonly agent: string }
  | { readonly code: "approver_client_foreign"; readonly client: string }
  | { readonly code: "approver_login_old"; readonly ageSeconds?: number }
  | { readonly code: "approver_involved"; readonly as: "requester" | "owner" }
  | { readonly code: "approval_foreign"; readonly id: string; readonly why: string }
  | { readonly code: "approval_over"; readonly id: string; readonly how: "expired" | "refused" | "used" | "overtaken" }
  | { readonly code: "approval_decided"; readonly id: string; readonly verdict: "approved" | "refused" }
  | { readonly code: "approval_shown_other"; readonly id: string };

/** Nobody learns from it which approvals there are, or which callers are registered. */
const nobody = forbidden<unknown>("the caller approves nothing here");
const conflict = (error: string) => ({ status: 409, error });

/** What auditors and callers are told of each. */
export const approverDenials: Rows<ApproverDenial> = {
  approver_unknown: {
    rule: "a caller of AWS decides as the person whom the registry says it is (threat 58)",
    missing: (d) => d.why,
    answer: nobody,
  },
  approver_is_agent: {
    rule: "no agent ever decides (threat 58)",
    missing: (d) => `another role than ${d.agent}'s`,
    answer: nobody,
  },
  approver_client_foreign: {
    rule: "people decide by tokens of clients that are for approvals alone (threat 58)",
    missing: (d) => `such a client: ${d.client} is none`,
    answer: nobody,
  },
  approver_login_old: {
    rule: `a token bound to no key decides for ${limits.approverLoginAgeSeconds} seconds after its person signed in (RFC 9470)`,
    missing: (d) => (d.ageSeconds === undefined ? "auth_time" : `a sign-in ${d.ageSeconds} s ago is too old`),
    answer: {
      status: 401,
      error: "insufficient_user_authentication",
      description: `sign in anew, or use a token that is bound to a key: a bearer token decides for ${limits.approverLoginAgeSeconds} seconds after auth_time`,
      headers: {
        "WWW-Authenticate": `Bearer error="insufficient_user_authentication", error_description="sign in anew", max_age=${limits.approverLoginAgeSeconds}`,
      },
    },
  },
  approver_involved: {
    rule: "who asks, or owns an agent of the chain that asks, does not answer (threat 58)",
    missing: (d) => `a person who is not its ${d.as}`,
    answer: forbidden((d) =>
      d.as === "requester"
        ? "it was asked on your behalf: another person decides"
        : "you own an agent that asks: another person decides",
    ),
  },
  approval_foreign: {
    rule: "what waits for a group is seen and decided by its people",
    missing: (d) => `${d.id}: ${d.why}`,
    answer: { status: 404, error: "not_found", description: "nothing of that name waits for you" },
  },
  approval_over: {
    rule: "what has expired, was refused or used, or is not what the registry asks any more, is not decided",
    missing: (d) => `an open approval: ${d.id} is ${d.how}`,
    answer: {
      ...conflict("approval_over"),
      description: (d) => `nothing was changed: it is ${d.how}${d.how === "refused" ? ", and a refusal is final" : ""}`,
    },
  },
  approval_decided: {
    rule: "a person decides once, whichever way is taken (threat 58)",
    missing: (d) => `a first answer to ${d.id}`,
    answer: {
      ...conflict("approval_decided"),
      description: (d) =>
        `nothing was changed: it was ${d.verdict} already${d.verdict === "approved" ? " by you" : ""}`,
    },
  },
  approval_shown_other: {
    rule: "a person says yes to what was shown, by its digest (threat 59)",
    missing: (d) => `the digest of ${d.id}`,
    answer: {
      ...conflict("approval_changed"),
      description: "nothing was changed: what you were shown is not what waits; look again",
    },
  },
};
