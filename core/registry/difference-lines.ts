import type { RegistryDifference } from "../model/registry-difference.ts";

/** Longest value that is shown whole. */
const shownCharacters = 160;
/** How much of the common beginning of two long values is shown before they differ. */
const alikeCharacters = 40;

/** A difference as text for people: each addition, changed value and removal on a line of its own. */
export function differenceLines({ added, changed, removed }: RegistryDifference): readonly string[] {
  return [
    ...added.map((name) => `+ ${name}`),
    ...changed.flatMap(({ name, values }) => [
      `~ ${name}`,
      ...values.map(({ path, before, after }) => `    ${path}: ${change(textOf(before), textOf(after))}`),
    ]),
    ...removed.map((name) => `- ${name}`),
    ...weakened(removed, changed),
  ];
}

/**
 * Warnings that a list of names does not give: when a policy is removed, its prohibition ends too, without any error.
 */
function weakened(removed: readonly string[], changed: RegistryDifference["changed"]): readonly string[] {
  const policies = (names: readonly string[]) => names.filter((name) => name.startsWith("policy ")).map(bareName);
  const logged = changed.filter(({ values }) => values.some(({ path, after }) => path === "mode" && after === "log"));
  const gone = policies(removed);
  const quiet = policies(logged.map(({ name }) => name));
  const say = (names: readonly string[], what: string): string[] =>
    names.length === 0 ? [] : [`! ${names.length === 1 ? "policy" : "policies"} ${names.join(", ")} ${what}`];
  const effect = "what was forbidden by it alone may be had again, and what it alone permitted may not";
  return [...say(gone, `would be taken away: ${effect}`), ...say(quiet, `would only be logged: ${effect}`)];
}

const bareName = (name: string): string => name.slice("policy ".length);

const textOf = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value));

/** Both values, long ones from shortly before the place where they differ, since long texts often begin alike. */
function change(before: string, after: string): string {
  let alike = 0;
  while (alike < Math.min(before.length, after.length) && before[alike] === after[alike]) alike++;
  const long = Math.max(before.length, after.length) > shownCharacters;
  const from = long ? Math.max(0, alike - alikeCharacters) : 0;
  return `${excerpt(before, from)} → ${excerpt(after, from)}`;
}

function excerpt(text: string, from: number): string {
  const to = from + shownCharacters;
  return `${from > 0 ? "…" : ""}${text.slice(from, to)}${text.length > to ? "…" : ""}`;
}
