import type { JWTPayload } from "jose";
import { lineageOf, lineageTags, type tokenTags } from "../aws/lineage.ts";
import { currentAgent, type Session } from "../model/session.ts";
import { parseRoleArn } from "../text/role-arn.ts";

/** The audience of every token for AWS STS, and of no other token of ours. */
export const awsAudience = "sts.amazonaws.com";

/** What a token for STS is made from. */
interface AwsTokenContent {
  readonly session: Session;
  /** ARN of the one role it is for. */
  readonly roleArn: string;
  readonly times: { readonly iat: number; readonly exp: number; readonly jti: string };
}

/**
 * Claims of a token for AssumeRoleWithWebIdentity (AWS IAM, "Passing session tags using AssumeRoleWithWebIdentity"). STS
 * compares `iss`, `aud` and `sub` alone, so `sub` is the agent, and everything else that a role's trust asks for is a tag or
 * the source identity. There is no `azp`, which STS would read in place of `aud`, and nothing that one of our own verifiers
 * looks for: no `client_id`, `cnf`, `scope` or `sid`.
 */
export function awsTokenClaims({ session, roleArn, times }: AwsTokenContent, issuer: string): JWTPayload {
  const { sourceIdentity, tags } = lineageOf(session);
  const own: Readonly<Record<(typeof tokenTags)[number], string>> = {
    "lanyard-role": roleArn,
    "lanyard-token": times.jti,
  };
  const all = { ...tags, ...own };
  return {
    iss: issuer,
    sub: currentAgent(session),
    aud: awsAudience,
    ...times,
    "https://aws.amazon.com/tags": {
      // AWS documents each value as a list of one
      principal_tags: Object.fromEntries(Object.entries(all).map(([key, value]) => [key, [value]])),
      transitive_tag_keys: lineageTags,
    },
    "https://aws.amazon.com/source_identity": sourceIdentity,
  };
}

/**
 * How CloudTrail names a token of ours at a role's account: our issuer as the account's provider, and the token's `jti`. The
 * provider is AWS's word, and what stands in the token is ours, since STS read it under our key.
 */
export function awsTokenName(jti: string, issuer: string, roleArn: string): string {
  const [, partition = "aws"] = roleArn.split(":");
  const account = parseRoleArn(roleArn)?.account ?? "";
  return `arn:${partition}:iam::${account}:oidc-provider/${issuer.replace(/^https?:\/\//, "")}#${jti}`;
}
