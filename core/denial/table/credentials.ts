import { limits } from "../../model/limits.ts";
import { badRequest, badScope, badTarget, forbidden, later, type Rows } from "../row.ts";

/** Refusals about credentials of AWS for a session, each with its facts. */
export type CredentialsDenial =
  | { readonly code: "aws_role_missing"; readonly agent: string; readonly resource: string; readonly role?: string }
  | { readonly code: "aws_role_several"; readonly resource: string; readonly roles: readonly string[] }
  | { readonly code: "aws_uses_uncounted"; readonly resource: string }
  | { readonly code: "aws_token_off" }
  | { readonly code: "aws_role_shared"; readonly role: string }
  | {
      readonly code: "aws_role_wider";
      readonly role: string;
      /** Scopes that the role gives for and the session does not hold, or holds within details. */
      readonly scopes: readonly string[];
      readonly detailTypes: readonly string[];
    }
  | { readonly code: "aws_account_unlisted"; readonly role: string; readonly account: string }
  | {
      readonly code: "aws_role_refused";
      readonly arn: string;
      readonly call: "AssumeRole" | "GetScopedCredentials";
      /** STS's own code and words. */
      readonly error: string;
    }
  | { readonly code: "aws_role_stopped"; readonly arn: string; readonly error: string }
  | { readonly code: "aws_policy_packed_too_large"; readonly role: string; readonly error: string }
  | { readonly code: "session_ending"; readonly leftSeconds: number }
  | { readonly code: "sts_unavailable"; readonly error: string };

/** What is told of each. */
export const credentialsDenials: Rows<CredentialsDenial> = {
  aws_role_missing: {
    rule: "a role is lent to the agents it is registered for, and for its resource alone",
    missing: (d) => `${d.role ?? "a role"} for ${d.agent} at ${d.resource}`,
    answer: badTarget("no AWS role of this resource, by this name, is registered for this agent"),
  },
  aws_role_several: {
    rule: "which role is meant is never guessed",
    missing: (d) => `role, one of ${d.roles.join(" ")}`,
    answer: badRequest((d) => `several AWS roles stand for ${d.resource}: send role, one of ${d.roles.join(", ")}`),
  },
  aws_uses_uncounted: {
    rule: "what is called with credentials of AWS nobody counts",
    missing: (d) => `a session without a bound on its uses, for ${d.resource}`,
    answer: badTarget("a session whose uses are counted gets no credentials of AWS"),
  },
  aws_token_off: {
    rule: "the stage says whether agents may take roles of AWS by themselves",
    missing: () => "awsCredentials.webIdentity of the stage",
    answer: badRequest("this deployment gives no tokens for AWS STS; ask its credentials endpoint"),
  },
  aws_role_shared: {
    rule: "a role is taken whole by the one agent that it is registered for as its own",
    missing: (d) => `exclusive in aws-role ${d.role}`,
    answer: badTarget("this AWS role is not the agent's own; ask the credentials endpoint for a session's part of it"),
  },
  aws_role_wider: {
    rule: "no session gets more of a role than it holds, and by itself an agent gets all of it",
    missing: (d) =>
      `${[...d.scopes, ...d.detailTypes.map((type) => `no detail ${type}`)].join(", ")} for the whole of ${d.role}`,
    answer: badScope(
      (d) =>
        `AWS role ${d.role} gives more than this session holds${d.scopes.length > 0 ? ` (${d.scopes.join(" ")})` : ""}` +
        `${d.detailTypes.length > 0 ? ` within ${d.detailTypes.join(", ")}` : ""}: ` +
        "ask the credentials endpoint for the session's part of it",
    ),
  },
  aws_account_unlisted: {
    rule: "the stage names the accounts whose roles it may lend",
    missing: (d) => `account ${d.account} of ${d.role} in awsCredentials.accounts`,
    answer: badTarget("the role is in an account that this deployment does not lend roles of"),
  },
  aws_role_refused: {
    rule: "the owner of a role has the last word on who may have it",
    missing: (d) => `${d.call} of ${d.arn}: ${d.error}`,
    answer: forbidden((d) =>
      d.call === "AssumeRole"
        ? `AWS does not let this deployment assume ${d.arn} for this agent: its trust policy must allow ` +
          "sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity as TargetRole of @lanyard-iam/cdk writes it, with " +
          "this agent among those it names"
        : `AWS does not let a session of ${d.arn} be made shorter: neither a permissions boundary nor a policy of the ` +
          "organization may deny sts:GetScopedCredentials there",
    ),
    variant: (d) =>
      d.error.startsWith("RegionDisabled")
        ? forbidden(
            "AWS STS is not activated in this deployment's Region: an administrator of the account activates it",
          )
        : undefined,
  },
  aws_role_stopped: {
    rule: "a stop in AWS ends what was issued before it, and for seconds also what is issued after",
    missing: (d) => `a session of ${d.arn} that no policy of the role denies: ${d.error}`,
    answer: later(
      "sessions of this AWS role are being stopped: ask again in a few seconds; where it lasts for minutes, a policy " +
        "that is attached to the role denies sts:GetScopedCredentials",
    ),
  },
  aws_policy_packed_too_large: {
    rule: "what a session may do is said to AWS whole or not at all",
    missing: (d) => `a smaller policy for ${d.role}: ${d.error}`,
    answer: badRequest(
      "what this session may do there does not fit into a policy of AWS: ask for fewer scopes, or for narrower details",
    ),
  },
  session_ending: {
    rule: `credentials of AWS are worth their cost for ${limits.vendRestSeconds} seconds at least`,
    missing: (d) => `${limits.vendRestSeconds} seconds of the session; it has ${d.leftSeconds}`,
    answer: badRequest("the session ends too soon for credentials of AWS; renew it, or open another"),
  },
  sts_unavailable: {
    rule: "nothing is released that AWS has not answered for in time",
    missing: (d) => d.error,
    answer: later("AWS STS does not answer right now; try again"),
  },
};
