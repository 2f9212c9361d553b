/** Hosts one function: sandboxes on demand, one event each, a queue in front, and every line it prints. */
import { randomUUID } from "node:crypto";
import { longStopMillis } from "../limits/long-stop.ts";
import type { FunctionDescription } from "./description.ts";
import { InitTimedOut, type Instance, type Outcome, startInstance } from "./instance.ts";
import type { Invocation } from "./messages.ts";
import { openSandboxes, type Sandbox } from "./sandboxes.ts";

/** A hosted function. */
export interface HostedFunction {
  readonly description: FunctionDescription;
  /**
   * Runs one event.
   * @param event any JSON value
   * @returns the payload or the error; refuses with `TooManyRequestsException` when too many wait
   */
  invoke(event: unknown, requestId?: string): Promise<Outcome>;
  /** What it printed, newest last; the oldest lines are dropped. */
  logs(): string[];
  /** Starts a sandbox ahead of the first event, as Lambda may; resolves when it is loaded, or was there, or cannot be. */
  warm(): Promise<void>;
  /** The last event that failed for a reason of the sandbox or of the handler, for people; undefined when none did. */
  failure(): string | undefined;
  /** From now on every event fails as it does with code that cannot be loaded; call what it returns to mend it. */
  break(): () => void;
  /** Kills one sandbox, a busy one if there is any; tells whether there was one. */
  crash(): boolean;
  /** Sends every event to the sandbox of this number, started if need be; undefined ends that. */
  pin(number: number | undefined): void;
  /** The sandboxes there are. */
  sandboxes(): readonly Sandbox[];
  close(): Promise<void>;
}

interface Waiting {
  readonly event: unknown;
  readonly requestId: string;
  readonly resolve: (outcome: Outcome) => void;
}

const refusedForNow: Outcome = { error: { errorType: "TooManyRequestsException", errorMessage: "Rate Exceeded." } };
const broken: Outcome = { error: { errorType: "Runtime.ImportModuleError", errorMessage: "the code was broken" } };
const ended: Outcome = { error: { errorType: "Runtime.ExitError", errorMessage: "the cloud was closed" } };
const longestQueue = 5_000;
const mostLines = 5_000;

/**
 * Makes a host; no sandbox starts before the first event.
 * @param onLine takes each line the function prints, for a log file
 */
export function hostFunction(
  description: FunctionDescription,
  onLine: (line: string) => void = () => undefined,
): HostedFunction {
  const sandboxes = openSandboxes(
    (again) => startInstance(description, print, again),
    description.mostInstances,
    () => work(),
  );
  const queue: Waiting[] = [];
  const lines: string[] = [];
  let closed = false;
  let failure: string | undefined;
  let breaks = 0;
  const print = (line: string) => {
    if (lines.push(line) > mostLines) lines.splice(0, lines.length - mostLines);
    onLine(line);
  };

  const runOn = async (taken: Instance, waiting: Waiting): Promise<void> => {
    const instance = await loaded(taken);
    const outcome = await instance.ready.then(() => instance.run(invocationOf(description, waiting)), failedStart);
    if ("error" in outcome) {
      failure = `${outcome.error.errorType}: ${outcome.error.errorMessage}`;
      print(failure);
    }
    sandboxes.giveBack(instance, instance.alive && !timedOut(outcome));
    waiting.resolve(outcome);
    work();
  };
  /** As on AWS, an init that timed out runs once more, under the function's own limit. */
  const loaded = (instance: Instance): Promise<Instance> =>
    instance.ready.then(
      () => instance,
      (thrown: Error) => {
        if (!(thrown instanceof InitTimedOut) || closed) return instance;
        print(`INIT_REPORT Status: timeout. ${thrown.message}; it runs again under the function's own limit`);
        return sandboxes.restart(instance);
      },
    );
  const work = (): void => {
    while (queue.length > 0 && !closed) {
      const instance = sandboxes.take();
      const waiting = instance === undefined ? undefined : queue.shift();
      if (instance === undefined || waiting === undefined) return;
      void runOn(instance, waiting);
    }
  };

  return {
    description,
    invoke(event, requestId = randomUUID()) {
      if (closed || queue.length >= longestQueue) return Promise.resolve(refusedForNow);
      if (breaks > 0) return Promise.resolve(broken);
      return new Promise((resolve) => {
        queue.push({ event, requestId, resolve });
        work();
      });
    },
    logs: () => [...lines],
    warm: async () => (closed ? undefined : sandboxes.ahead()?.ready.catch(() => undefined)),
    failure: () => failure,
    break() {
      breaks += 1;
      let mended = false;
      return () => {
        if (!mended) breaks -= 1;
        mended = true;
      };
    },
    crash() {
      const chosen = sandboxes.victim();
      chosen?.kill();
      return chosen !== undefined;
    },
    pin(number) {
      sandboxes.pin(number);
      work();
    },
    sandboxes: sandboxes.list,
    async close() {
      closed = true;
      for (const waiting of queue.splice(0)) waiting.resolve(ended);
      const all = sandboxes.all();
      for (const instance of all) instance.kill();
      await Promise.all(all.map(({ gone }) => gone));
    },
  };
}

function invocationOf(description: FunctionDescription, { event, requestId }: Waiting): Invocation {
  const { name, arn, memoryMegabytes, timeoutMillis, stopMillis = longStopMillis(timeoutMillis) } = description;
  const deadlineMillis = Date.now() + stopMillis;
  return { event, requestId, functionName: name, functionArn: arn, memoryMegabytes, deadlineMillis };
}

/** What an event comes to whose sandbox never was ready. */
const failedStart = (thrown: Error): Outcome => ({
  error: {
    errorType: thrown instanceof InitTimedOut ? "Sandbox.Timedout" : "Runtime.ExitError",
    errorMessage: thrown.message,
  },
});

function timedOut(outcome: Outcome): boolean {
  return "error" in outcome && outcome.error.errorType === "Sandbox.Timedout";
}
