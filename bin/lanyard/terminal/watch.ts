import { setTimeout as sleep } from "node:timers/promises";
import { Refused, type Terminal, Usage } from "./outcome.ts";

/** Options of commands that can be watched. */
export interface WatchOptions {
  /** Seconds between two looks; `true` where only the flag was given. */
  readonly watch?: string | true;
}

/** Where a look writes, and what ends the looking. */
interface Watcher {
  readonly terminal: Terminal;
  readonly stop?: AbortSignal;
}

const everySeconds = 5;

/**
 * Carries a look out once, or again and again until it is interrupted. A terminal's screen begins anew each time, when all
 * of it is there; into a pipe one answer follows the other. A look that fails is told and tried again, unless it was the
 * first: who misspelled something wants to know it.
 * @param once looks, and writes to the terminal of the context it is given
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
