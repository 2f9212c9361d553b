import { gunzipSync } from "node:zlib";
import { type TileName, tilePath } from "../../../../core/tlog/tile.ts";
import type { TrailLine, TrailPorts } from "../../../../core/tlog/trail/ports.ts";
import type { AuditStore, Stored } from "./store.ts";

/** Largest object of the audit that is read, when it is unpacked: Firehose writes at most 128 MB. */
const objectBytes = 256 * 1_048_576;
/** Days are listed one by one up to so many; for more it is cheaper to list everything. */
const daysMax = 366;
const dayMillis = 86_400_000;

/** A trail in a store. */
export const trailOf = (store: AuditStore): TrailPorts => ({
  read: (name: TileName) => store.read(`log/${tilePath(name)}`),
  checkpoint: () => textOf(store, "log/checkpoint"),
  keptCheckpoint: (size) => textOf(store, `log/checkpoints/${size}`),
  async kept() {
    const found = [];
    for await (const { name, writtenAtMillis } of store.list("log/checkpoints/")) {
      const size = /\/(0|[1-9]\d{0,15})$/.exec(name)?.[1];
      if (size !== undefined) found.push({ size: Number(size), arrivedAtMillis: writtenAtMillis });
    }
    return found;
  },
  async *lines(fromMillis, beforeMillis) {
    for (const prefix of prefixesOf(fromMillis, beforeMillis))
      for await (const object of store.list(prefix))
        if (object.writtenAtMillis >= fromMillis && object.writtenAtMillis < beforeMillis)
          yield* linesOf(store, object);
  },
});

const textOf = async (store: AuditStore, name: string): Promise<string | undefined> =>
  (await store.read(name))?.toString("utf8");

/** Objects lie below the day (UTC) of their arrival. */
function prefixesOf(fromMillis: number, beforeMillis: number): readonly string[] {
  const days = (beforeMillis - fromMillis) / dayMillis + 2;
  if (!(days <= daysMax)) return ["audit/"];
  // Firehose names the day by when the first record of an object came in, which may be the day before
  const dates = Array.from({ length: Math.ceil(days) + 1 }, (_, n) =>
    new Date(fromMillis + (n - 1) * dayMillis).toISOString().slice(0, 10),
  );
  return dates.map((date) => `audit/dt=${date}/`);
}

/** Lines of an object, split at newlines alone: no other character ends a record. */
async function* linesOf(store: AuditStore, { name, writtenAtMillis }: Stored): AsyncGenerator<TrailLine> {
  const bytes = await store.read(name);
  if (bytes === undefined) return;
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const text = (isPacked ? gunzipSync(bytes, { maxOutputLength: objectBytes }) : bytes).toString("utf8");
  for (const [n, line] of text.split("\n").entries())
    if (line !== "") yield { text: line, where: `${name}:${n + 1}`, writtenAtMillis };
}
