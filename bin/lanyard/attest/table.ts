import type { Explanation } from "./explanation.ts";
import type { Said } from "./said.ts";

const longest = 160;

/** A text from outside, made safe for a terminal: without control and bidirectional characters, and bounded. */
export const forTerminal = (text: string): string => {
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu, "?");
  return plain.length > longest ? `${plain.slice(0, longest)}…` : plain;
};

/** One page about a document. */
interface ExplanationPage {
  readonly file: string;
  /** The time it was checked for, ISO 8601. */
  readonly clock: string;
  readonly told: Explanation;
  readonly said: Said;
  readonly advice?: string;
}

type Row = readonly [mark: string, name: string, text: string];

/** The lines of an explanation, for people: what the document says, what was checked, what is proven, the verdict. */
export function explanationLines({ file, clock, told, said, advice }: ExplanationPage): readonly string[] {
  const sections: readonly (readonly [string, readonly Row[]])[] = [
    ["it says (none of it proven)", said.lines.map(([name, text]) => ["", name, text])],
    ["checks", told.checks.map(({ name, ok, detail }) => [ok ? "ok" : "FAIL", name, detail])],
    ["not checked", told.notChecked.map(({ name, why }) => ["-", name, why])],
    ["facts", Object.entries(told.facts).map(([name, value]) => ["", name, value])],
  ];
  const width = Math.max(...sections.flatMap(([, rows]) => rows.map(([, name]) => Math.min(name.length, 40))), 8);
  const line = ([mark, name, text]: Row) =>
    `  ${mark.padEnd(5)} ${forTerminal(name).padEnd(width)}  ${forTerminal(text)}`.trimEnd();
  return [
    `file   ${forTerminal(file)}`,
    `type   ${forTerminal(told.type)}`,
    `clock  ${clock}`,
    ...sections.flatMap(([title, rows]) => (rows.length === 0 ? [] : ["", title, ...rows.map(line)])),
    "",
    verdict(told),
    ...(advice === undefined ? [] : [`next: ${advice}`]),
  ];
}

/** The verdict and its reason, in one line. */
export function verdict({ accepted, assurance, checks, notChecked }: Explanation): string {
  const failed = checks.find((check) => !check.ok);
  if (failed) return `refused by ${failed.name}: ${forTerminal(failed.detail)}`;
  if (!accepted) return "not accepted: nothing failed, but what would prove it was not checked";
  const left = notChecked.length === 0 ? "" : `, with ${notChecked.length} of a deployment's checks not made`;
  return `accepted, assurance ${assurance}${left}`;
}
