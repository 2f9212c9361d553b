import { setTimeout as sleep } from "node:timers/promises";
import { Refused, type Terminal, Usage } from "./outcome.ts";

/** Options of commands that can be watched. */
export interface WatchOptions {
  /** Seconds between two runs; `true` where only the flag was given. */
  readonly watch?: string | true;
}

/** Where a run writes, and what ends the repetition. */
interface Watcher {
  readonly terminal: Terminal;
  readonly stop?: AbortSignal;
}

const everySeconds = 5;

/**
 * Runs a question once, or repeatedly until it is interrupted. On a terminal, each answer replaces the last one when it
 * is complete; in a pipe, answers follow one another. A run that fails is reported and tried again, unless it was the
 * first, since the command may contain a typing error.
 * @param once asks once, and writes to the terminal of the context it gets
 * @throws Usage
 */
export async function watched<Context extends Watcher>(
  { watch }: WatchOptions,
  context: Context,
  once: (context: Context) => Promise<void>,
): Promise<void> {
  if (watch === undefined) return once(context);
  if (watch !== true && !/^[1-9]\d{0,4}$/.test(watch))
    throw new Usage(`--watch takes whole seconds, not ${JSON.stringify(watch)}`);
  const { terminal, stop } = context;
  const seconds = watch === true ? everySeconds : Number(watch);
  for (let round = 0; !stop?.aborted; round++) {
    const lines: string[] = [];
    const { progress: _, ...quiet } = terminal;
    const buffered: Terminal = { ...quiet, out: (line) => void lines.push(line) };
    const failed = await once({ ...context, terminal: buffered }).then(
      () => undefined,
      (cause: unknown) => {
        if (round === 0 || !(cause instanceof Refused)) throw cause;
        return cause.message;
      },
    );
    terminal.clear?.();
    if (terminal.clear) terminal.out(`every ${seconds} s, last at ${new Date().toISOString()}; Ctrl-C ends it\n`);
    for (const line of lines) terminal.out(line);
    if (failed !== undefined) terminal.err(failed);
    await sleep(seconds * 1000, undefined, stop ? { signal: stop } : {}).catch(() => undefined);
  }
}
