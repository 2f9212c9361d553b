import { limitLoop } from "../../emulator/limits/loop.ts";
import { createPage, type Page } from "../story/print.ts";
import { createTeller, type Step } from "../story/step.ts";
import { tellStory } from "../story/story.ts";
import { raiseWorld, type World } from "../story/world.ts";
import { readOptions, type StartOptions, usage } from "./options.ts";
import { tryNext } from "./try-next.ts";

/** Time, of this process's own, that a clean stop may take before it is no longer waited for. */
const stopMillis = 20_000;

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

/**
 * Runs everything that `npm start` runs.
 * @param args the command line without `node` and the script
 * @returns the exit code: 0 when every step behaved, 1 when one did not or nothing could start, 2 for a wrong command line
 */
export async function main(args: readonly string[]): Promise<number> {
  let options: StartOptions;
  try {
    options = readOptions(args);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${usage}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  return run(options, createPage(options.json ? process.stderr : process.stdout, process.env));
}

async function run(options: StartOptions, page: Page): Promise<number> {
  const interrupt = firstInterrupt();
  const startMillis = performance.now();
  page.heading("Lanyard, on this machine");
  let world: World;
  try {
    world = await raiseWorld({ ...options, archive: true, onProgress: page.progress, signal: interrupt.signal });
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
    for (const line of tryNext(world, story.traced)) page.line(line);
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

/** Ctrl-C asks once for a clean stop; a second one does not wait for it. */
function firstInterrupt(): { readonly whenCame: Promise<void>; readonly signal: AbortSignal; came(): boolean } {
  const controller = new AbortController();
  let asked = false;
  const whenCame = new Promise<void>((resolve) => {
    const stop = () => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
      controller.abort();
      limitLoop(stopMillis, () => process.exit(130), { hold: false });
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
  return { whenCame, signal: controller.signal, came: () => asked };
}
