/** A part of a text, by offsets, and what takes its place. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Lines of context around a change, as `diff -u` prints them. */
const context = 3;

/** A text with its edits made. They do not overlap. */
export const edited = (text: string, edits: readonly Edit[]): string =>
  edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((so, { start, end, text: by }) => so.slice(0, start) + by + so.slice(end), text);

/** Lines that change together: from the first to before `to`, and what they become. */
interface Change {
  readonly from: number;
  readonly to: number;
  readonly lines: readonly string[];
}

/**
 * The edits of one file as a unified diff, as `git apply` and `patch` take it.
 * @param file its path, below the folder that the diff is applied in
 */
export function unifiedDiff(file: string, text: string, edits: readonly Edit[]): readonly string[] {
  const lines = linesOf(text);
  const changes = changesOf(text, lines, edits);
  const hunks: Change[][] = [];
  for (const change of changes) {
    const last = hunks.at(-1)?.at(-1);
    if (last && change.from - last.to <= 2 * context) hunks.at(-1)?.push(change);
    else hunks.push([change]);
  }
  let moved = 0;
  const printed = hunks.flatMap((hunk) => {
    const [first, last] = [hunk[0], hunk.at(-1)];
    if (!first || !last) return [];
    const [from, to] = [Math.max(0, first.from - context), Math.min(lines.length, last.to + context)];
    const grown = hunk.reduce((sum, { from: a, to: b, lines: by }) => sum + by.length - (b - a), 0);
    const head = `@@ -${place(from, to - from)} +${place(from + moved, to - from + grown)} @@`;
    moved += grown;
    return [head, ...bodyOf(hunk, { from, to }, lines)];
  });
  return printed.length === 0 ? [] : [`--- a/${file}`, `+++ b/${file}`, ...printed];
}

/** Lines with their ends. */
const linesOf = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

const place = (from: number, count: number): string => `${count === 0 ? from : from + 1},${count}`;

function changesOf(text: string, lines: readonly string[], edits: readonly Edit[]): readonly Change[] {
  const starts: number[] = [];
  let offset = 0;
  for (const line of lines) {
    starts.push(offset);
    offset += line.length;
  }
  const lineAt = (at: number) => starts.findLastIndex((start) => start <= at);
  const groups: { from: number; to: number; edits: Edit[] }[] = [];
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    const [from, to] = [lineAt(edit.start), lineAt(Math.max(edit.start, edit.end - 1)) + 1];
    const last = groups.at(-1);
    if (last && from < last.to) {
      last.edits.push(edit);
      last.to = Math.max(last.to, to);
    } else groups.push({ from, to, edits: [edit] });
  }
  return groups.map(({ from, to, edits: own }) => {
    const [begin, end] = [starts[from] ?? 0, starts[to] ?? text.length];
    const inside = own.map((edit) => ({ ...edit, start: edit.start - begin, end: edit.end - begin }));
    return { from, to, lines: linesOf(edited(text.slice(begin, end), inside)) };
  });
}

function bodyOf(
  hunk: readonly Change[],
  { from, to }: { readonly from: number; readonly to: number },
  lines: readonly string[],
): readonly string[] {
  const out: string[] = [];
  const put = (sign: string, some: readonly string[]) => {
    for (const line of some)
      out.push(sign + line.replace(/\n$/, ""), ...(line.endsWith("\n") ? [] : ["\\ No newline at end of file"]));
  };
  let at = from;
  for (const change of hunk) {
    put(" ", lines.slice(at, change.from));
    put("-", lines.slice(change.from, change.to));
    put("+", change.lines);
    at = change.to;
  }
  put(" ", lines.slice(at, to));
  return out;
}
