import { randomUUID } from "node:crypto";
import { DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
  GetScopedCredentialsCommand,
  type GetScopedCredentialsCommandInput,
  STSClient,
} from "@aws-sdk/client-sts";
import { afterAll, afterEach, beforeAll } from "vitest";
import type { Credentials } from "../../../local/emulator/iam/caller.ts";
import type { NewRole } from "../../../local/emulator/iam/roles.ts";
import type { RunningCloud } from "../../../local/emulator/running.ts";
import { fixture } from "../cloud/ground.ts";
import { boot } from "../fixture/boot.ts";

export const home = "111122223333";
export const away = "444455556666";

/** `${…}` of a policy, which a template text of TypeScript would fill itself. */
export const variable = (name: string) => `$\{${name}}`;
export const document = (...Statement: object[]) => ({ Version: "2012-10-17", Statement });
export const allow = (Action: string | string[], Resource: string | string[] = "*", more: object = {}) => ({
  Effect: "Allow",
  Action,
  Resource,
  ...more,
});
export const deny = (Action: string | string[], Resource: string | string[] = "*", more: object = {}) => ({
  ...allow(Action, Resource, more),
  Effect: "Deny",
});
export const trusting = (AWS: string | string[], Action: string | string[] = "sts:AssumeRole", more: object = {}) => ({
  Effect: "Allow",
  Principal: { AWS },
  Action,
  ...more,
});

export let cloud: RunningCloud;

let aheadMillis = 0;
/** Lets time pass in the cloud alone; signatures are good for five minutes, so not for longer. */
export function pass(seconds: number): void {
  aheadMillis += seconds * 1000;
}

/** Back to the machine's time. */
export function resetClock(): void {
  aheadMillis = 0;
}

/** Boots one cloud for the tests of the calling file. */
export function setUp(): void {
  beforeAll(async () => {
    cloud = await boot({ assembly: fixture(), nowMillis: () => Date.now() + aheadMillis });
  });
  afterEach(resetClock);
  afterAll(() => cloud?.close());
}

/** Credentials of a role with these rights. */
export function somebody(statements: object[], account = home): Credentials & { readonly roleArn: string } {
  const roleArn = `arn:aws:iam::${account}:role/callers/${randomUUID()}`;
  return { ...cloud.addOperator(roleArn, document(...statements)), roleArn };
}

/** A role with a name of its own that trusts as it is told. */
export function role(trust: object[], more: Partial<NewRole> = {}, account = home): string {
  const arn = `arn:aws:iam::${account}:role/agents/${randomUUID()}`;
  cloud.addRole({ arn, trust: document(...trust), policies: [document(allow("*"))], ...more });
  return arn;
}

const settings = (credentials: Credentials) => ({
  endpoint: cloud.aws.endpoint,
  region: cloud.aws.region,
  credentials,
  maxAttempts: 1,
});

export const sts = (credentials: Credentials) => new STSClient(settings(credentials));

/** Credentials off an answer, as the SDK's clients take them. */
export const taken = ({ Credentials: made }: { Credentials?: Awaited<ReturnType<typeof assume>>["Credentials"] }) => ({
  accessKeyId: made?.AccessKeyId ?? "",
  secretAccessKey: made?.SecretAccessKey ?? "",
  sessionToken: made?.SessionToken ?? "",
});

export const assume = (by: Credentials, RoleArn: string, more: Partial<AssumeRoleCommandInput> = {}) =>
  sts(by).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "session-1", ...more }));
export const assumed = async (...asked: Parameters<typeof assume>) => taken(await assume(...asked));

export const scope = (by: Credentials, input: GetScopedCredentialsCommandInput) =>
  sts(by).send(new GetScopedCredentialsCommand(input));
export const scoped = async (...asked: Parameters<typeof scope>) => taken(await scope(...asked));

export const whoIs = (by: Credentials) => sts(by).send(new GetCallerIdentityCommand({}));

/** What becomes of a read and of a write of the fixture's table under these credentials: "ok" or the error's name. */
export async function reach(by: Credentials) {
  const dynamo = new DynamoDBClient(settings(by));
  const TableName = cloud.outputs.RowsName ?? "";
  return {
    read: await outcome(dynamo.send(new GetItemCommand({ TableName, Key: { id: { S: "a" } } }))),
    write: await outcome(dynamo.send(new PutItemCommand({ TableName, Item: { id: { S: "a" } } }))),
  };
}

export const outcome = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "ok",
    (thrown: Error) => thrown.name,
  );
