import { Aws } from "aws-cdk-lib";
import {
  AccountPrincipal,
  type Conditions,
  FederatedPrincipal,
  type IPrincipal,
  PolicyStatement,
  PrincipalWithConditions,
} from "aws-cdk-lib/aws-iam";
import { type DeployedLanyard, functionRoleArn, trustDomainOf } from "./deployed.ts";
import { issuerName, stsAudience } from "./sts-issuer.ts";

/** The session tags of all credentials of a session, which have no others; `core/aws/lineage.ts` sets them. */
export const sessionTags = ["lanyard-session", "lanyard-tree", "lanyard-agent", "lanyard-principal"] as const;

/** Those that a token for STS has besides: the one role it is for, and its name in our record. */
export const tokenTags = ["lanyard-role", "lanyard-token"] as const;

/** Pattern of every SourceIdentity that Lanyard sets. */
export const sourceIdentities = "lyd.*";

/** Path of the roles for Lanyard's sessions; rights to assume them are granted by this path. */
export const targetPath = "/lanyard/target/";

const agentName = /^[a-z0-9._-]+(\/[a-z0-9._-]+)*$/;

type Condition = Readonly<Record<string, string | readonly string[]>>;

/** Who may assume a role, and the further statements that this needs. */
interface Trust {
  /** For `sts:AssumeRole`. */
  readonly assumedBy: IPrincipal;
  /** For the actions that STS checks with it. */
  readonly beside: readonly PolicyStatement[];
}

/**
 * Lets one deployment's function `credentials` assume a role for sessions of the named agents, and nobody else. The
 * principal is the account, and `aws:PrincipalArn` pins the role: IAM stores a role that is a principal by its unique
 * id, and no longer trusts it after it was created again. The role's owner names the agents here, so a mistake in the
 * central registry gives nobody another account's role. There are three statements, since STS has other condition keys
 * for each action (threat 21).
 * @throws for names that no registry accepts
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
      StringEquals: { "aws:PrincipalArn": functionRoleArn(lanyard, "credentials"), ...equal },
    });
  const also = (action: string, conditions: Conditions) =>
    new PolicyStatement({ principals: [credentials({}, conditions)], actions: [action] });
  return {
    assumedBy: credentials({
      "sts:ExternalId": `${trustDomain}/${lanyard.stage}`,
      "aws:RequestTag/lanyard-agent": agents.map((name) => `spiffe://${trustDomain}/agent/${name}`),
      // no session may take another's name; without the tag the comparison is false
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

/** A role that its one agent may take by itself. */
interface OwnRole {
  readonly lanyard: DeployedLanyard;
  readonly agents: readonly string[];
  readonly roleName: string | undefined;
  readonly issuer: string;
}

/**
 * Lets one agent take a role by a token of the deployment's issuer, whose provider is in the role's account. STS compares
 * audience and subject by themselves; which role, session and tree a token is for stands in its tags, which nobody but the
 * issuer writes. Without a tag or a SourceIdentity each comparison is false (threat 21).
 * @throws for several agents, no name of the role, or an issuer that IAM does not take
 */
export function ownTrust({ lanyard, agents, roleName, issuer }: OwnRole): readonly PolicyStatement[] {
  const [agent] = agents;
  if (agent === undefined || agents.length > 1)
    throw new Error("webIdentity: a role that an agent takes by itself is that one agent's; name one");
  if (roleName === undefined || !/^[\w+=.@-]{1,64}$/.test(roleName))
    throw new Error("webIdentity: name the role (roleName, without commas), since its trust policy names its own ARN");
  const name = issuerName(issuer);
  const id = `spiffe://${trustDomainOf(lanyard)}/agent/${agent}`;
  const provider = `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:oidc-provider/${name}`;
  const allow = (action: string, equal: Condition, more: Conditions = {}) =>
    new PolicyStatement({
      principals: [
        new FederatedPrincipal(provider, {
          ...more,
          StringEquals: { [`${name}:aud`]: stsAudience, [`${name}:sub`]: id, ...equal },
        }),
      ],
      actions: [action],
    });
  const tags = [...sessionTags, ...tokenTags];
  return [
    allow("sts:AssumeRoleWithWebIdentity", {
      "sts:RoleSessionName": requested("lanyard-session"),
      "sts:SourceIdentity": `lyd.${requested("lanyard-tree")}.${requested("lanyard-session")}`,
      "aws:RequestTag/lanyard-agent": id,
      // a token for another role of the agent is none for this one
      "aws:RequestTag/lanyard-role": `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role${targetPath}${roleName}`,
    }),
    allow(
      "sts:TagSession",
      {},
      {
        "ForAllValues:StringEquals": { "aws:TagKeys": tags },
        Null: Object.fromEntries(tags.map((tag) => [`aws:RequestTag/${tag}`, "false"])),
      },
    ),
    allow("sts:SetSourceIdentity", {}, { StringLike: { "sts:SourceIdentity": sourceIdentities } }),
  ];
}

/** A policy variable: the tag that the request itself sets. */
const requested = (tag: (typeof sessionTags)[number]): string => `\${aws:RequestTag/${tag}}`;
