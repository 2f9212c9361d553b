/**
 * A sandbox as a thread of this process: memory, modules, environment and end of its own. It spares a start what a
 * process costs its host, and Cedar's compilation in all functions but the first: V8 compiles the same WebAssembly once
 * a process. What a thread cannot contain is a fault of Node itself, which ends them all, and what belongs to a whole
 * process: the folder it works in, signals, the time zone.
 */
import { createInterface } from "node:readline";
import { Worker } from "node:worker_threads";
import { bootstrap, type Carrier, type Carrying, environmentOf } from "./carrier.ts";
import type { Reply } from "./messages.ts";

/** Starts one. */
export function carryByThread({ module, description, onLine, onReply }: Carrying): Carrier {
  const worker = new Worker(bootstrap, {
    argv: [module],
    env: environmentOf(description),
    execArgv: ["--disable-warning=ExperimentalWarning"],
    resourceLimits: { maxOldGenerationSizeMb: description.memoryMegabytes },
    stdout: true,
    stderr: true,
  });
  for (const input of [worker.stdout, worker.stderr]) createInterface({ input }).on("line", onLine);
  worker.on("message", (reply: Reply) => onReply(reply));
  // a process would have printed it
  worker.on("error", (thrown: unknown) => {
    for (const line of String((thrown as Error)?.stack ?? thrown).split("\n")) onLine(line);
  });
  // no process has a number below 1
  const id = -worker.threadId;
  let killed = false;
  let reachable = true;
  const gone = new Promise<string>((resolve) => {
    worker.once("exit", (code) => {
      reachable = false;
      resolve(killed ? "SIGKILL" : `exit status ${code}`);
    });
  });
  return {
    id,
    gone,
    get reachable() {
      return reachable;
    },
    send: (invocation) => worker.postMessage(invocation),
    usedMillis: () =>
      worker.cpuUsage().then(
        ({ user, system }) => (user + system) / 1000,
        () => undefined,
      ),
    kill() {
      killed = true;
      void worker.terminate();
    },
  };
}
