import { BatchWriteCommand } from "@aws-sdk/lib-dynamodb";
import { decodeJwt } from "jose";
import { publishChanges } from "../core/endpoints/publisher.ts";
import type { Session } from "../core/model/session.ts";
import type { RevocationWrite } from "../core/session/store.ts";
import { type Change, changeOf } from "../core/status/changes.ts";
import { cutName } from "../core/status/cut-name.ts";
import { createPublishStore } from "../lambdas/aws/dynamodb/lists/publish-store.ts";
import { createStatusLeases } from "../lambdas/aws/dynamodb/lists/status-leases.ts";
import { createRevocationStore } from "../lambdas/aws/dynamodb/revocations/revocation-store.ts";
import { sessionItem } from "../lambdas/aws/dynamodb/sessions/session-rows.ts";
import { subjectPuts } from "../lambdas/aws/dynamodb/subjects/subject-rows.ts";
import { testSigner } from "../test/kit/keys.ts";
import { testKey } from "../test/kit/wire/key.ts";
import { now, planner, record, session } from "../test/lambdas/samples.ts";
import { type Cloud, openCloud } from "../test/lambdas/tables.ts";
import { median } from "./measure.ts";
import type { Bench, Pace, Row } from "./row.ts";

const issuer = "https://id.example";
const sizes = [1, 1_000, 100_000];
/** Most items of one BatchWriteItem. */
const batchItems = 25;

/** How long until a cut agent's sessions are refused offline, by how many of them live. */
export const revocations: readonly Bench[] = [{ name: "revocation/list", measure: measureLists }];

/** What it took until a document was served by which our verifier refuses. */
interface Told {
  readonly millis: number;
  /** Of tables and of the signer. */
  readonly calls: number;
}

/**
 * By the document of cuts, for our own verifier, and by the standard status list: wall time from an agent's revocation to
 * the signed document, and to the last of its signed lists, each session a tree of its own.
 * The store is the embedded one, on this machine: what a walk costs in steps shows, not what DynamoDB takes.
 */
async function measureLists({ quick }: Pace): Promise<readonly Row[]> {
  const ground = await openGround();
  const rows: Row[] = [];
  let opened = 0;
  let one = Number.NaN;
  let oneTold = Number.NaN;
  for (const size of quick ? sizes.slice(0, 2) : sizes) {
    await ground.open(size - opened);
    opened = size;
    const millis: number[] = [];
    const told: Told[] = [];
    for (let run = 0; run < (size > 1_000 ? 1 : 3); run++) {
      const change = await ground.cut();
      const started = performance.now();
      const cuts = ground.telling(started);
      await publishChanges([change], cuts.deps);
      millis.push(performance.now() - started);
      told.push(cuts.told());
    }
    const toldMillis = median(told.map((one) => one.millis));
    if (size === 1) oneTold = toldMillis;
    const byCuts = `by the document of cuts: a cut agent with ${size.toLocaleString("en")} sessions`;
    const flat = { of: "with one session", value: toldMillis / oneTold };
    rows.push(
      { section: "revocation", name: byCuts, value: toldMillis, unit: "ms", ...(size === 1 ? {} : { ratio: flat }) },
      {
        section: "revocation",
        name: `${byCuts}, calls`,
        value: median(told.map((one) => one.calls)),
        unit: "",
        goal: 17,
      },
    );
    const value = median(millis);
    if (size === 1) one = value;
    const name = `by the status list: a cut agent with ${size.toLocaleString("en")} sessions`;
    const ratio = { of: "with one session", value: value / one };
    rows.push({ section: "revocation", name, value, unit: "ms", ...(size === 1 ? {} : { ratio }) });
    if (size > 1)
      rows.push({ section: "revocation", name: `${name}, a 1,000`, value: value / (size / 1_000), unit: "ms" });
  }
  await ground.close();
  return rows;
}

async function openGround() {
  const cloud = await openCloud();
  const clock = { nowMillis: () => now * 1000 };
  const leases = createStatusLeases(cloud.client, cloud.tables, async () => true);
  const written = createRevocationStore(cloud.client, cloud.tables);
  const store = createPublishStore(cloud.client, cloud.tables);
  const signer = testSigner("status", await testKey());
  let epoch = 0;
  return {
    async open(count: number): Promise<void> {
      for (let left = count; left > 0; left -= 200)
        await storeSessions(
          cloud,
          await Promise.all(
            Array.from({ length: Math.min(left, 200) }, async () => {
              const status = await leases.lease(now + 900, 0);
              if (!status) throw new Error("no place was leased");
              return session({ status });
            }),
          ),
        );
    },
    /** Publishes as ever, and notes when the document stands that names the present epoch. */
    telling(started: number) {
      let told: Told | undefined;
      cloud.taken();
      const putSignedCuts: typeof store.putSignedCuts = async (signed) => {
        await store.putSignedCuts(signed);
        // and the signature
        told ??= { millis: performance.now() - started, calls: cloud.taken().length + 1 };
        const { cuts } = decodeJwt(signed.token) as { cuts: Record<string, number> };
        if (cuts[cutName(issuer, `agent:${planner}`)] !== epoch) throw new Error("the document does not name the cut");
      };
      return {
        deps: { clock, issuer, signer, store: { ...store, putSignedCuts } },
        told(): Told {
          if (!told) throw new Error("no document was stored");
          return told;
        },
      };
    },
    async cut(): Promise<Change> {
      epoch += 1;
      const raise: RevocationWrite["raise"] = { subject: `agent:${planner}`, block: false, atSeconds: now };
      await written.revoke({ raise, replayEntries: [], record: record() });
      const change = changeOf({ subject: `standing#agent:${planner}`, generation: epoch });
      if (typeof change === "string") throw new Error(change);
      return change;
    },
    close: () => cloud.close(),
  };
}

/** Rows as opening a session leaves them, many at a time and outside transactions: 100,000 of those would take an hour. */
async function storeSessions({ client, tables }: Cloud, sessions: readonly Session[]): Promise<void> {
  const puts = sessions.flatMap((one) => [
    { TableName: tables.sessions, Item: sessionItem(one) as Record<string, unknown> },
    ...subjectPuts(one, tables).map(({ Put }) => Put),
  ]);
  for (let from = 0; from < puts.length; from += batchItems) {
    const RequestItems: Record<string, { PutRequest: { Item: Record<string, unknown> } }[]> = {};
    for (const { TableName, Item } of puts.slice(from, from + batchItems)) {
      RequestItems[TableName] ??= [];
      RequestItems[TableName].push({ PutRequest: { Item } });
    }
    await client.send(new BatchWriteCommand({ RequestItems }));
  }
}
