import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import type { Bus, BusEntry } from "../../../core/endpoints/relay.ts";

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
