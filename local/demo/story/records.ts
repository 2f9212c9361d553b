import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { limitLoop } from "../../emulator/limits/loop.ts";

/** One audit record as it stands in the bucket: the parts of the OCSF event that the story looks at. */
export interface StoredRecord {
  readonly uid: string;
  readonly timeMillis: number;
  /** Lanyard's own columns, `unmapped.lanyard`. */
  readonly facts: {
    readonly operation: string;
    readonly outcome: "allowed" | "denied";
    readonly request_id: string;
    readonly agent?: string;
    readonly principal?: string;
    readonly sid?: string;
    readonly root?: string;
    readonly parent?: string;
    readonly depth?: number;
    readonly offered_to?: string;
    /** Of an event that was not delivered: the receiver, and the record of the revocation. */
    readonly receiver?: string;
    readonly revocation?: string;
    readonly operator_arn?: string;
    readonly grants?: readonly { readonly resource: string; readonly scopes: readonly string[] }[];
    readonly requested?: { readonly resources: readonly string[]; readonly scopes: readonly string[] };
    readonly denial?: { readonly code: string; readonly [fact: string]: unknown };
    /** Of an attestation: the kind of evidence, and how strong it was. */
    readonly evidence_type?: string;
    readonly evidence?: Readonly<Record<string, string>>;
    readonly assurance?: string;
    readonly target?: string;
    readonly reason?: string;
    readonly count?: number;
    /** `jti` of a security event that an identity provider sent. */
    readonly signal_id?: string;
  };
}

/**
 * Reads every audit record of the bucket's folder: gzipped, one JSON object a line. Delivery is at least once, so the
 * same record may stand there twice; it is returned once.
 * @param folder the bucket as a folder
 * @returns all records, oldest first
 */
export function readRecords(folder: string): readonly StoredRecord[] {
  if (!existsSync(folder)) return [];
  const byUid = new Map<string, StoredRecord>();
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".gz")) continue;
    const lines = gunzipSync(readFileSync(join(folder, name)))
      .toString("utf8")
      .split("\n");
    for (const line of lines) {
      const record = line === "" ? undefined : recordOf(JSON.parse(line));
      if (record) byUid.set(record.uid, record);
    }
  }
  return [...byUid.values()].sort((a, b) => a.timeMillis - b.timeMillis);
}

const recordOf = (event: OcsfEvent): StoredRecord | undefined => {
  const facts = event.unmapped?.lanyard;
  return facts && { uid: event.metadata.uid, timeMillis: event.time, facts };
};

interface OcsfEvent {
  readonly metadata: { readonly uid: string };
  readonly time: number;
  readonly unmapped?: { readonly lanyard?: StoredRecord["facts"] };
}

const pauseMillis = 50;
/** How long the delivery stream's own buffer is waited for. */
const bufferMillis = 2_500;

/** A world whose records are read. */
interface Recorded {
  /** The bucket as a folder. */
  readonly endpoints: { readonly auditFolder: string };
  /** Asks the delivery stream to deliver what it holds; asked for once its own buffer had its time. */
  readonly cloud: { flushAudit(): Promise<void> };
}

/**
 * Reads until `enough` is content or time is up: records take their way by stream, bus and delivery buffer.
 * @returns the last look, enough or not
 */
export async function awaitRecords(
  { endpoints: { auditFolder }, cloud }: Recorded,
  enough: (records: readonly StoredRecord[]) => boolean,
  timeoutMillis: number,
): Promise<readonly StoredRecord[]> {
  const startMillis = performance.now();
  let over = false;
  const end = limitLoop(timeoutMillis, () => {
    over = true;
  });
  try {
    for (;;) {
      const records = readRecords(auditFolder);
      if (enough(records) || over) return records;
      await new Promise((resolve) => setTimeout(resolve, pauseMillis));
      if (performance.now() - startMillis > bufferMillis) await cloud.flushAudit();
    }
  } finally {
    end();
  }
}
