/** A limit on a child process: it counts the processor time that the child got, never how busy the machine was. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { longStopMillis } from "./long-stop.ts";

/** What is limited, and by how much. */
interface CpuLimit {
  readonly processId: number;
  /** Processor time, in milliseconds, that it had used when counting began. */
  readonly fromMillis: number;
  /** Processor time it may use from then on, in milliseconds. */
  readonly limitMillis: number;
  /** Wall time after which it is over in any case: a process that waits for ever uses no processor. */
  readonly stopMillis?: number;
  /** Processor time of a process, in milliseconds; undefined where it cannot be told. Another one for tests. */
  readonly used?: (processId: number) => number | undefined;
}

/** Shortest pause between two looks. */
const leastMillis = 50;

/**
 * Watches a child.
 * @param onOver called once, when the child has used its time or the long stop is reached
 * @returns ends the watch
 */
export function limitCpu(limit: CpuLimit, onOver: () => void): () => void {
  const { processId, fromMillis, limitMillis, stopMillis = longStopMillis(limit.limitMillis) } = limit;
  const used = limit.used ?? cpuMillis;
  const startedMillis = performance.now();
  let timer: NodeJS.Timeout;
  const look = () => {
    const leftMillis = limitMillis - ((used(processId) ?? fromMillis) - fromMillis);
    const stopLeftMillis = stopMillis - (performance.now() - startedMillis);
    if (leftMillis <= 0 || stopLeftMillis <= 0) return onOver();
    timer = setTimeout(look, Math.min(Math.max(leftMillis, leastMillis), stopLeftMillis));
  };
  // one thread cannot have used its time before that much has passed: short work is never looked at
  timer = setTimeout(look, Math.min(limitMillis, stopMillis));
  return () => clearTimeout(timer);
}

/** Linux counts in hundredths of a second, on every platform that Node runs on. */
const millisPerTick = 10;

/** Processor time of all threads of a process, in milliseconds; undefined when it is gone or cannot be asked. */
export function cpuMillis(processId: number): number | undefined {
  try {
    if (process.platform === "linux") {
      const text = readFileSync(`/proc/${processId}/stat`, "utf8");
      // the name in brackets may hold anything, brackets too
      const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
      return (Number(fields[11]) + Number(fields[12])) * millisPerTick;
    }
    return millisOfPs(execFileSync("ps", ["-o", "time=", "-p", String(processId)], { encoding: "utf8" }));
  } catch {
    return undefined;
  }
}

/** Reads the `[[days-]hours:]minutes:seconds[.hundredths]` of ps. */
export function millisOfPs(text: string): number | undefined {
  const match = /^(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(text.trim());
  if (match === null) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return Math.round((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000);
}
