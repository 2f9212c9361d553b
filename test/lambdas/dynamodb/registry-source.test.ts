import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { limits } from "../../../core/model/limits.ts";
import { registrationKinds } from "../../../core/model/registry.ts";
import { createRateLimiter } from "../../../lambdas/aws/dynamodb/counters.ts";
import { registryKind } from "../../../lambdas/aws/dynamodb/registry/registration-rows.ts";
import { createRegistrySource } from "../../../lambdas/aws/dynamodb/registry/registry-source.ts";
import { now, planner, researcher } from "../samples.ts";
import { type Cloud, openCloud } from "../tables.ts";

const policy = (name: string) => ({ kind: "policy", name, cedar: "permit(principal, action, resource);" });
let cloud: Cloud;
const put = (TableName: string, Item: Record<string, unknown>) =>
  cloud.client.send(new PutCommand({ TableName, Item }));
async function write(version: number, names: readonly string[]): Promise<void> {
  for (const name of names)
    await put("Registry", { kind: registryKind(version, "policy"), name, row: JSON.stringify(policy(name)) });
}
async function apply(registryVersion: number): Promise<void> {
  for (let copy = 0; copy < limits.deploymentCopies; copy++)
    await put("Revocations", { subject: `deployment#${copy}`, registryVersion });
}
const source = () => createRegistrySource(cloud.client, cloud.tables, "acme.example");

beforeAll(async () => {
  cloud = await openCloud();
});
afterAll(() => cloud.close());
beforeEach(() => {
  cloud.taken();
});

describe("the registry", () => {
  test("is unknown before the first apply, and asked for again", async () => {
    const one = source();
    expect(await one.current()).toBeUndefined();
    await write(1, ["a", "b"]);
    await apply(1);
    expect((await one.current())?.policies.map((p) => p.name)).toEqual(["a", "b"]);
  });

  test("threat 22: is the version that was asked for, and later versions' rows never mix in", async () => {
    await write(2, ["c"]);
    const one = source();
    expect((await one.at(1)).policies.map((p) => p.name)).toEqual(["a", "b"]);
    expect((await one.at(2)).policies.map((p) => p.name)).toEqual(["c"]);
    expect((await one.at(2)).version).toBe(2);
  });

  test("is loaded once, however many want it at the same time", async () => {
    const one = source();
    const snapshots = await Promise.all(Array.from({ length: 20 }, () => one.at(1)));
    expect(new Set(snapshots).size).toBe(1);
    expect(cloud.taken().filter((call) => call.operation === "QueryCommand")).toHaveLength(registrationKinds.length);
    await one.current();
    expect(cloud.taken()).toEqual([]);
  });

  test("reads every row strongly consistent", async () => {
    await source().at(1);
    for (const call of cloud.taken()) expect(call.input).toMatchObject({ ConsistentRead: true });
  });

  test("is kept in two versions at most", async () => {
    const one = source();
    for (const version of [1, 2, 3]) await one.at(version);
    cloud.taken();
    await one.at(2);
    await one.at(3);
    expect(cloud.taken()).toEqual([]);
    await one.at(1);
    expect(cloud.taken()).not.toEqual([]);
  });

  test("is asked for again after a failure, which is nobody's answer for long", async () => {
    const one = source();
    cloud.db.faults.fail("Query", 1);
    await expect(one.at(1)).rejects.toThrow();
    expect((await one.at(1)).version).toBe(1);
  });

  test.each([
    ["another kind", { row: JSON.stringify({ ...policy("x"), kind: "lending" }) }],
    ["another name", { row: JSON.stringify(policy("y")) }],
    ["nothing", {}],
  ])("refuses a version with a row that holds %s than its key", async (what, more) => {
    const version = 90 + what.length;
    await put("Registry", { kind: registryKind(version, "policy"), name: "x", ...more });
    await expect(source().at(version)).rejects.toThrow("apply the registry again");
  });

  test("holds thousands of rows", async () => {
    const long = "x".repeat(20_000);
    await Promise.all(
      Array.from({ length: 120 }, (_, i) =>
        put("Registry", {
          kind: registryKind(50, "policy"),
          name: `p${i}`,
          row: JSON.stringify({ ...policy(`p${i}`), cedar: long }),
        }),
      ),
    );
    expect((await source().at(50)).policies).toHaveLength(120);
  });
});

describe("threat 13: the limit of signatures", () => {
  test("is shared by all instances, a second at a time, each agent for itself", async () => {
    let seconds = now;
    const limiters = Array.from({ length: 3 }, () =>
      createRateLimiter(cloud.client, cloud.tables, { nowMillis: () => seconds * 1000 }),
    );
    const take = (agent: string) => Promise.all(limiters.map((limiter) => limiter.take(agent, 4)));
    const taken = [...(await take(planner)), ...(await take(planner))];
    expect(taken.filter((allowed) => allowed)).toHaveLength(4);
    expect(await take(researcher)).toEqual([true, true, true]);
    seconds += 1;
    expect(await take(planner)).toEqual([true, true, true]);
  });
});
