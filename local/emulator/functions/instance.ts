/** One sandbox of a function: a child process that takes one event at a time. */
import { type ChildProcess, fork } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { limitCpu } from "../limits/cpu.ts";
import { longStopMillis } from "../limits/long-stop.ts";
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
  /** Processor time that one event may use. */
  readonly timeoutMillis: number;
  /** Wall time after which an event is given up that only waits; absent = what `longStopMillis` says. */
  readonly stopMillis?: number;
  /** Processor time that loading the module may use; absent = the ten seconds of AWS. */
  readonly initMillis?: number;
  readonly memoryMegabytes: number;
  /** Its whole environment: nothing of this process's reaches it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Sandboxes that may run at the same time. */
  readonly mostInstances: number;
  /** Folder where Node keeps what V8 made of the code, by the code's hash; absent = every start compiles. */
  readonly compiled?: string;
}

/** How an invocation ended. */
export type Outcome = { readonly payload: string | undefined } | { readonly error: FunctionError };

/** A sandbox. */
export interface Instance {
  /** Resolves when the handler is loaded; rejects when it cannot be, with {@link InitTimedOut} when that took too long. */
  readonly ready: Promise<void>;
  /** Runs one event; the caller sees to it that no second one is under way. */
  run(invocation: Invocation): Promise<Outcome>;
  readonly alive: boolean;
  readonly processId: number | undefined;
  /** Ends it at once, as a crash would. */
  kill(): void;
  readonly gone: Promise<void>;
}

/** Loading the module used more processor time than it may; the process is gone. */
export class InitTimedOut extends Error {}

/** Processor time of an init, as on AWS. */
const longestInitMillis = 10_000;
const bootstrap = new URL("./bootstrap.ts", import.meta.url);

/**
 * Starts a sandbox.
 * @param onLine takes each line the function prints
 * @param again a second start after an init that timed out: AWS runs it, and the event it is for, under the function's own limit
 */
export function startInstance(
  description: FunctionDescription,
  onLine: (line: string) => void,
  again = false,
): Instance {
  const child = forkChild(description, onLine);
  const { timeoutMillis, initMillis = longestInitMillis } = description;
  const stopMillis = description.stopMillis ?? longStopMillis(timeoutMillis);
  let alive = true;
  let takeReply: ((reply: Reply) => void) | undefined;
  let usedMillis = 0;
  child.on("message", (reply: Reply) => {
    // init and the event that waits for it share one limit when it is the second start
    if (!again || reply.kind !== "ready") usedMillis = reply.cpuMillis;
    takeReply?.(reply);
  });
  const gone = goneOf(child).then(() => {
    alive = false;
  });
  /** Kills the child when it has used its time; what it returns ends the watch. */
  const limited = (limitMillis: number, onOver: () => void, more: { stopMillis?: number } = {}): (() => void) => {
    const { pid: processId } = child;
    if (processId === undefined) return () => undefined;
    const stop = limitCpu({ processId, fromMillis: usedMillis, limitMillis, ...more }, () => {
      child.kill("SIGKILL");
      onOver();
    });
    void gone.then(stop);
    return stop;
  };
  const ready = new Promise<void>((resolve, reject) => {
    const limitMillis = again ? timeoutMillis : initMillis;
    const stop = limited(limitMillis, () => reject(new InitTimedOut(`init timed out ${inSeconds(limitMillis)}`)));
    takeReply = () => {
      stop();
      resolve();
    };
    void gone.then(() => reject(new Error(exitError(child).errorMessage)));
  });
  ready.catch(() => undefined);
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
        const stop = limited(
          timeoutMillis,
          () =>
            resolve({
              error: { errorType: "Sandbox.Timedout", errorMessage: `Task timed out ${inSeconds(timeoutMillis)}` },
            }),
          { stopMillis },
        );
        const end = (outcome: Outcome) => {
          stop();
          resolve(outcome);
        };
        takeReply = (reply) => {
          // An answer that comes late, for an event already given up, belongs to nobody.
          if (reply.kind === "ready" || reply.requestId !== invocation.requestId) return;
          end(reply.kind === "result" ? { payload: reply.payload } : { error: reply.error });
        };
        void gone.then(() => end({ error: exitError(child) }));
        send(child, invocation);
      }),
  };
}

function forkChild(description: FunctionDescription, onLine: (line: string) => void): ChildProcess {
  const child = fork(bootstrap, [moduleOf(description)], {
    cwd: description.folder,
    // the bootstrap takes the one name that is not the function's out again before it loads the code
    env: {
      ...description.environment,
      ...(description.compiled === undefined ? {} : { NODE_COMPILE_CACHE: description.compiled }),
    },
    // Never the host's own flags: an inherited --input-type or --import would break or spy on the function.
    execArgv: [`--max-old-space-size=${description.memoryMegabytes}`, "--disable-warning=ExperimentalWarning"],
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on("line", onLine);
  }
  return child;
}

const goneOf = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.once("exit", () => resolve());
    // one that could not even be started never exits
    child.on("error", () => (child.pid === undefined ? resolve() : undefined));
  });

const exitError = ({ signalCode, exitCode }: ChildProcess): FunctionError => ({
  errorType: "Runtime.ExitError",
  errorMessage: `RequestId: Error: Runtime exited with error: ${signalCode ?? `exit status ${exitCode}`}`,
});

const inSeconds = (millis: number): string => `after ${(millis / 1000).toFixed(2)} seconds`;

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
