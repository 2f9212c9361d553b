/** One sandbox of a function: a child process that takes one event at a time. */
import { type ChildProcess, fork } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import type { FunctionError, Invocation, Reply } from "./messages.ts";

/** A function as the template describes it. */
export interface FunctionDescription {
  readonly name: string;
  readonly arn: string;
  /** Role that it runs as. */
  readonly roleArn: string;
  /** Folder of its code. */
  readonly folder: string;
  /** `index.handler`. */
  readonly handler: string;
  readonly timeoutMillis: number;
  readonly memoryMegabytes: number;
  /** Its whole environment: nothing of this process's reaches it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Sandboxes that may run at the same time. */
  readonly mostInstances: number;
}

/** How an invocation ended. */
export type Outcome = { readonly payload: string | undefined } | { readonly error: FunctionError };

/** A sandbox. */
export interface Instance {
  /** Resolves when the handler is loaded; rejects when it cannot be. */
  readonly ready: Promise<void>;
  /** Runs one event; the caller sees to it that no second one is under way. */
  run(invocation: Invocation): Promise<Outcome>;
  readonly alive: boolean;
  readonly processId: number | undefined;
  /** Ends it at once, as a crash would. */
  kill(): void;
  readonly gone: Promise<void>;
}

const longestInitMillis = 10_000;
const bootstrap = new URL("./bootstrap.ts", import.meta.url);

/**
 * Starts a sandbox.
 * @param onLine takes each line the function prints
 */
export function startInstance(description: FunctionDescription, onLine: (line: string) => void): Instance {
  const child = fork(bootstrap, [moduleOf(description)], {
    cwd: description.folder,
    env: { ...description.environment },
    // Never the host's own flags: an inherited --input-type or --import would break or spy on the function.
    execArgv: [`--max-old-space-size=${description.memoryMegabytes}`, "--disable-warning=ExperimentalWarning"],
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on("line", onLine);
  }
  let alive = true;
  let takeReply: ((reply: Reply) => void) | undefined;
  child.on("message", (reply: Reply) => takeReply?.(reply));
  child.on("error", () => undefined);
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => {
      alive = false;
      resolve();
    });
  });
  const exitError = (): FunctionError => ({
    errorType: "Runtime.ExitError",
    errorMessage: `RequestId: Error: Runtime exited with error: ${child.signalCode ?? `exit status ${child.exitCode}`}`,
  });
  let stopInitTimer = (): void => undefined;
  const ready = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error("init timed out"));
    }, longestInitMillis);
    takeReply = () => resolve();
    void gone.then(() => reject(new Error(exitError().errorMessage)));
    const stop = () => clearTimeout(timer);
    void gone.then(stop);
    stopInitTimer = stop;
  });
  ready.then(stopInitTimer, () => undefined);
  return {
    ready,
    gone,
    processId: child.pid,
    get alive() {
      return alive && child.connected;
    },
    kill: () => void child.kill("SIGKILL"),
    run: (invocation) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => {
          child.kill("SIGKILL");
          const seconds = (description.timeoutMillis / 1000).toFixed(2);
          resolve({
            error: { errorType: "Sandbox.Timedout", errorMessage: `Task timed out after ${seconds} seconds` },
          });
        }, description.timeoutMillis);
        const end = (outcome: Outcome) => {
          clearTimeout(timer);
          resolve(outcome);
        };
        takeReply = (reply) => {
          // An answer that comes late, for an event already given up, belongs to nobody.
          if (reply.kind === "ready" || reply.requestId !== invocation.requestId) return;
          end(reply.kind === "result" ? { payload: reply.payload } : { error: reply.error });
        };
        void gone.then(() => end({ error: exitError() }));
        send(child, invocation);
      }),
  };
}

function send(child: ChildProcess, invocation: Invocation): void {
  // A channel that just closed is no error of the host: `gone` ends the invocation.
  if (child.connected) child.send(invocation, () => undefined);
}

function moduleOf({ folder, handler }: FunctionDescription): string {
  const dot = handler.lastIndexOf(".");
  const file = [".mjs", ".js", ".cjs"]
    .map((extension) => join(folder, handler.slice(0, dot) + extension))
    .find(existsSync);
  if (file === undefined) throw new Error(`no module for handler ${handler} in ${folder}: run the build`);
  return `${pathToFileURL(file)}#${handler.slice(dot + 1)}`;
}
