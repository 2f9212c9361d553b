/** One sandbox of a function: it takes one event at a time. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { limitCpu } from "../limits/cpu.ts";
import { longStopMillis } from "../limits/long-stop.ts";
import type { FunctionDescription } from "./description.ts";
import type { FunctionError, Invocation, Reply } from "./messages.ts";
import { carryByProcess } from "./sandbox-process.ts";
import { carryByThread } from "./sandbox-thread.ts";

/** How an invocation ended. */
export type Outcome = { readonly payload: string | undefined } | { readonly error: FunctionError };

/** A sandbox. */
export interface Instance {
  /** Resolves when the handler is loaded; rejects when it cannot be, with {@link InitTimedOut} when that took too long. */
  readonly ready: Promise<void>;
  /** Runs one event; the caller sees to it that no second one is under way. */
  run(invocation: Invocation): Promise<Outcome>;
  readonly alive: boolean;
  /** Tells sandboxes apart: the process's id, or a negative number for a thread. */
  readonly processId: number | undefined;
  /** Ends it at once, as a crash would. */
  kill(): void;
  readonly gone: Promise<void>;
}

/** Loading the module used more processor time than it may; the sandbox is gone. */
export class InitTimedOut extends Error {}

/** Processor time of an init, as on AWS. */
const longestInitMillis = 10_000;

/**
 * Starts a sandbox.
 * @param onLine takes each line the function prints
 * @param again a second start after an init that timed out: AWS runs it, and the event it is for, under the function's
 * own limit
 */
export function startInstance(
  description: FunctionDescription,
  onLine: (line: string) => void,
  again = false,
): Instance {
  const { timeoutMillis, initMillis = longestInitMillis } = description;
  const stopMillis = description.stopMillis ?? longStopMillis(timeoutMillis);
  let alive = true;
  let takeReply: ((reply: Reply) => void) | undefined;
  let usedMillis = 0;
  const onReply = (reply: Reply) => {
    // init and the event that waits for it share one limit when it is the second start
    if (!again || reply.kind !== "ready") usedMillis = reply.cpuMillis;
    takeReply?.(reply);
  };
  const carry = description.sandbox === "thread" ? carryByThread : carryByProcess;
  const carrier = carry({ module: moduleOf(description), description, onLine, onReply });
  const ending = carrier.gone.then(exitError);
  const gone = ending.then(() => {
    alive = false;
  });
  /** Kills the sandbox when it has used its time; what it returns ends the watch. */
  const limited = (limitMillis: number, onOver: () => void, more: { stopMillis?: number } = {}): (() => void) => {
    if (carrier.id === undefined) return () => undefined;
    const stop = limitCpu({ used: carrier.usedMillis, fromMillis: usedMillis, limitMillis, ...more }, () => {
      carrier.kill();
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
    void ending.then(({ errorMessage }) => reject(new Error(errorMessage)));
  });
  ready.catch(() => undefined);
  return {
    ready,
    gone,
    processId: carrier.id,
    get alive() {
      return alive && carrier.reachable;
    },
    kill: carrier.kill,
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
        void ending.then((error) => end({ error }));
        carrier.send(invocation);
      }),
  };
}

const exitError = (how: string): FunctionError => ({
  errorType: "Runtime.ExitError",
  errorMessage: `RequestId: Error: Runtime exited with error: ${how}`,
});

const inSeconds = (millis: number): string => `after ${(millis / 1000).toFixed(2)} seconds`;

function moduleOf({ folder, handler }: FunctionDescription): string {
  const dot = handler.lastIndexOf(".");
  const file = [".mjs", ".js", ".cjs"]
    .map((extension) => join(folder, handler.slice(0, dot) + extension))
    .find(existsSync);
  if (file === undefined) throw new Error(`no module for handler ${handler} in ${folder}: run the build`);
  return `${pathToFileURL(file)}#${handler.slice(dot + 1)}`;
}
