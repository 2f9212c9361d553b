import { limits } from "../../model/limits.ts";
import { forbidden, type Rows } from "../row.ts";

/** What the agent needs to ask how it stands. */
interface Waits {
  readonly id: string;
  readonly expiresInSeconds: number;
}

/** Refusals of requests that people approve, and of those who redeem what people approved, each with its facts. */
export type ApprovalDenial =
  | ({ readonly code: "approval_pending" } & Waits)
  | ({ readonly code: "approval_polled_early" } & Waits)
  | { readonly code: "approval_refused"; readonly id?: string; readonly unasked?: true }
  | { readonly code: "approval_expired"; readonly id: string }
  | { readonly code: "approval_unknown"; readonly id: string; readonly why: string }
  | { readonly code: "approval_used"; readonly id: string }
  | { readonly code: "approval_stale"; readonly id: string; readonly why: string }
  | { readonly code: "approval_elsewhere"; readonly resource: string; readonly action: string; readonly group: string }
  | { readonly code: "approval_groups_several"; readonly groups: readonly string[] }
  | { readonly code: "approvals_full"; readonly of: "agent" | "principal"; readonly name: string };

const waiting = ({ id, expiresInSeconds }: Waits) => ({
  auth_req_id: id,
  interval: limits.approvalIntervalSeconds,
  expires_in: expiresInSeconds,
});

/** What auditors and callers are told of each. */
export const approvalDenials: Rows<ApprovalDenial> = {
  approval_pending: {
    rule: "policy permits this with approval: people are asked first (CIBA 11)",
    missing: (d) => `the approval of ${d.id}`,
    answer: {
      status: 400,
      error: "authorization_pending",
      description: "people were asked to approve exactly this request: redeem auth_req_id by the CIBA grant",
      members: waiting,
    },
  },
  approval_polled_early: {
    rule: `who waits for people asks each ${limits.approvalIntervalSeconds} seconds (CIBA 11)`,
    missing: (d) => `the interval of ${d.id}`,
    answer: {
      status: 400,
      error: "slow_down",
      description: `ask again in ${limits.approvalIntervalSeconds} seconds, and 5 seconds less often from now on`,
      members: waiting,
    },
  },
  approval_refused: {
    rule: "a refusal counts for an hour, however often the same is asked (threat 56)",
    missing: (d) => (d.unasked ? "an hour since the same request was refused" : `the approval of ${d.id}`),
    answer: {
      status: 400,
      error: "access_denied",
      description: (d) =>
        d.unasked
          ? "the same request was refused within the hour: nobody is asked again"
          : "it was refused: do not ask for the same again",
    },
  },
  approval_expired: {
    rule: "an approval is redeemed before its end (CIBA 11)",
    missing: (d) => `the time left of ${d.id}`,
    answer: {
      status: 400,
      error: "expired_token",
      description: "nobody decided in time, or it was not redeemed in time: ask anew",
    },
  },
  approval_unknown: {
    rule: "an approval is for the agent and the key that asked",
    missing: (d) => `${d.id}: ${d.why}`,
    answer: {
      status: 400,
      error: "invalid_grant",
      description: "there is no such auth_req_id of this agent and key",
    },
  },
  approval_used: {
    rule: "an approval is used once (threat 55)",
    missing: (d) => `an unused approval: ${d.id}`,
    answer: { status: 400, error: "invalid_grant", description: "this approval was used: ask anew" },
  },
  approval_stale: {
    rule: "what is released is exactly what was approved, by the same rule",
    missing: (d) => `${d.id}: ${d.why}`,
    answer: {
      status: 400,
      error: "approval_stale",
      description: "policy or registry changed since it was approved: ask anew",
    },
  },
  approval_elsewhere: {
    rule: "people approve what an agent asks for itself at the token endpoint",
    missing: (d) => `the approval of ${d.group} for ${d.action} at ${d.resource}`,
    answer: forbidden(
      (d) => `policy permits this at ${d.resource} with approval alone, and nobody is asked for this kind of request`,
    ),
  },
  approval_groups_several: {
    rule: "one request is approved by one group",
    missing: (d) => d.groups.join(" "),
    answer: forbidden("policy wants approvals of several groups for it: ask for each part in a request of its own"),
  },
  approvals_full: {
    rule: "so many approvals an agent, and a principal, may have pending (threat 56)",
    missing: (d) => `room for another of ${d.name}`,
    answer: forbidden("so many requests wait for people already that nobody is asked: wait for their answers"),
  },
};
