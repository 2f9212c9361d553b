import { type Audited, audit } from "./audit.ts";
import { type Arrival, planArrivals } from "./callers/arrivals.ts";
import type { Wire } from "./callers/caller.ts";
import { openLoop } from "./callers/open-loop.ts";
import { type Course, persist } from "./callers/persist.ts";
import { setUp } from "./callers/setup.ts";
import { chooseWork, type Holdings } from "./callers/work.ts";
import { seeded } from "./chance.ts";
import { throttleBetween } from "./cloud/disturb.ts";
import type { LoadedCloud } from "./cloud/link.ts";
import { type MemoryAt, sampleMemory } from "./cloud/memory.ts";
import { type Ledger, openLedger, type Served } from "./ledger.ts";
import type { LoadOptions } from "./options.ts";

/** What a run came to. */
export interface Ran {
  readonly ledger: Ledger;
  /** Which of the ledger's answers are of the run itself: from, and up to. */
  readonly answers: readonly [number, number];
  readonly memory: readonly MemoryAt[];
  /** When DynamoDB and KMS throttled, in milliseconds of the run; undefined when they never did. */
  readonly throttledMillis: readonly [number, number] | undefined;
  /** Calls to DynamoDB and KMS that were throttled. */
  readonly throttledCalls: number;
  /** From the first arrival until the last caller had its answer. */
  readonly tookMillis: number;
  readonly audited: Audited;
}

const nowMillis = () => performance.now();
/** Long after the throttling everybody is granted what was asked for; only a starved machine needs so much. */
const graceMillis = 300_000;
/** Draws that must not move when others are made more or fewer times. */
const streams = { choices: 1, pauses: 2, throttling: 3 } as const;

/** One run on a raised cloud, and the audit after it. */
export async function runLoad(
  cloud: LoadedCloud,
  options: LoadOptions,
  onProgress: (text: string) => void,
): Promise<Ran> {
  const { seconds, seed, throttle: share } = options;
  const ledger = openLedger();
  const draw = seeded(seed + streams.pauses);
  onProgress("agents attest, people sign in, the first sessions open");
  const { wire, held } = await setUp(cloud, ledger, { nowMillis, draw, untilMillis: nowMillis() + graceMillis });
  const before = ledger.heard.length;

  const between = share === 0 ? undefined : ([(seconds * 1000) / 3, (seconds * 2000) / 3] as const);
  const startMillis = nowMillis();
  const watch = sampleMemory(cloud, startMillis);
  const throttling = throttleBetween(cloud, startMillis, { between, share, seed: seed + streams.throttling });
  const ticking = setInterval(() => onProgress(progressOf(ledger, nowMillis() - startMillis)), 5_000);
  await sendAll({ wire, held, ledger, draw, startMillis, between, options }).finally(() => clearInterval(ticking));
  const throttledCalls = await throttling.end();
  // a run that was to be disturbed and was not would prove nothing
  if (between !== undefined && throttledCalls === 0) ledger.breach("no call was throttled");
  const tookMillis = nowMillis() - startMillis;
  const answers = [before, ledger.heard.length] as const;
  const memory = await watch.end();
  onProgress("every row and record is held against every answer");
  const audited = await audit(cloud, {
    ledger,
    held,
    wire,
    patience: { nowMillis, draw, untilMillis: nowMillis() + graceMillis },
  });
  return { ledger, answers, memory, throttledMillis: between, throttledCalls, tookMillis, audited };
}

/** What sending stands on. */
interface Sending {
  readonly wire: Wire;
  readonly held: Holdings;
  readonly ledger: Ledger;
  readonly draw: () => number;
  readonly startMillis: number;
  readonly between: readonly [number, number] | undefined;
  readonly options: LoadOptions;
}

/** Sends every arrival when it is due; over when the last caller has its answer. */
async function sendAll({ wire, held, ledger, draw, startMillis, between, options }: Sending): Promise<void> {
  const { rate, seconds, mix, seed, inFlight: mostInFlight } = options;
  const arrivals = planArrivals({ rate, seconds, mix, draw: seeded(seed) });
  const untilMillis = startMillis + (between?.[1] ?? 0) + graceMillis;
  const choosing = { wire, held, draw: seeded(seed + streams.choices), nowMillis };
  const note = (
    { operation, atMillis }: Arrival,
    course: Pick<Served, "end" | "tries"> & Partial<Omit<Course, "end" | "tries">>,
  ) => {
    const { end, tries, firstMillis, lastMillis, broken } = course;
    if (broken !== undefined) ledger.breach(broken);
    const dueMillis = startMillis + atMillis;
    ledger.serve({
      operation,
      scheduledMillis: atMillis,
      throttled: between !== undefined && atMillis >= between[0] && atMillis < between[1],
      end,
      tries,
      ...(firstMillis === undefined ? {} : { firstMillis: firstMillis - dueMillis }),
      ...(lastMillis === undefined ? {} : { lastMillis: lastMillis - dueMillis }),
    });
  };
  const shed = (arrival: Arrival) => note(arrival, { end: "shed", tries: 0 });
  await openLoop(arrivals, startMillis, {
    nowMillis,
    mostInFlight,
    shed,
    async serve(arrival) {
      const work = chooseWork(arrival.operation, choosing);
      if (work === undefined) return shed(arrival);
      note(arrival, await persist(work, { nowMillis, draw, untilMillis }));
    },
  });
}

const progressOf = ({ served }: Ledger, millis: number): string => {
  const ended = (wanted: Served["end"]) => served.filter(({ end }) => end === wanted).length;
  return `${Math.round(millis / 1000)} s: ${ended("granted")} granted, ${ended("shed")} shed`;
};
