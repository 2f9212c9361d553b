import { Aws } from "aws-cdk-lib";
import { denyPath, writerPath } from "../../core/stop/organization.ts";
import { rolesPrefix } from "../function/roles.ts";
import type { DeployedLanyard } from "./deployed.ts";

/**
 * Deny policies of a deployment in an account. Together they hold some 570 sessions; a role takes ten policies, and a
 * `TargetRole` has its grant besides.
 */
export const denyPolicyCount = 5;

type Named = Pick<DeployedLanyard, "stage" | "region">;

/** Name of each deny policy of a deployment. */
export const denyPolicyNames = ({ stage, region }: Named): readonly string[] =>
  Array.from({ length: denyPolicyCount }, (_, shard) => `${rolesPrefix({ name: stage, region })}deny-${shard}`);

/** Name of the role that writes them. */
export const writerName = ({ stage, region }: Named): string => `${rolesPrefix({ name: stage, region })}stop-writer`;

/** ARN of each deny policy in an account. */
export const denyPolicyArns = (of: Named, account: string = Aws.ACCOUNT_ID): readonly string[] =>
  denyPolicyNames(of).map((name) => `arn:${Aws.PARTITION}:iam::${account}:policy${denyPath}${name}`);

/** ARN of the writer role in an account. */
export const writerArn = (of: Named, account: string): string =>
  `arn:${Aws.PARTITION}:iam::${account}:role${writerPath}${writerName(of)}`;

/** Denies nobody; the stop writes the rest. Also in `core/stop/deny.ts`, whose test compares the two. */
export const nobodyDenied = {
  Version: "2012-10-17",
  Statement: [
    { Effect: "Deny", Action: "*", Resource: "*", Condition: { StringLike: { "aws:SourceIdentity": ["lyd.nobody"] } } },
  ],
};
