import { cpus, loadavg } from "node:os";
import type { Audited } from "../audit.ts";
import { type Operation, operations } from "../callers/arrivals.ts";
import type { MemoryAt } from "../cloud/memory.ts";
import type { End, Served } from "../ledger.ts";
import type { LoadOptions } from "../options.ts";
import type { Ran } from "../run.ts";
import { type Spread, spreadOf } from "./percentiles.ts";

/** What one operation came to in one part of a run. */
export interface OperationReport {
  readonly operation: Operation;
  /** Whether it is about the arrivals of the middle part, in which DynamoDB and KMS throttled. */
  readonly throttled: boolean;
  readonly arrivals: number;
  readonly ends: Readonly<Record<End, number>>;
  /** Granted only after they were told to come back. */
  readonly askedAgain: number;
  /** Milliseconds from when an arrival was due to its last answer, pauses included. */
  readonly millis: Spread;
}

/** A run in figures. */
export interface Report {
  readonly ok: boolean;
  readonly broken: readonly string[];
  readonly machine: {
    readonly processor: string;
    readonly cores: number;
    readonly node: string;
    readonly busyBefore: number;
  };
  readonly options: Pick<LoadOptions, "rate" | "seconds" | "mix" | "throttle" | "seed" | "inFlight" | "instances">;
  readonly tookMillis: number;
  readonly throttledMillis: readonly [number, number] | null;
  readonly throttledCalls: number;
  readonly operations: readonly OperationReport[];
  /** Answers over the wire, by status and error; the most frequent first. */
  readonly answers: readonly { readonly answer: string; readonly times: number }[];
  readonly memory: readonly MemoryAt[];
  readonly audited: Audited;
}

/** What the machine is, and how busy it was before the run: processes that wanted a core, over the last minute. */
export const machine = (): Report["machine"] => ({
  processor: cpus()[0]?.model.trim() ?? "unknown",
  cores: cpus().length,
  node: process.version,
  busyBefore: loadavg()[0] ?? Number.NaN,
});

/** Puts a run into figures. */
export function reportOf(ran: Ran, options: LoadOptions, on: Report["machine"]): Report {
  const { ledger, memory, throttledMillis, throttledCalls, tookMillis, audited } = ran;
  const { rate, seconds, mix, throttle, seed, inFlight, instances } = options;
  return {
    ok: ledger.broken.length === 0,
    broken: ledger.broken,
    machine: on,
    options: { rate, seconds, mix, throttle, seed, inFlight, instances },
    tookMillis,
    throttledMillis: throttledMillis ?? null,
    throttledCalls,
    operations: operations
      .flatMap((operation) => [
        operationReport(operation, false, ledger.served),
        operationReport(operation, true, ledger.served),
      ])
      .filter(({ arrivals }) => arrivals > 0),
    answers: answersIn(ledger.heard.slice(...ran.answers)),
    memory,
    audited,
  };
}

function operationReport(operation: Operation, throttled: boolean, all: readonly Served[]): OperationReport {
  const served = all.filter((one) => one.operation === operation && one.throttled === throttled);
  const ended = (end: End) => served.filter((one) => one.end === end).length;
  const ends = {
    granted: ended("granted"),
    refused: ended("refused"),
    unavailable: ended("unavailable"),
    unanswered: ended("unanswered"),
    shed: ended("shed"),
  };
  const askedAgain = served.filter(({ end, tries }) => end === "granted" && tries > 1).length;
  const millis = spreadOf(served.flatMap(({ lastMillis }) => lastMillis ?? []));
  return { operation, throttled, arrivals: served.length, ends, askedAgain, millis };
}

function answersIn(heard: Ran["ledger"]["heard"]): Report["answers"] {
  const times = new Map<string, number>();
  for (const { status, error } of heard) {
    const answer = error === undefined ? String(status) : `${status} ${error}`;
    times.set(answer, (times.get(answer) ?? 0) + 1);
  }
  return [...times].map(([answer, count]) => ({ answer, times: count })).sort((a, b) => b.times - a.times);
}
