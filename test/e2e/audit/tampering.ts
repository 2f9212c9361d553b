import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { entryOf } from "../../../core/tlog/entry.ts";
import { entryOfBody } from "../../kit/memory/trail.ts";
import { changed, changedEntries, changedLines, copied, resealed, settled, verified } from "./copies.ts";
import { checkpoints, delivered, folder, left } from "./ground.ts";

/** Somebody's doing on a copy, and the finding that names it. */
const tampered: readonly (readonly [what: string, finding: string, done: (at: string) => void])[] = [
  ["a record that was dropped", "record.dropped", (at) => onLine(at, () => [])],
  ["an object that was dropped", "record.dropped", (at) => rmSync(settled(at).path)],
  [
    "a record that was changed",
    "record.changed",
    (at) => onLine(at, (line) => [line.replace("session.open", "session.end")]),
  ],
  ["a record that was inserted", "record.unknown", (at) => onLine(at, (line) => [line, renamed(line)])],
  [
    "entries that were reordered",
    "entry.reordered",
    (at) => changedEntries(at, ([one, two, ...rest]) => [two, one, ...rest] as Buffer[]),
  ],
  [
    "an entry that was duplicated over another",
    "entry.reordered",
    (at) => changedEntries(at, ([one, , ...rest]) => [one, one, ...rest] as Buffer[]),
  ],
  [
    "an entry that was put in another's place",
    "entry.changed",
    (at) => changedEntries(at, ([, ...rest]) => [entryOf({ eventId: "mine", hash: "A".repeat(43) }), ...rest]),
  ],
  ["a bit of the checkpoint", "checkpoint.invalid", (at) => changed(join(at, "log/checkpoint"), turned)],
];
const onLine = (at: string, by: (line: string) => readonly string[]): void => {
  const { path, text } = settled(at);
  changedLines(path, (lines) => lines.flatMap((line) => (line === text ? by(line) : [line])));
};
const renamed = (line: string): string => line.replaceAll(JSON.parse(line).metadata.uid, "made-up");
const turned = (bytes: Buffer): Buffer => {
  const at = bytes.indexOf("\n") + 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
};

/** Each kind of tampering, on a copy of what the run wrote. */
export function tamperingCases(): void {
  describe("on a copy, our command", () => {
    it("finds nothing where nobody was at it", async () => {
      const found = await verified(copied());
      expect(found).toMatchObject({ code: 0, counts: {}, pending: 0 });
    });

    it.each(tampered)("finds %s: %s", async (_, finding, done) => {
      const at = copied();
      done(at);
      const { code, counts } = await verified(at);
      expect([code, Object.keys(counts)]).toEqual([1, expect.arrayContaining([finding])]);
    });

    it("finds a log that was rolled back, by a checkpoint that was kept elsewhere", async () => {
      const at = copied();
      const [older, last] = checkpoints(at).slice(-2);
      const against = join(folder, "kept-elsewhere");
      const newest = join(at, `log/checkpoints/${last?.size}`);
      copyFileSync(newest, against);
      rmSync(newest);
      copyFileSync(join(at, `log/checkpoints/${older?.size}`), join(at, "log/checkpoint"));
      expect((await verified(at)).counts).not.toHaveProperty("log.rolledback");
      expect(await verified(at, { against })).toMatchObject({ code: 1, counts: { "log.rolledback": 1 } });
    });

    it("finds a history that was forked by the holder of the log's key, by a checkpoint that was kept elsewhere", async () => {
      const honest = copied();
      const { log, key: verifier } = await resealed(honest);
      expect(await verified(honest, { key: verifier })).toMatchObject({ code: 0, counts: {} });
      const against = join(folder, "kept-before-the-fork");
      writeFileSync(against, log.files.get("checkpoint") ?? "");
      const forked = copied();
      const { uid, path, text } = settled(forked);
      const without = (batch: readonly Buffer[]) => batch.filter((entry) => !entry.toString().startsWith(`${uid}\n`));
      await resealed(forked, (batches) => batches.map(without));
      changedLines(path, (lines) => lines.filter((line) => line !== text));
      // record and entry are gone alike: nothing within the account tells
      expect(await verified(forked, { key: verifier })).toMatchObject({ code: 0, counts: {} });
      const { code, counts } = await verified(forked, { key: verifier, against });
      expect([code, Object.keys(counts)]).toEqual([1, [expect.stringMatching(/^log\.(forked|rolledback)$/)]]);
    });

    it("finds a record that the holder of the log's key sealed twice, or with a time of before", async () => {
      const twice = copied();
      const again = await resealed(twice, (batches) =>
        batches.with(-2, [...(batches.at(-2) ?? []), ...(batches[0] ?? []).slice(0, 1)]),
      );
      expect((await verified(twice, { key: again.key })).counts).toEqual({ "entry.duplicated": 1 });
      const backdated = copied();
      const { text, timeMillis, path } =
        delivered(backdated).findLast(({ uid }) => uid === left.revocation) ?? settled(backdated);
      const made = renamed(text).replaceAll(`"time":${timeMillis}`, `"time":${timeMillis - 3_600_000}`);
      changedLines(path, (lines) => [...lines, made]);
      const late = await resealed(backdated, (batches) =>
        batches.with(-2, [...(batches.at(-2) ?? []), entryOfBody(made)]),
      );
      expect((await verified(backdated, { key: late.key })).counts).toEqual({ "record.backdated": 1 });
    });
  });
}
