import {
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { expect, it } from "vitest";
import { glass, type How, held, kill, open, withFactor, world, written } from "./ground.ts";

const values = (kind: string) => ({ ExpressionAttributeValues: { ":k": { S: kind } } });
const everything = { Statement: { Effect: "Allow", Action: "*", Resource: "*" } };

/** Who may take the role, and what it may do. */
export function roleCases(): void {
  it("threat 63: is taken by nobody without a fresh second factor, and by no daily operator, administrators included", async () => {
    const before = await written();
    const agent = ["agent", "planner", "--yes", "--reason", "r"];
    const device = ["--mfa-serial", glass.mfaSerial];
    expect(await kill(agent, { credentials: glass.credentials })).toMatchObject({
      code: 2,
      err: expect.stringContaining("--mfa-serial and --mfa-code"),
    });
    for (const [args, credentials] of [
      [[...device, "--mfa-code", "000000"], glass.credentials],
      [[], await withFactor()],
      [[], world.cloud.operator],
    ] as const)
      expect(await kill([...agent, ...args], { credentials })).toMatchObject({
        code: 1,
        out: "",
        err: expect.stringContaining("STS refused the role"),
      });
    const other = world.cloud.addUser({ arn: `arn:aws:iam::${world.cloud.account}:user/else`, policies: [everything] });
    const code = ["--mfa-serial", other.mfaSerial, "--mfa-code", other.mfaCode()];
    expect((await kill([...agent, ...code], { credentials: other.credentials })).code).toBe(1);
    expect(await written()).toBe(before);
  });

  it("threat 63: revokes nothing that is misspelt, unknown or cannot be looked up, and nothing unless the word is typed", async () => {
    const before = await written();
    const refused = async (args: readonly string[], says: string, code = 1, how: How = {}) =>
      expect(await kill(args, how), args.join(" ")).toMatchObject({
        code,
        out: "",
        err: expect.stringContaining(says),
      });
    const sure = ["--yes", "--reason", "r"];
    await refused(["agent", "plannr", ...sure], "did you mean spiffe://lanyard.local/agent/planner?");
    await refused(["agent", "spiffe://elsewhere.example/agent/planner", ...sure], "nothing of that name here");
    await refused(["principal", `p_${"a".repeat(32)}`, ...sure], "no session under principal:");
    await refused(["principal", "ada", ...sure], "not an id of this kind");
    await refused(["build", `sha256:${"0".repeat(64)}`, ...sure], "no session under build:");
    await refused(["agent", "planner"], "say why", 2);
    await refused(["agent", "planner", "--reason", "r"], "nobody can be asked", 2);
    await refused(["agent", "planner", "--reason", "r"], "Type planner to end it:", 1, { typed: "y" });
    await refused(["everything", "--reason", "r"], "Type everything to end it:", 1, { typed: "yes" });
    for (const [operation, args] of [
      ["GetItem", ["agent", "planner"]],
      ["Query", ["principal", `p_${"a".repeat(32)}`]],
    ] as const) {
      const heal = world.cloud.faults.inject({ kind: "serverError", service: "dynamodb", operation });
      await refused([...args, ...sure], "whether it exists could not be read");
      heal();
    }
    expect(await written()).toBe(before);
  });

  it("is rehearsed without changing anything, and shows what it would end", async () => {
    await open();
    const before = await written();
    const look = await kill(["agent", "planner", "--dry-run"]);
    expect(look.code).toBe(0);
    expect(look.out).toMatch(/^[1-9]\d* living sessions? of agent spiffe:\S+ would end/);
    expect(look.out).toContain("nothing was changed");
    expect(await written()).toBe(before);
  });

  it("threat 63: can do nothing beside: neither outside a transaction nor in another table", async () => {
    const { outputs, aws } = world.cloud;
    const sts = new STSClient({ ...aws, credentials: { ...held, sessionToken: held.sessionToken ?? "" } });
    const asked = new AssumeRoleCommand({ RoleArn: outputs.OperatorKillRole, RoleSessionName: "break-glass" });
    const { Credentials: made } = await sts.send(asked).finally(() => sts.destroy());
    const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = made ?? {};
    const role = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
    const dynamo = new DynamoDBClient({ ...aws, credentials: role, maxAttempts: 1 });
    const text = (S: string) => ({ S });
    const lift = { Key: { subject: text("standing#agent:x") }, UpdateExpression: "REMOVE blocked" };
    const refused = [
      new UpdateItemCommand({ TableName: outputs.RevocationsTable, ...lift }),
      new DeleteItemCommand({ TableName: outputs.RevocationsTable, Key: lift.Key }),
      new PutItemCommand({ TableName: outputs.OutboxTable, Item: { eventId: text("denied#x") } }),
      new QueryCommand({ TableName: outputs.SessionsTable, KeyConditionExpression: "root = :k", ...values("x") }),
      new GetItemCommand({ TableName: outputs.PeopleTable, Key: { person: text("p") } }),
      new GetItemCommand({ TableName: outputs.SessionsTable, Key: { root: text("r"), sid: text("s") } }),
    ];
    for (const command of refused)
      await expect(dynamo.send(command as PutItemCommand), command.constructor.name).rejects.toThrow("not authorized");
    dynamo.destroy();
  });
}
