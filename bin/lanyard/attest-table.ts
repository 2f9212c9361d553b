import type { Explanation } from "./attest-explanation.ts";

const longest = 160;

/** Text of a stranger for a terminal: no control or bidirectional characters, bounded. */
export const forTerminal = (text: string): string => {
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu, "?");
  return plain.length > longest ? `${plain.slice(0, longest)}…` : plain;
};

/** The lines of an explanation, for people. */
export function explanationLines(file: string, at: Date, told: Explanation): readonly string[] {
  const { checks, notChecked, facts } = told;
  const names = [...checks, ...notChecked].map((c) => c.name.length);
  const width = Math.max(8, ...names, ...Object.keys(facts).map((name) => Math.min(name.length, 40)));
  const row = (mark: string, name: string, text: string) =>
    `  ${mark.padEnd(5)} ${forTerminal(name).padEnd(width)}  ${forTerminal(text)}`.trimEnd();
  return [
    `file   ${forTerminal(file)}`,
    `type   ${forTerminal(told.type)}`,
    `clock  ${at.toISOString().replace(".000Z", "Z")}`,
    "",
    "checks",
    ...checks.map(({ name, ok, detail }) => row(ok ? "ok" : "FAIL", name, detail)),
    ...(notChecked.length > 0 ? ["", "not checked"] : []),
    ...notChecked.map(({ name, why }) => row("-", name, why)),
    ...(Object.keys(facts).length > 0 ? ["", "facts"] : []),
    ...Object.entries(facts).map(([name, value]) => row("", name, value)),
    "",
    verdict(told),
  ];
}

/** One line: what came out and by what. */
export function verdict({ accepted, assurance, checks, notChecked }: Explanation): string {
  const failed = checks.find((check) => !check.ok);
  if (failed) return `refused by ${failed.name}: ${forTerminal(failed.detail)}`;
  if (!accepted) return "not accepted: nothing failed, but what would prove it was not checked";
  const left = notChecked.length === 0 ? "" : `, with ${notChecked.length} of a deployment's checks not made`;
  return `accepted, assurance ${assurance}${left}`;
}
