import { badDetails, badScope, type Rows } from "../row.ts";

/** Refusals because an IAM policy cannot express what a session may do, each with its facts. */
export type AwsPolicyDenial =
  | { readonly code: "aws_scope_unmapped"; readonly role: string; readonly scopes: readonly string[] }
  | {
      readonly code: "aws_detail_unmapped";
      readonly role: string;
      readonly scope: string;
      readonly type: string;
      readonly field: string;
    }
  | {
      readonly code: "aws_detail_unsayable";
      readonly role: string;
      readonly type: string;
      readonly field: string;
      readonly why: string;
    }
  | { readonly code: "aws_details_disjoint"; readonly role: string; readonly scope: string }
  | { readonly code: "aws_listing_unbounded"; readonly role: string; readonly scope: string; readonly why: string }
  | {
      readonly code: "aws_policy_too_large";
      readonly role: string;
      readonly service: string;
      readonly characters: number;
      readonly limitCharacters: number;
    };

/** What auditors and callers are told of each. */
export const awsPolicyDenials: Rows<AwsPolicyDenial> = {
  aws_scope_unmapped: {
    rule: "an AWS role gives for the scopes its registration maps",
    missing: (d) => `${d.scopes.join(" ")} in aws-role ${d.role}`,
    answer: badScope((d) => `AWS role ${d.role} gives nothing for ${d.scopes.join(" ")}`),
  },
  aws_detail_unmapped: {
    rule: "a restriction that a policy cannot say is refused, never dropped",
    missing: (d) => `a mapping of ${d.type}, ${d.field} for ${d.scope} in aws-role ${d.role}`,
    answer: badDetails(
      (d) => `authorization detail ${d.type}: AWS role ${d.role} does not say what ${d.field} narrows for ${d.scope}`,
    ),
  },
  aws_detail_unsayable: {
    rule: "a text means the same in an IAM policy as in a detail",
    missing: (d) => `${d.type}, ${d.field}: ${d.why}`,
    answer: badDetails((d) => `authorization detail ${d.type}: ${d.field} ${d.why}, for AWS role ${d.role}`),
  },
  aws_details_disjoint: {
    rule: "details that narrow one grant leave something of it",
    missing: (d) => `a key that all details admit, for ${d.scope} in aws-role ${d.role}`,
    answer: badDetails((d) => `the authorization details leave nothing of ${d.scope} at AWS role ${d.role}`),
  },
  aws_listing_unbounded: {
    rule: "a listing is bounded by a prefix that ends in /",
    missing: (d) => `${d.why}, for ${d.scope} in aws-role ${d.role}`,
    answer: badDetails((d) => `${d.scope} lists a bucket at AWS role ${d.role}, and ${d.why}`),
  },
  aws_policy_too_large: {
    rule: "STS takes a session policy of 2,048 characters",
    missing: (d) => `${d.characters} of ${d.limitCharacters} characters for ${d.service} in aws-role ${d.role}`,
    answer: badDetails(
      (d) =>
        `what the session may at ${d.service} takes ${d.characters} characters of policy for AWS role ${d.role}, and STS takes ${d.limitCharacters}: ask for fewer scopes, or narrow the details to fewer values`,
    ),
  },
};
