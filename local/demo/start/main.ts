import { createPage, type Page } from "../story/print.ts";
import { synthesize } from "../synthesize.ts";
import { firstInterrupt } from "./interrupt.ts";
import { readOptions, type StartOptions, usage } from "./options.ts";

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
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  return begin(options, createPage(options.json ? process.stderr : process.stdout, process.env));
}

/** The stacks are made, by a process of their own, while this one loads the cloud that runs them. */
async function begin(options: StartOptions, page: Page): Promise<number> {
  const interrupt = firstInterrupt();
  const startMillis = performance.now();
  page.heading("Lanyard, on this machine");
  const made = synthesize({ onProgress: page.progress, signal: interrupt.signal });
  // whoever boots waits for it, and tells why it failed
  made.catch(() => undefined);
  const { run } = await import("./run.ts");
  return run(options, { page, interrupt, made, startMillis });
}
