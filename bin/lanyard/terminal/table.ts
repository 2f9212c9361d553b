import { plain } from "./plain.ts";
import { cut, padded, widthOf } from "./width.ts";

/** One column of a table. */
export interface Column<T> {
  readonly title: string;
  readonly of: (row: T) => string;
  /** Never cut: for ids that people copy, or values that distinguish rows. */
  readonly whole?: true;
  /** Smallest width to which it is cut, in columns of the terminal; 8 when left out. */
  readonly least?: number;
}

const gap = "  ";
const narrowest = 8;

/**
 * Rows as lines under titles.
 * @param columns width of the terminal, in which a wide character takes two; when left out nothing is cut, since a
 * program may read the output
 */
export function table<T>(rows: readonly T[], shape: readonly Column<T>[], columns?: number): readonly string[] {
  const cells = rows.map((row) => shape.map(({ of }) => plain(of(row))));
  const widest = shape.map(({ title }, at) =>
    cells.reduce((most, row) => Math.max(most, widthOf(row[at] ?? "")), title.length),
  );
  const widths = columns === undefined ? widest : fitted(widest, shape, columns);
  const line = (texts: readonly string[]) =>
    texts
      .map((text, at) => padded(cut(text, widths[at] ?? 0), widths[at] ?? 0))
      .join(gap)
      .trimEnd();
  return [line(shape.map(({ title }) => title)), ...cells.map(line)];
}

const leastOf = (column: Column<never> | undefined): number => column?.least ?? narrowest;

/** Narrows the widest column that may be cut, until the line fits or no column may be cut further. */
function fitted(widest: readonly number[], shape: readonly Column<never>[], columns: number): readonly number[] {
  const widths = [...widest];
  const total = () => widths.reduce((sum, width) => sum + width, 0) + gap.length * (widths.length - 1);
  while (total() > columns) {
    const candidates = widths.map((width, at) => (shape[at]?.whole || width <= leastOf(shape[at]) ? 0 : width));
    const most = Math.max(...candidates);
    if (most === 0) return widths;
    const at = candidates.indexOf(most);
    widths[at] = Math.max(leastOf(shape[at]), most - Math.max(1, Math.ceil((total() - columns) / 4)));
  }
  return widths;
}
