import { setTimeout as wait } from "node:timers/promises";
import type { Answer } from "../../../test/kit/wire/http.ts";
import { header } from "../../../test/kit/wire/http.ts";
import type { End } from "../ledger.ts";
import type { Work } from "./work.ts";

/** How a caller holds out. */
export interface Patience {
  readonly nowMillis: () => number;
  /** From 0 up to 1: spreads those who were told to come back at the same moment. */
  readonly draw: () => number;
  /** Until when it comes back; after that the next 503 is its last answer. */
  readonly untilMillis: number;
  readonly sleep?: (millis: number) => Promise<unknown>;
}

/** What a caller went through. */
export interface Course {
  readonly end: Exclude<End, "shed">;
  readonly tries: number;
  /** When its first and its last answer came. */
  readonly firstMillis?: number;
  readonly lastMillis?: number;
  /** What of it breaks a promise. */
  readonly broken?: string;
}

/** Longest pause between two tries, as a multiple of Retry-After. */
const longestPause = 4;

/**
 * Asks until the answer is final: after 503, or 429, with Retry-After it waits as long as it was told, doubled with each
 * try up to four times that, and asks for the very same again.
 */
export async function persist(work: Work, patience: Patience): Promise<Course> {
  const { nowMillis, draw, untilMillis, sleep = wait } = patience;
  let firstMillis: number | undefined;
  for (let tries = 1; ; tries++) {
    const sentMillis = nowMillis();
    const answer = await work.ask().catch((thrown: unknown) => thrown as Error);
    const times = { ...(firstMillis === undefined ? {} : { firstMillis }), tries };
    if (answer instanceof Error) return { ...times, end: "unanswered" };
    const lastMillis = nowMillis();
    firstMillis ??= lastMillis;
    const pauseSeconds = pauseOf(answer);
    if (pauseSeconds === undefined) {
      const broken = work.take(answer, sentMillis);
      const end = answer.status === 200 ? "granted" : "refused";
      return { end, tries, firstMillis, lastMillis, ...(broken === undefined ? {} : { broken }) };
    }
    if (lastMillis > untilMillis) return { end: "unavailable", tries, firstMillis, lastMillis };
    await sleep(pauseSeconds * 1000 * Math.min(2 ** (tries - 1), longestPause) * (1 + draw() / 2));
  }
}

/** Seconds after which the same may be asked for again; undefined of a final answer. */
function pauseOf(answer: Answer): number | undefined {
  if (answer.status !== 503 && answer.status !== 429) return undefined;
  const seconds = Number(header(answer, "retry-after") || Number.NaN);
  return Number.isFinite(seconds) ? Math.min(seconds, 30) : undefined;
}
