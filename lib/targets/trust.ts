import {
  AccountPrincipal,
  type Conditions,
  type IPrincipal,
  PolicyStatement,
  PrincipalWithConditions,
} from "aws-cdk-lib/aws-iam";
import { credentialsRoleArn, type DeployedLanyard, trustDomainOf } from "./deployed.ts";

/** Session tags that all credentials of a session have, and no others; `core/aws/lineage.ts` sets them. */
export const sessionTags = ["lanyard-session", "lanyard-tree", "lanyard-agent", "lanyard-principal"] as const;

/** What every SourceIdentity of Lanyard's looks like. */
export const sourceIdentities = "lyd.*";

/** Path of the roles that Lanyard's sessions may have: what they may assume is told by it. */
export const targetPath = "/lanyard/target/";

const agentName = /^[a-z0-9._-]+(\/[a-z0-9._-]+)*$/;

type Condition = Readonly<Record<string, string | readonly string[]>>;

/** Who may assume a role, and what that takes beside. */
interface Trust {
  /** For `sts:AssumeRole`. */
  readonly assumedBy: IPrincipal;
  /** For the actions that STS checks with it. */
  readonly beside: readonly PolicyStatement[];
}

/**
 * Lets one deployment's function `credentials` assume a role for sessions of the agents named, and nobody else. The
 * principal is the account, and the role is pinned by `aws:PrincipalArn`: a role as principal is stored by its unique id,
 * and trusted no more once it is made anew. What names the agents here is the role's owner: a mistake in the central
 * registry lends nobody another account's role. Three statements, since STS tells other keys for each action (threat 21).
 * @throws on names that no registry takes
 */
export function trustOf(lanyard: DeployedLanyard, agents: readonly string[]): Trust {
  const trustDomain = trustDomainOf(lanyard);
  const wrong = agents.filter((name) => !agentName.test(name));
  if (agents.length === 0 || wrong.length > 0)
    throw new Error(
      `name the agents that may have the role, as the registry names them${wrong.map((name) => `; not ${name}`).join("")}`,
    );
  const credentials = (equal: Condition, more: Conditions = {}): IPrincipal =>
    new PrincipalWithConditions(new AccountPrincipal(lanyard.account), {
      ...more,
      StringEquals: { "aws:PrincipalArn": credentialsRoleArn(lanyard), ...equal },
    });
  const also = (action: string, conditions: Conditions) =>
    new PolicyStatement({ principals: [credentials({}, conditions)], actions: [action] });
  return {
    assumedBy: credentials({
      "sts:ExternalId": `${trustDomain}/${lanyard.stage}`,
      "aws:RequestTag/lanyard-agent": agents.map((name) => `spiffe://${trustDomain}/agent/${name}`),
      // no session takes another's name; without the tag nothing is equal
      "sts:RoleSessionName": requested("lanyard-session"),
    }),
    beside: [
      also("sts:TagSession", {
        "ForAllValues:StringEquals": { "aws:TagKeys": [...sessionTags] },
        Null: Object.fromEntries(sessionTags.map((tag) => [`aws:RequestTag/${tag}`, "false"])),
      }),
      also("sts:SetSourceIdentity", { StringLike: { "sts:SourceIdentity": sourceIdentities } }),
    ],
  };
}

/** A policy variable: the tag that the request itself sets. */
const requested = (tag: (typeof sessionTags)[number]): string => `\${aws:RequestTag/${tag}}`;
