import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  IAMClient,
} from "@aws-sdk/client-iam";
import type { AssumeRoleCommandInput } from "@aws-sdk/client-sts";
import { describe, expect, it } from "vitest";
import { taken } from "./ground.ts";
import { assume, client, cloud, compiled, nowSeconds, pass, plainly, reach, setUpTeam, vend } from "./target-ground.ts";
import { credentialsRole, lineage } from "./team.ts";

setUpTeam();

const nothing = "AccessDenied";
const exactly = {
  ...{ file: "ok", otherFile: nothing, write: nothing },
  ...{ item: "ok", otherItem: nothing, writeItem: nothing, further: nothing },
};

describe("a target role in the embedded cloud", () => {
  it("threat 19: gives a session exactly what was compiled for it, though the bucket's policy names the session", async () => {
    expect(await reach(await vend())).toEqual(exactly);
  });

  it("threat 10: gives nothing after the minute, and nothing after the session's end", async () => {
    const made = await vend();
    pass(60);
    expect(new Set(Object.values(await reach(made)))).toEqual(new Set(["ExpiredToken"]));
    pass(0);
    const { first } = compiled(nowSeconds() + 100);
    const long = taken(await assume({ Policy: first }));
    expect((await reach(long)).file).toBe("ok");
    pass(102);
    expect(new Set(Object.values(await reach(long)))).toEqual(new Set([nothing]));
  });

  it.each<[string, Partial<AssumeRoleCommandInput>]>([
    ["another stage's external id", { ExternalId: "agents.example.com/dev" }],
    ["no external id", { ExternalId: undefined }],
    ["another session's name", { RoleSessionName: "T".repeat(22) }],
    ["a source identity that is not ours", { SourceIdentity: "mallory" }],
    ["an agent whom the owner does not name", tagged({ "lanyard-agent": "spiffe://agents.example.com/agent/other" })],
    ["a tag more", tagged({ admin: "yes" })],
    ["no tags", { Tags: undefined, TransitiveTagKeys: undefined }],
  ])("threat 21: is not to be had with %s", async (_name, more) => {
    expect(await plainly(assume(more))).toBe(nothing);
  });

  it("threat 21: is not to be had by another role of Lanyard's account", async () => {
    const rights = { Version: "2012-10-17", Statement: { Effect: "Allow", Action: "*", Resource: "*" } };
    const other = cloud.addOperator(credentialsRole.replace("credentials", "token"), rights);
    expect(await plainly(assume({}, other))).toBe(nothing);
    expect(await plainly(assume({}, cloud.operator))).toBe(nothing);
  });

  it("threat 20: is cut by a deny policy attached to it, and widened by none", async () => {
    const iam = client(IAMClient, cloud.operator);
    const text = (Effect: string, Condition?: object) =>
      JSON.stringify({ Version: "2012-10-17", Statement: { Effect, Action: "*", Resource: "*", Condition } });
    const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: "stop", PolicyDocument: text("Allow") }));
    await iam.send(new AttachRolePolicyCommand({ RoleName: "Files", PolicyArn: Policy?.Arn }));
    const whole = taken(await assume());
    expect(
      await plainly(
        client(IAMClient, whole).send(new AttachRolePolicyCommand({ RoleName: "Files", PolicyArn: Policy?.Arn })),
      ),
    ).toBe(nothing);
    const made = await vend();
    expect(await reach(made)).toEqual(exactly);
    const cut = text("Deny", { StringEquals: { "aws:SourceIdentity": [lineage.sourceIdentity] } });
    await iam.send(new CreatePolicyVersionCommand({ PolicyArn: Policy?.Arn, PolicyDocument: cut, SetAsDefault: true }));
    expect(new Set(Object.values(await reach(made)))).toEqual(new Set([nothing]));
  });
});

/** Tags with some of them otherwise, or more of them. */
function tagged(changes: Readonly<Record<string, string>>): Partial<AssumeRoleCommandInput> {
  const Tags = Object.entries({ ...lineage.tags, ...changes }).map(([Key, Value]) => ({ Key, Value }));
  return { Tags, TransitiveTagKeys: Tags.map(({ Key }) => Key) };
}
