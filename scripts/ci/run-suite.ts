/** Runs one suite of CI, and hears from its output what failed. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { FailureListener } from "../test/tail.ts";
import type { Ending } from "./run-suites.ts";
import type { Suite } from "./suites.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** Where a suite's output goes as it comes. */
interface Output {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** What stops and does not end by itself is killed. */
const graceMillis = 10_000;

/**
 * Runs a suite in a process group of its own, so that what it started ends with it; its output goes straight through.
 * @param mostSeconds then it is told to stop, and killed when it does not
 */
export function runSuite(
  { command: [file = "", ...args] }: Suite,
  mostSeconds: number,
  { stdout, stderr }: Output = process,
): Promise<Ending> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], detached: true });
    const listener = new FailureListener();
    listenTo(child.stdout, stdout, listener);
    listenTo(child.stderr, stderr, listener);
    let stopped = false;
    const signal = (name: NodeJS.Signals) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, name);
      } catch {
        // it is gone already
      }
    };
    let kill: NodeJS.Timeout | undefined;
    const stop = () => {
      stopped = true;
      signal("SIGTERM");
      kill = setTimeout(() => signal("SIGKILL"), graceMillis);
    };
    const limit = setTimeout(stop, mostSeconds * 1000);
    const interrupted = () => {
      signal("SIGKILL");
      process.exit(130);
    };
    process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
    const end = (ending: Ending) => {
      clearTimeout(limit);
      clearTimeout(kill);
      process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
      resolve(ending);
    };
    child.once("error", (error) => {
      stderr.write(`${file} could not be started: ${error.message}\n`);
      end({ code: 1 });
    });
    // what it left running would take time from the suites behind it, and hold its pipes open
    child.once("exit", () => signal("SIGKILL"));
    child.once("exit", (code) => {
      const ended = () => end(stopped ? "stopped" : { code: code ?? 1, failures: (most) => listener.lines(most) });
      const unheard = setTimeout(ended, graceMillis);
      child.once("close", () => {
        clearTimeout(unheard);
        ended();
      });
    });
  });
}

/** Hands the output on as it comes, and has the listener hear it in lines of its own. */
function listenTo(from: Readable, to: Writable, listener: FailureListener): void {
  from.on("data", (chunk) => void to.write(chunk));
  createInterface({ input: from }).on("line", (line) => listener.hear(line));
}
