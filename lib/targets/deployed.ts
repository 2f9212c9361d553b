import { Aws, Token } from "aws-cdk-lib";
import { roleName } from "../function/roles.ts";

/** A deployment of Lanyard, named from another app or account by values that never change. */
export interface DeployedLanyard {
  /** Its account, 12 digits. */
  readonly account: string;
  /** Its Region. */
  readonly region: string;
  /** Name of the stage. */
  readonly stage: string;
  /** Its SPIFFE trust domain; `<stage>.lanyard.internal` where the stage names none. */
  readonly trustDomain?: string;
}

/**
 * The trust domain, after every value was checked, since they become part of a policy. @throws for a value that no
 * deployment can have
 */
export function trustDomainOf({ account, region, stage, trustDomain }: DeployedLanyard): string {
  const domain = trustDomain ?? `${stage}.lanyard.internal`;
  const wrong = [
    ...(Token.isUnresolved(account) || /^\d{12}$/.test(account) ? [] : ["account: 12 digits, in quotes"]),
    ...(Token.isUnresolved(region) || /^[a-z0-9-]{1,32}$/.test(region) ? [] : ["region: a name such as eu-west-1"]),
    ...(/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/.test(stage) ? [] : ["stage: its name, such as prod"]),
    ...(/^(?=.{1,255}$)[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/.test(domain)
      ? []
      : ["trustDomain: a name such as agents.example.com"]),
  ];
  if (wrong.length > 0) throw new Error(`no deployment of Lanyard is named so: ${wrong.join("; ")}`);
  return domain;
}

/**
 * ARN of the role of one of its functions: `credentials`, the only one that assumes roles for sessions, or `aws-stop`,
 * the only one that assumes writer roles.
 */
export const functionRoleArn = (
  { account, region, stage }: DeployedLanyard,
  name: "credentials" | "aws-stop",
): string => `arn:${Aws.PARTITION}:iam::${account}:role/${roleName({ name: stage, region }, name)}`;
