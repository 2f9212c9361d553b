import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { registrationItem } from "../../../lambdas/aws/dynamodb/registry/registration-rows.ts";
import { createRevocationStore } from "../../../lambdas/aws/dynamodb/revocations/revocation-store.ts";
import { createRevocationTargets } from "../../../lambdas/aws/dynamodb/revocations/revocation-targets.ts";
import { createSessionStore } from "../../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { agent } from "../../kit/registry.ts";
import { id, now, planner, record, session } from "../samples.ts";
import { type Cloud, openCloud } from "../tables.ts";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await openCloud();
});
afterAll(() => cloud.close());

const targets = () => createRevocationTargets(cloud.client, cloud.tables, "agents.example.com");

describe("what an operator's order may name", () => {
  test("is no agent before a registry counts, then the agents of the version that does", async () => {
    expect(await targets().agents()).toEqual([]);
    const row = (version: number, name: string) =>
      new PutCommand({
        TableName: "Registry",
        Item: registrationItem(version, agent(name)),
      });
    for (const [version, name] of [
      [3, "planner"],
      [3, "researcher"],
      [4, "not-applied"],
    ] as const)
      await cloud.client.send(row(version, name));
    const Item = { subject: "deployment#0", registryVersion: 3 };
    await cloud.client.send(new PutCommand({ TableName: "Revocations", Item }));
    expect(await targets().agents()).toEqual(
      ["planner", "researcher"].map((n) => `spiffe://agents.example.com/agent/${n}`),
    );
  });

  test("is whoever a session stands under, in whatever shard, also after its end, and nobody else", async () => {
    const store = createSessionStore(cloud.client, cloud.tables, { nowMillis: () => now * 1000 });
    for (let i = 0; i < 5; i++) {
      const kept = session({ build: `sha256:${i}`, expiresAtSeconds: now - 60 });
      await store.commit({ session: kept, replayEntries: [], record: record() });
      expect(await targets().hasSessions(`build:sha256:${i}`)).toBe(true);
      expect(await targets().hasSessions(`principal:${kept.principal.id}`)).toBe(true);
    }
    expect(await targets().hasSessions(`agent:${planner}`)).toBe(true);
    for (const other of ["build:sha256", "build:SHA256:1", `agent:${planner}x`, "principal:p_nobody"])
      expect(await targets().hasSessions(other)).toBe(false);
  });

  test("is what was cut before, and a session that was ended", async () => {
    const revocations = createRevocationStore(cloud.client, cloud.tables);
    const sid = id();
    expect([await targets().wasRevoked("build:sha256:x"), await targets().hasTombstone(sid)]).toEqual([false, false]);
    const raise = { subject: "build:sha256:x", block: false, atSeconds: now };
    const tombstone = { root: sid, sid, expiresAtSeconds: now };
    await revocations.revoke({ raise, tombstone, replayEntries: [], record: record() });
    expect([await targets().wasRevoked("build:sha256:x"), await targets().hasTombstone(sid)]).toEqual([true, true]);
    expect(await targets().wasRevoked("build:sha256:y")).toBe(false);
  });
});
