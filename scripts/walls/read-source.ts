/** Reads a source file as far as the walls need it: its imports, and its code without comments and texts. */

/** One import, export-from or dynamic import. */
export interface Reference {
  readonly line: number;
  readonly specifier: string;
}

/** A file as read. */
export interface Source {
  readonly references: readonly Reference[];
  /** The code line by line; comments are blank, texts empty, code inside template literals stays. */
  readonly lines: readonly string[];
}

/** Comments, texts and whole template literals; the first alternative that fits at a place wins. */
const pieces = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g;

const imports = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*(["'])((?:(?!\1)[^\\\n])+)\1/g;

/** Reads a file's text. Types count: a type that crosses a wall ties both sides as a value does. */
export function readSource(text: string): Source {
  const withoutComments = text.replace(pieces, (piece) => (piece.startsWith("/") ? blank(piece) : piece));
  const references = [...withoutComments.matchAll(imports)].map((match) => ({
    line: withoutComments.slice(0, match.index).split("\n").length,
    specifier: match[2] ?? "",
  }));
  const code = text.replace(pieces, (piece) => (piece.startsWith("/") ? blank(piece) : '""'));
  return { references, lines: code.split("\n") };
}

/** Keeps the line breaks, so that line numbers stay true. */
function blank(piece: string): string {
  return piece.replace(/[^\n]/g, " ");
}
