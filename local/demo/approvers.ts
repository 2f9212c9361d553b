/** People of the account who approve: a role that each takes under a name that AWS vouches for. */
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { roleIdOf } from "../emulator/iam/context.ts";
import type { RunningCloud } from "./boot.ts";
import type { Credentials } from "./endpoints.ts";

/** The role, which the stage `local` names among those that approve. */
const releaseRole = (account: string): string => `arn:aws:iam::${account}:role/release`;

/** Its unique id, as the registry names it. */
export const releaseRoleId = (account: string): string => roleIdOf(releaseRole(account));

const calls = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"];

/** Puts the role into the account: it may call functions' addresses, and the account may take it under any name. */
export function addReleaseRole({ account, addRole }: Pick<RunningCloud, "account" | "addRole">): void {
  const Principal = { AWS: `arn:aws:iam::${account}:root` };
  const Action = ["sts:AssumeRole", "sts:SetSourceIdentity"];
  addRole({
    arn: releaseRole(account),
    policies: [{ Version: "2012-10-17", Statement: { Effect: "Allow", Action: calls, Resource: "*" } }],
    trust: { Version: "2012-10-17", Statement: { Effect: "Allow", Principal, Action } },
  });
}

/**
 * Takes the role as the account's administrator lets a person take it.
 * @param name name of the session, which by itself is anybody's word
 * @param sourceIdentity what AWS keeps of the caller; the address of `approve` wants it to be the name
 */
export async function asApprover(
  { account, aws, operator }: Pick<RunningCloud, "account" | "aws" | "operator">,
  name: string,
  sourceIdentity?: string,
): Promise<Credentials> {
  const sts = new STSClient({ ...aws, credentials: { ...operator }, maxAttempts: 1 });
  const named = sourceIdentity === undefined ? {} : { SourceIdentity: sourceIdentity };
  try {
    const { Credentials: made } = await sts.send(
      new AssumeRoleCommand({ RoleArn: releaseRole(account), RoleSessionName: name, ...named }),
    );
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = made ?? {};
    if (!accessKeyId || !secretAccessKey || !sessionToken) throw new Error("STS gave no credentials");
    return { accessKeyId, secretAccessKey, sessionToken };
  } finally {
    sts.destroy();
  }
}
