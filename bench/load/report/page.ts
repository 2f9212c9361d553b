import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Report } from "./report.ts";
import { machineLine, markdownTable, sentences } from "./tables.ts";

const begin = "<!-- written by npm run load -- --write: begin -->";
const end = "<!-- written by npm run load -- --write: end -->";
const docs = new URL("../../../docs/", import.meta.url);
const page = fileURLToPath(new URL("performance.md", docs));
/** Where the picture of the page stands. */
export const pagePicture: string = fileURLToPath(new URL("load.svg", docs));

/**
 * A page with a run between its two marks, in the place of the one before.
 * @throws when the marks are not there, each once
 */
export function withRun(text: string, run: string): string {
  const [before, rest, ...more] = text.split(begin);
  const [, after, ...others] = rest?.split(end) ?? [];
  if (before === undefined || after === undefined || more.length + others.length > 0)
    throw new Error(`the page has not one pair of marks ${begin} and ${end}`);
  return `${before}${begin}\n\n${run}\n\n${end}${after}`;
}

/** The run as the page tells it. */
export function runText(report: Report): string {
  const { rate, seconds, mix, throttle, seed, instances, inFlight } = report.options;
  const parts = Object.entries(mix).map(([operation, part]) => `${operation} ${part}`);
  const asked = `${rate} arrivals a second for ${seconds} s (${parts.join(", ")}; seed ${seed}), ${instances} sandboxes a function, at most ${inFlight} callers at one time.`;
  const disturbed =
    report.throttledMillis === null
      ? "Nothing throttled."
      : `In the middle third ${Math.round(throttle * 100)}% of the calls to DynamoDB and KMS were throttled, ${report.throttledCalls.toLocaleString("en")} calls.`;
  return [
    `${asked} ${disturbed} ${machineLine(report)}`,
    "![Latency of each arrival, what became of the arrivals of each second, and memory, over the time of the run](load.svg)",
    markdownTable(report),
    sentences(report)
      .map((sentence) => `- ${sentence}`)
      .join("\n"),
  ].join("\n\n");
}

/** Writes the run into the page. */
export function writePage(report: Report): void {
  writeFileSync(page, withRun(readFileSync(page, "utf8"), runText(report)));
}
