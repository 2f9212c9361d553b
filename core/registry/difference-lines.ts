import type { RegistryDifference } from "./difference.ts";

/** Longest value that is shown whole. */
const shownCharacters = 160;

/** A difference as people read it: what is added, changed (value by value) and removed, one line each. */
export function differenceLines({ added, changed, removed }: RegistryDifference): readonly string[] {
  return [
    ...added.map((name) => `+ ${name}`),
    ...changed.flatMap(({ name, values }) => [
      `~ ${name}`,
      ...values.map(({ path, before, after }) => `    ${path}: ${shown(before)} → ${shown(after)}`),
    ]),
    ...removed.map((name) => `- ${name}`),
  ];
}

const shown = (value: unknown): string => {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters)}…`;
};
