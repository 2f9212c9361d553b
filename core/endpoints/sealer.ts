import { type BatchDeps, chooseBatch, finishBatch } from "../sealing/batch.ts";
import type { Findings } from "../sealing/findings.ts";
import { firstHead, type Head } from "../sealing/head.ts";
import { ChangedObject } from "../sealing/objects.ts";
import { mustNotBeBehind, type PublishDeps, publish } from "../sealing/publish.ts";
import { tilePath } from "../tlog/tile.ts";
import { TileFault } from "../tlog/tree.ts";

/** What the sealer needs. */
export interface SealerDeps extends BatchDeps, PublishDeps {
  readonly findings: Findings;
  /** When the reconciler last finished a run; undefined before its first. */
  readonly reconciledAtMillis: () => Promise<number | undefined>;
}

/** How long one run goes on choosing batches; the next one begins a minute later anyway. */
const runMillis = 40_000;
/** How long the reconciler may be silent. */
const silenceMillis = 30 * 60_000;

/**
 * Writes records to the log, every minute, so that whoever has a checkpoint can have every later one proven to continue
 * it:
 *
 * 1. **read** the head: how large the log is, and whether a batch was begun and not finished
 * 2. **choose** the next batch: what the index shows without a place, each hash read again from the Outbox; where there
 *    was nothing for an hour, an entry that says so
 * 3. **claim** it: a conditional write stores the batch in the head. Of several writers one succeeds; the others leave
 * 4. **finish** the batch in the head, whoever began it: entries and tiles, which are never overwritten; the places of
 *    its records; at last the head's new size and root. Until nothing is left, the next batch is chosen then
 * 5. **publish** the checkpoint, unless it is: signed only where the log continues what was signed before
 * 6. **watch** the reconciler, as it watches this: when it is silent for half an hour, the run fails
 *
 * A writer may die at any point: every step follows from what the one before it stored, and does nothing when it is
 * repeated.
 * @returns how many entries the run wrote
 * @throws when the log is not what its head says, or does not continue its checkpoint; then nothing is signed
 */
export function createSealer(deps: SealerDeps): () => Promise<number> {
  const { clock } = deps;
  return async () => {
    const begun = clock.nowMillis();
    let written = 0;
    let idle: Head | undefined;
    while (clock.nowMillis() - begun < runMillis) {
      // 1. read
      const head = (await deps.head.read()) ?? firstHead(begun);
      // 2. choose
      const batch = head.batch ?? (await chooseBatch(head, deps));
      if (batch.length === 0) {
        idle = head;
        break;
      }
      // 3. claim
      const claimed = head.batch ? head : await claim({ ...head, batch }, deps);
      if (!claimed) break;
      // 4. finish
      if (await toldOf(deps, () => finishBatch({ ...claimed, batch }, deps))) written += batch.length;
    }
    // 5. publish
    const head = await publishNewest(deps, idle);
    // 6. watch
    const seen = (await deps.reconciledAtMillis()) ?? head?.startedAtMillis ?? begun;
    if (clock.nowMillis() - seen > silenceMillis) throw new Error("the reconciler has been silent for half an hour");
    return written;
  };
}

/** @returns the head with the batch in it; undefined when another writer was first */
async function claim(head: Head, deps: SealerDeps): Promise<Head | undefined> {
  await mustNotBeBehind(head, deps);
  const claimed = { ...head, revision: head.revision + 1, begunAtMillis: deps.clock.nowMillis() };
  return (await deps.head.write(claimed)) ? claimed : undefined;
}

/** @param known the head, when it was read a moment ago */
async function publishNewest(deps: SealerDeps, known: Head | undefined): Promise<Head | undefined> {
  const head = known ?? (await deps.head.read());
  if (!head || head.published === head.size) return head;
  const published = await toldOf(deps, () => publish(deps));
  const now = published === undefined ? undefined : await deps.head.read();
  // only for who watches; whoever moved the head meanwhile publishes again
  if (now && published !== undefined && published > now.published)
    await deps.head.write({ ...now, revision: now.revision + 1, published });
  return head;
}

/** Tells people what of the log was changed; the work fails all the same. */
async function toldOf<T>({ findings }: SealerDeps, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (failure) {
    if (failure instanceof ChangedObject) await findings.tell({ kind: "tile.changed", subjects: [failure.path] });
    if (failure instanceof TileFault) await findings.tell({ kind: "tile.changed", subjects: [tilePath(failure.tile)] });
    throw failure;
  }
}
