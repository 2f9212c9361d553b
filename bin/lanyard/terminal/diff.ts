/** Lines of context around a change, and most lines of a change that are compared with one another. */
const context = 3;
const comparedMost = 2_000;

type Line = readonly [mark: " " | "-" | "+", text: string];

/**
 * The difference between two texts, as `diff -u` writes it, so that `patch` and `git apply` take it.
 * @param file its name, for the header
 * @returns the lines; none when the texts are equal
 */
export function unifiedDiff(file: string, before: string, after: string): readonly string[] {
  if (before === after) return [];
  const lines = compared(before.split("\n"), after.split("\n"));
  const near = lines.map((_, at) => lines.slice(Math.max(0, at - context), at + context + 1).some(([m]) => m !== " "));
  const hunks: string[] = [];
  let [old, now] = [1, 1];
  for (let at = 0; at < lines.length; ) {
    const [mark] = lines[at] as Line;
    if (!near[at]) {
      if (mark !== "+") old++;
      if (mark !== "-") now++;
      at++;
      continue;
    }
    const next = near.indexOf(false, at);
    const hunk = lines.slice(at, next === -1 ? undefined : next);
    const [removed, added] = [hunk.filter(([m]) => m !== "+").length, hunk.filter(([m]) => m !== "-").length];
    hunks.push(`@@ -${old},${removed} +${now},${added} @@`, ...hunk.map(([m, text]) => m + text));
    [old, now, at] = [old + removed, now + added, at + hunk.length];
  }
  return [`--- a/${file}`, `+++ b/${file}`, ...hunks];
}

/** Marks each line; what is equal at both ends is taken off first. */
function compared(before: readonly string[], after: readonly string[]): readonly Line[] {
  // a text that ends with a line's end has no line behind it
  if (before.at(-1) === "" && after.at(-1) === "") return compared(before.slice(0, -1), after.slice(0, -1));
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < Math.min(before.length, after.length) - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const same = (text: string): Line => [" ", text];
  return [
    ...before.slice(0, start).map(same),
    ...changed(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(same),
  ];
}

/** By the longest common subsequence; two texts that are too long for it are replaced whole. */
function changed(before: readonly string[], after: readonly string[]): readonly Line[] {
  const gone = (text: string): Line => ["-", text];
  const come = (text: string): Line => ["+", text];
  if (before.length > comparedMost || after.length > comparedMost) return [...before.map(gone), ...after.map(come)];
  const common = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  const length = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      (common[i] as Uint16Array)[j] =
        before[i] === after[j] ? length(i + 1, j + 1) + 1 : Math.max(length(i + 1, j), length(i, j + 1));
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old = "", now = ""] = [before[i], after[j]];
    if (i < before.length && j < after.length && old === now) {
      lines.push([" ", old]);
      i++;
      j++;
    } else if (i < before.length && (j >= after.length || length(i + 1, j) >= length(i, j + 1))) {
      lines.push(["-", old]);
      i++;
    } else {
      lines.push(["+", now]);
      j++;
    }
  }
  return lines;
}
