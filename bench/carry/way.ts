import { createHash } from "node:crypto";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { createSealer } from "../../core/endpoints/sealer.ts";
import { documentClient } from "../../lambdas/aws/dynamodb/dynamo.ts";
import { createHeadStore } from "../../lambdas/aws/dynamodb/leaves/log-head.ts";
import { createNotebook, createTrail } from "../../lambdas/aws/dynamodb/leaves/notes.ts";
import { createWorklist } from "../../lambdas/aws/dynamodb/leaves/worklist.ts";
import { outboxPut } from "../../lambdas/aws/dynamodb/outbox.ts";
import { createBus } from "../../lambdas/aws/eventbridge/bus.ts";
import { createLogObjects } from "../../lambdas/aws/s3/log-objects.ts";
import { createRelay } from "../../lambdas/relay/relay.ts";
import type { StreamRecord } from "../../lambdas/relay/stream-record.ts";
import { checkpointEntry } from "../../lambdas/sealer/checkpoint-entry.ts";
import { openTables, productTables, tableNames as tables } from "../../test/kit/embedded/dynamodb.ts";
import { bucketName, openBucket } from "../../test/kit/embedded/s3.ts";
import { signerOf } from "../../test/kit/memory/log.ts";
import { toRecord } from "../../test/kit/records.ts";
import { storyOf, type Told } from "../../test/lineage/questions/story.ts";
import { openBus } from "./bus.ts";

/** Records that Lambda hands the relay at once, as `lib/function/stream.ts` has it. */
const relayedAtOnce = 100;

/**
 * Relay and sealer as they are deployed, over the embedded tables, bucket and a bus, each behind the real SDK; the log
 * is signed by a key of this process.
 */
export async function openWay() {
  const engine = await openTables(productTables(["outbox", "leaves"]), { streams: true });
  const [bucket, bus] = [await openBucket(), await openBus()];
  const client = documentClient(engine.dynamo);
  const origin = "agents.example.com/lanyard/test/eu-west-1";
  const stop = () => Promise.reject(new Error("the measured relay may refuse nothing"));
  const told = () => undefined;
  const toBus = createBus("audit", bus.client);
  const relay = createRelay(
    { bus: toBus, queue: { keep: stop }, notebook: createNotebook(client, tables.leaves, Date.now) },
    { kept: told, unkept: told, refused: told, unnoted: told },
  );
  const seal = createSealer({
    clock: { nowMillis: Date.now },
    head: createHeadStore(client, tables.leaves),
    worklist: createWorklist(client, tables),
    objects: createLogObjects(bucket.client, bucketName, {
      lock: { mode: "GOVERNANCE", days: 1 },
      nowMillis: Date.now,
    }),
    origin,
    signers: async () => [signerOf(origin)],
    announce: async (note) => void (await toBus.put([checkpointEntry(origin, note, Date.now())])),
    findings: { tell: stop },
    reconciledAtMillis: async () => Date.now(),
  });
  const trail = createTrail(client, tables, Date.now);
  let made = 0;
  let read: string | undefined;
  return {
    ...{ engine, client, bucket, bus },
    /** Records of a deployment's day in the Outbox, and what its stream says of them. */
    async decide(count: number) {
      const records = withRandomIds(storyOf(++made, count, 24)).map(({ id, facts }) => toRecord(facts, id));
      const rows = records.map((record) => outboxPut(tables, { ...record, timeMillis: Date.now() }));
      for (const row of rows) await client.send(new PutCommand(row));
      const stream = (await engine.db.streams.read(tables.outbox, read, count)) as readonly StreamRecord[];
      read = stream.at(-1)?.dynamodb?.SequenceNumber;
      if (stream.length !== count) throw new Error(`the stream has ${stream.length} of ${count} records`);
      return { records, stream, rows: rows.map(({ Item }) => Item) };
    },
    async relay(stream: readonly StreamRecord[]): Promise<void> {
      for (let at = 0; at < stream.length; at += relayedAtOnce) {
        const { batchItemFailures } = await relay(stream.slice(at, at + relayedAtOnce));
        if (batchItemFailures.length > 0) throw new Error("the measured relay left records");
      }
    },
    async seal(count: number): Promise<void> {
      const written = await seal();
      if (written !== count) throw new Error(`the measured sealer wrote ${written} of ${count} records`);
    },
    /** What the reader of objects does with a delivered record. */
    async see(records: readonly { readonly eventId: string; readonly hash: string }[]): Promise<void> {
      await trail.known(records.map(({ eventId }) => eventId));
      for (const record of records) await trail.seen(record, { key: "audit/one.gz", versionId: "1" });
    },
    async close(): Promise<void> {
      await Promise.all([bucket.close(), bus.close()]);
      await engine.close();
    },
  };
}

/** The story's ids count upwards, which packs far better than those of a deployment. */
const withRandomIds = (story: readonly Told[]): readonly Told[] =>
  JSON.parse(JSON.stringify(story).replace(/[a-z]\d+x\d+_+/g, (id) => idOf(id)));

const idOf = (id: string): string => createHash("sha256").update(id).digest("base64url").slice(0, 22);

/** What {@link openWay} opens. */
export type Way = Awaited<ReturnType<typeof openWay>>;
