import { publishChanges } from "../core/endpoints/publisher.ts";
import type { RevocationWrite } from "../core/session/store.ts";
import { type Change, changeOf } from "../core/status/changes.ts";
import { createPublishStore } from "../lambdas/aws/dynamodb/lists/publish-store.ts";
import { createStatusLeases } from "../lambdas/aws/dynamodb/lists/status-leases.ts";
import { createRevocationStore } from "../lambdas/aws/dynamodb/revocations/revocation-store.ts";
import { createSessionStore } from "../lambdas/aws/dynamodb/sessions/session-store.ts";
import { testSigner } from "../test/kit/keys.ts";
import { testKey } from "../test/kit/wire/key.ts";
import { now, planner, record, session } from "../test/lambdas/samples.ts";
import { openCloud } from "../test/lambdas/tables.ts";
import { median, type Row } from "./measure.ts";

const sizes = [1, 100, 1_000];
const runs = 3;

/**
 * Wall time from a revoked agent's record to its signed lists, by how many sessions the agent has, each a tree of its
 * own. The store is the embedded one, on this machine: what a walk costs in steps shows, not what DynamoDB takes.
 */
export async function benchPublish(): Promise<Row[]> {
  const cloud = await openCloud();
  const clock = { nowMillis: () => now * 1000 };
  const store = createSessionStore(cloud.client, cloud.tables, clock);
  const leases = createStatusLeases(cloud.client, cloud.tables, async () => true);
  const revocations = createRevocationStore(cloud.client, cloud.tables);
  const signer = testSigner("status", await testKey());
  const deps = { clock, issuer: "https://id.example", signer, store: createPublishStore(cloud.client, cloud.tables) };
  const cut = async (epoch: number): Promise<Change> => {
    const raise: RevocationWrite["raise"] = { subject: `agent:${planner}`, block: false, atSeconds: now };
    await revocations.revoke({ raise, replayEntries: [], record: record() });
    const change = changeOf({ subject: `standing#agent:${planner}`, generation: epoch });
    if (typeof change === "string") throw new Error(change);
    return change;
  };
  const rows: Row[] = [];
  let opened = 0;
  let epoch = 0;
  for (const size of sizes) {
    for (; opened < size; opened++) {
      const status = await leases.lease(now + 900, 0);
      if (!status) throw new Error("no place was leased");
      await store.commit({ session: session({ status }), replayEntries: [], record: record() });
    }
    const millis: number[] = [];
    for (let run = 0; run < runs; run++) {
      epoch += 1;
      const change = await cut(epoch);
      const started = performance.now();
      await publishChanges([change], deps);
      millis.push(performance.now() - started);
    }
    rows.push({ section: "publish", name: `an agent with ${size} sessions`, value: median(millis), unit: "ms" });
  }
  await cloud.close();
  return rows;
}
