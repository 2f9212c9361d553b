/** The README's own lines, as programs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const page = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");

/** What stands for a reader's own values in the README, and what they are here. */
type Values = Readonly<Record<string, string>>;

/**
 * The JavaScript below a heading of the README.
 * @param values exchanged in it; each must occur, so that the page and this stay together
 */
export function linesOf(heading: string, values: Values = {}): string {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const [, lines] = /```js\n([\s\S]*?)```/.exec(section.split("\n## ")[0] ?? "") ?? [];
  if (lines === undefined) throw new Error(`the README has no lines of JavaScript under ${heading}`);
  return Object.entries(values).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the README's lines under ${heading} have no ${from}`);
    return text.replaceAll(from, to);
  }, lines);
}

/** The two sections that are run. */
export const agentHeading = "Call it from an agent";
export const serverHeading = "Guard a resource";
