/** A limit on a process or a thread: it counts the processor time that this got, never how busy the machine was. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { longStopMillis } from "./long-stop.ts";

/** What is limited, and by how much. */
interface CpuLimit {
  /** Processor time it has used so far, in milliseconds; undefined where it cannot be told. */
  readonly used: () => number | undefined | Promise<number | undefined>;
  /** Processor time, in milliseconds, that it had used when counting began. */
  readonly fromMillis: number;
  /** Processor time it may use from then on, in milliseconds. */
  readonly limitMillis: number;
  /** Wall time after which it is over in any case: a process that waits for ever uses no processor. */
  readonly stopMillis?: number;
}

/** Shortest pause between two looks. */
const leastMillis = 50;

/**
 * Watches it.
 * @param onOver called once, when it has used its time or the long stop is reached
 * @returns ends the watch
 */
export function limitCpu(limit: CpuLimit, onOver: () => void): () => void {
  const { used, fromMillis, limitMillis, stopMillis = longStopMillis(limit.limitMillis) } = limit;
  let timer: NodeJS.Timeout;
  const end = () => {
    clearTimeout(timer);
    clearTimeout(stopTimer);
    ended = true;
  };
  const over = () => {
    end();
    onOver();
  };
  const look = async () => {
    const leftMillis = limitMillis - (((await used()) ?? fromMillis) - fromMillis);
    if (ended) return;
    if (leftMillis <= 0) return over();
    timer = setTimeout(look, Math.max(leftMillis, leastMillis));
  };
  let ended = false;
  // one thread cannot have used its time before that much has passed: short work is never looked at
  timer = setTimeout(look, limitMillis);
  // for itself, since what is blocked may not even tell its time
  const stopTimer = setTimeout(over, stopMillis);
  return end;
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
