/** A sandbox as a process of its own: whatever it does to itself, it does to nobody else. */
import { type ChildProcess, fork } from "node:child_process";
import { createInterface } from "node:readline";
import { cpuMillis } from "../limits/cpu.ts";
import { bootstrap, type Carrier, type Carrying, environmentOf } from "./carrier.ts";
import type { Reply } from "./messages.ts";

/** Starts one. */
export function carryByProcess({ module, description, onLine, onReply }: Carrying): Carrier {
  const child = fork(bootstrap, [module], {
    cwd: description.folder,
    env: environmentOf(description),
    // Never the host's own flags: an inherited --input-type or --import would break or spy on the function.
    execArgv: [`--max-old-space-size=${description.memoryMegabytes}`, "--disable-warning=ExperimentalWarning"],
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on("line", onLine);
  }
  child.on("message", (reply: Reply) => onReply(reply));
  const { pid } = child;
  return {
    id: pid,
    gone: goneOf(child),
    get reachable() {
      return child.connected;
    },
    // A channel that just closed is no error of the host: `gone` ends the invocation.
    send: (invocation) => void (child.connected && child.send(invocation, () => undefined)),
    usedMillis: () => (pid === undefined ? undefined : cpuMillis(pid)),
    kill: () => void child.kill("SIGKILL"),
  };
}

const goneOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? `exit status ${code}`));
    // one that could not even be started never exits
    child.on("error", ({ message }) => (child.pid === undefined ? resolve(message) : undefined));
  });
