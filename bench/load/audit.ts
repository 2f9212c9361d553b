import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, paginateScan } from "@aws-sdk/lib-dynamodb";
import { err } from "../../core/model/result.ts";
import { unpackBody } from "../../lambdas/aws/dynamodb/record-body.ts";
import { awaitRecords } from "../../local/demo/story/records.ts";
import type { Wire } from "./callers/caller.ts";
import { type Patience, persist } from "./callers/persist.ts";
import { shown } from "./callers/setup.ts";
import type { Holdings } from "./callers/work.ts";
import type { LoadedCloud } from "./cloud/link.ts";
import { type Findings, findings, type State } from "./findings.ts";
import type { Ledger } from "./ledger.ts";

/** What the audit after a run looked at. */
export interface Audited extends Omit<Findings, "broken"> {
  /** Sessions whose state was asked for once more, over the wire: those that live, and those that are over. */
  readonly asked: readonly [number, number];
}

const deliveryMillis = 60_000;
/** Sessions that are asked about at the end, at most. */
const mostAsked = 120;
/** At one time. */
const atOnce = 8;

/** What an audit stands on. */
interface Ground {
  readonly ledger: Ledger;
  readonly held: Holdings;
  readonly wire: Wire;
  readonly patience: Patience;
}

/** Holds every row, record and session against the ledger; what does not agree goes into its breaches. */
export async function audit(cloud: LoadedCloud, { ledger, held, wire, patience }: Ground): Promise<Audited> {
  const state = await readState(cloud);
  const { broken, ...seen } = findings(state, { heard: ledger.heard, served: ledger.served, held });
  for (const each of broken) ledger.breach(each);
  const recordsLost = await undelivered(cloud, state);
  if (recordsLost > 0) ledger.breach(`${recordsLost} records never came to the bucket`);
  const asked = await askOnceMore({ ledger, held, wire, patience });
  return { ...seen, asked };
}

/** Reads the tables, with nothing throttled any more. */
async function readState({ endpoints, tables }: LoadedCloud): Promise<State> {
  const { aws, operator } = endpoints;
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ ...aws, credentials: { ...operator.credentials } }));
  try {
    const rows = async (TableName: string) => {
      const found: Record<string, unknown>[] = [];
      for await (const page of paginateScan({ client }, { TableName, ConsistentRead: true }))
        found.push(...(page.Items ?? []));
      return found;
    };
    const [sessions, records, markers] = await Promise.all([
      rows(tables.sessions),
      rows(tables.outbox),
      rows(tables.markers),
    ]);
    return {
      // offers and leases stand beside sessions, under longer names
      sessions: sessions
        .filter(({ sid }) => /^[\w-]{22}$/.test(String(sid)))
        .map(({ sid, ended }) => ({ sid: String(sid), ended: ended === true })),
      records: records.map(({ eventId, body }) => ({ eventId: String(eventId), facts: factsIn(body) })),
      proofKeys: new Set(markers.map(({ key }) => String(key))),
    };
  } finally {
    client.destroy();
  }
}

const factsIn = (packed: unknown): State["records"][number]["facts"] => {
  const body = packed instanceof Uint8Array ? unpackBody(packed) : err("no bytes");
  if (!body.ok) throw new Error(`a record of the Outbox cannot be read: ${body.error}`);
  const event = JSON.parse(body.value) as {
    readonly unmapped?: { readonly lanyard?: State["records"][number]["facts"] };
  };
  return event.unmapped?.lanyard ?? { operation: "", outcome: "" };
};

/** Waits for the records' way by stream, relay, bus and delivery stream; how many are missing when time is up. */
async function undelivered(cloud: LoadedCloud, { records }: State): Promise<number> {
  const flushAudit = async () => void (await cloud.order({ do: "flush" }));
  const missingIn = (found: readonly { readonly uid: string }[]) => {
    const delivered = new Set(found.map(({ uid }) => uid));
    return records.filter(({ eventId }) => !delivered.has(eventId)).length;
  };
  const recorded = { endpoints: cloud.endpoints, cloud: { flushAudit } };
  return missingIn(await awaitRecords(recorded, (found) => missingIn(found) === 0, deliveryMillis));
}

/** Whoever lives is active, whoever was revoked is not: asked over the wire, now that nothing else happens. */
async function askOnceMore({ ledger, held, wire, patience }: Ground): Promise<readonly [number, number]> {
  const ended = held.sessions.filter(({ endedMillis }) => endedMillis !== undefined);
  const living = held.sessions.filter(({ ending }) => !ending);
  const counts = [living, ended].map(async (sessions) => {
    const works = shown({ ...held, sessions: sessions.slice(-mostAsked) }, wire);
    for (let from = 0; from < works.length; from += atOnce) {
      await Promise.all(
        works.slice(from, from + atOnce).map(async (work) => {
          const { broken } = await persist(work, patience);
          if (broken !== undefined) ledger.breach(`after the run: ${broken}`);
        }),
      );
    }
    return works.length;
  });
  const [live = 0, over = 0] = await Promise.all(counts);
  return [live, over];
}
