/** Runs probes one after another; whatever one made is taken back before the next, and when all is stopped. */
import { setTimeout as sleep } from "node:timers/promises";
import { Missing, type Probe, type ProveGround, untried, type Verdict } from "./ground.ts";
import { keysRefuse, standbyKeys } from "./keys.ts";
import { webIdentityRate } from "./rate.ts";
import { closedUrls, publicUrls } from "./urls.ts";
import { busRefuses, queueRefuses, tablesRefuse } from "./writers.ts";

/** All probes, in the order they are run. */
export const probes: readonly Probe[] = [
  publicUrls,
  closedUrls,
  keysRefuse,
  standbyKeys,
  tablesRefuse,
  busRefuses,
  queueRefuses,
  webIdentityRate,
];

/** What became of one probe. */
export interface Proved extends Verdict {
  readonly probe: string;
  readonly asks: string;
  /** What could not be taken back, for whoever has to do it by hand. */
  readonly left?: readonly string[];
}

/** Who is told of each probe, and may end it all. */
interface ProveListener {
  readonly each: (proved: Proved) => void;
  /** Stops before the next probe; what the running one made is taken back first. */
  readonly signal?: AbortSignal;
}

/** Runs probes. */
export async function prove(
  wanted: readonly Probe[],
  ground: Omit<ProveGround, "later">,
  { each, signal }: ProveListener,
): Promise<readonly Proved[]> {
  const all: Proved[] = [];
  for (const probe of wanted) {
    if (signal?.aborted) break;
    const proved = await proveOne(probe, ground, signal);
    all.push(proved);
    each(proved);
  }
  return all;
}

async function proveOne(probe: Probe, ground: Omit<ProveGround, "later">, signal?: AbortSignal): Promise<Proved> {
  const undo: (() => Promise<void>)[] = [];
  const left: string[] = [];
  let verdict: Verdict;
  const running = probe.run({ ...ground, later: (takeBack) => void undo.unshift(takeBack) });
  try {
    verdict = await Promise.race([running, stopped(signal)]);
  } catch (failure) {
    const words =
      failure instanceof Error
        ? `${failure instanceof Missing ? "" : `${failure.name}: `}${failure.message}`
        : String(failure);
    verdict = untried(words);
  } finally {
    // a call that is still on its way could otherwise make something after it was taken back
    await Promise.race([running.catch(() => undefined), sleep(settleMillis, undefined, { ref: false })]);
    for (const takeBack of undo) {
      await takeBack().catch((failure: unknown) => void left.push(String(failure)));
    }
  }
  return { probe: probe.name, asks: probe.asks, ...verdict, ...(left.length > 0 ? { left } : {}) };
}

const settleMillis = 10_000;

/** Ends a probe that waits when somebody stops all. */
const stopped = (signal: AbortSignal | undefined): Promise<Verdict> =>
  new Promise((resolve) => {
    const stop = () => resolve(untried("stopped"));
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
  });
