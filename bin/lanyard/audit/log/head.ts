import { openCheckpoint, type SignedCheckpoint } from "../../../../core/tlog/checkpoint.ts";
import { proveConsistency, verifyConsistency } from "../../../../core/tlog/proof.ts";
import type { TrailPorts } from "../../../../core/tlog/trail/ports.ts";
import { remembering, type Tree } from "../../../../core/tlog/tree.ts";
import { isWitnessed } from "../../../../core/tlog/witness.ts";
import { Refused } from "../../terminal/outcome.ts";
import { type Known, knownLog, type LogOptions, seenAs } from "./known-log.ts";
import { readRemembered, remember } from "./remembered.ts";
import { storeOf } from "./store.ts";
import { trailOf } from "./trail.ts";
import type { LogPlace } from "./verify.ts";

/** A log at the checkpoint that may be believed of it. */
export interface BelievedLog {
  readonly trail: TrailPorts;
  readonly known: Known;
  readonly head: SignedCheckpoint;
  /** The checkpoint as it is written. */
  readonly note: string;
  readonly tree: Tree;
}

/**
 * Opens a log to prove from it: its checkpoint must be signed, and continue the last one that was seen here; then it is
 * remembered.
 * @throws Refused where it may not be believed, Usage where no key or place is known
 */
export async function believedLog(options: LogOptions, { env, cwd, profile }: LogPlace): Promise<BelievedLog> {
  const trail = trailOf(storeOf(options.log, cwd, profile));
  const known = await knownLog(options, { cwd, seen: await readRemembered(env), ...(profile ? { profile } : {}) });
  const note = await trail.checkpoint();
  if (note === undefined) throw new Refused("the log has no checkpoint", { code: "checkpoint.missing" });
  const head = opened(note, known);
  const tree = remembering({ size: head.size, read: trail.read });
  await mustContinue(tree, head, known);
  await remember(env, known.log.origin, seenAs(known, note));
  return { trail, known, head, note, tree };
}

/** @throws Refused for a checkpoint that may not be believed */
export function opened(note: string, { log }: Known): SignedCheckpoint {
  const open = openCheckpoint(note, { ...log, witnesses: log.witnesses?.keys ?? [] });
  const isWanted = open.ok && (log.witnesses === undefined || isWitnessed(open.value.signatures, log.witnesses));
  if (open.ok && isWanted) return open.value;
  if (open.ok)
    throw new Refused("too few of its witnesses have signed the checkpoint", { code: "checkpoint.unwitnessed" });
  throw new Refused(`the checkpoint may not be believed: ${open.error}`, { code: "checkpoint.invalid" });
}

/** A proof in a log that went back, or that shows two histories, proves nothing. @throws Refused */
async function mustContinue(tree: Tree, head: SignedCheckpoint, known: Known): Promise<void> {
  if (known.remembered?.checkpoint === undefined) return;
  const last = opened(known.remembered.checkpoint, known);
  if (last.size > head.size)
    throw new Refused(`the log has ${head.size} entries, and had ${last.size} when it was last seen here`, {
      code: "log.rolledback",
    });
  if (!verifyConsistency(last, head, await proveConsistency(tree, last.size)))
    throw new Refused("the log does not continue the checkpoint that was last seen here", { code: "log.forked" });
}
