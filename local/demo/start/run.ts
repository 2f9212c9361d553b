import type { Page } from "../story/print.ts";
import { createTeller, type Step } from "../story/step.ts";
import { tellStory } from "../story/story.ts";
import { raiseWorld, type World } from "../story/world.ts";
import type { Synthesized } from "../synthesize.ts";
import type { Interrupt } from "./interrupt.ts";
import type { StartOptions } from "./options.ts";
import { tryNext } from "./try-next.ts";

/** What `--json` prints: the only thing on standard output. */
interface Report {
  readonly ok: boolean;
  readonly steps: readonly Step[];
  /** How many records of this run were read back from the bucket. */
  readonly auditRecords: number;
  readonly endpoints: World["endpoints"] | null;
  /** Why nothing could be told at all. */
  readonly error?: string;
}

/** What was begun before this file was loaded. */
interface Begun {
  readonly page: Page;
  readonly interrupt: Interrupt;
  /** The stacks, being made. */
  readonly made: Promise<Synthesized>;
  /** When the run began, by `performance.now()`. */
  readonly startMillis: number;
}

/**
 * The functions that the start and the story wait for, in the order in which they do. The relay works behind the
 * answers, and whoever revokes comes last: loading them as well would keep these from the cores.
 */
const calledFirst = ["admin-write", "publisher", "attest", "token", "discovery", "introspect", "credentials"];

/**
 * Raises the world, tells the story on it and closes it again, at the latest when it is interrupted.
 * @returns the exit code: 0 when every step behaved, 1 when one did not or nothing could start
 */
export async function run(options: StartOptions, { page, interrupt, made, startMillis }: Begun): Promise<number> {
  let world: World;
  try {
    world = await raiseWorld({
      ...options,
      made,
      archive: true,
      // a dozen processes, and Cedar compiled in four of them, would be a quarter of a start's processor time
      sandbox: "thread",
      ahead: calledFirst,
      signsOnly: true,
      onProgress: page.progress,
      signal: interrupt.signal,
    });
  } catch (error) {
    page.settle();
    if (interrupt.came()) {
      page.line("  stopped");
      return 0;
    }
    page.total(false, messageOf(error), performance.now() - startMillis);
    if (options.json) report({ ok: false, steps: [], auditRecords: 0, endpoints: null, error: messageOf(error) });
    return 1;
  }
  try {
    page.heading("The story");
    const teller = createTeller({
      began: page.began,
      // what fails because everything is being stopped is no news
      ended: (step) => (interrupt.came() ? undefined : page.ended(step)),
    });
    const story = await Promise.race([
      tellStory({ teller, page }, world, options.agents),
      interrupt.whenCame.then(() => undefined),
    ]);
    if (!story) return 0;
    const text = story.ok
      ? `${teller.steps.length} steps, each as it should be`
      : [story.error ?? "a step misbehaved", ...world.cloud.failures()].join("\n");
    page.total(story.ok, text, performance.now() - startMillis);
    const { ok, auditRecords } = story;
    if (options.json) report({ ok, steps: teller.steps, auditRecords, endpoints: world.endpoints });
    if (options.once) return ok ? 0 : 1;
    // the story's last records are sealed within a minute, and the first record of the watch is that by which a trace
    // knows our functions' roles; who is told to verify, prove and trace need not wait for either
    await Promise.all([world.cloud.invoke("sealer", {}), world.cloud.invoke("drift-watch", {})]);
    for (const line of tryNext(world, story)) page.line(line);
    await interrupt.whenCame;
    return 0;
  } finally {
    page.settle();
    await world.close();
    if (interrupt.came()) page.line("  stopped");
  }
}

function report(content: Report): void {
  process.stdout.write(`${JSON.stringify(content)}\n`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
