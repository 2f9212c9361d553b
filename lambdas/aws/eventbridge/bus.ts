import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";

/** What EventBridge takes at once. */
export const busLimits = { entries: 10, bytes: 1_000_000 } as const;

/** An audit record on its way. */
export interface BusEntry {
  readonly source: string;
  readonly detailType: string;
  /** The record, byte for byte. */
  readonly detail: string;
  readonly timeMillis: number;
  readonly traceHeader?: string;
}

/** Puts entries on a bus. */
export interface Bus {
  /** @returns for each entry, in order, why it was not taken, or undefined */
  put(entries: readonly BusEntry[]): Promise<readonly (string | undefined)[]>;
}

/** Creates a bus of EventBridge. */
export function createBus(name: string, client = new EventBridgeClient({ maxAttempts: 4 })): Bus {
  return {
    async put(entries) {
      const answer = await client.send(
        new PutEventsCommand({ Entries: entries.map((entry) => requestEntry(name, entry)) }),
      );
      return entries.map((_, i) => {
        const result = answer.Entries?.[i];
        return result?.EventId ? undefined : (result?.ErrorCode ?? "no answer");
      });
    },
  };
}

const requestEntry = (name: string, entry: BusEntry): PutEventsRequestEntry => ({
  EventBusName: name,
  Source: entry.source,
  DetailType: entry.detailType,
  Detail: entry.detail,
  Time: new Date(entry.timeMillis),
  ...(entry.traceHeader ? { TraceHeader: entry.traceHeader } : {}),
});

/** Bytes an entry counts for (EventBridge: time 14, the rest as UTF-8). */
export const entryBytes = (entry: BusEntry): number =>
  14 + Buffer.byteLength(entry.source) + Buffer.byteLength(entry.detailType) + Buffer.byteLength(entry.detail);
