/** One parsed document of the registry's folder, before it is validated. */
export interface RegistryDocument {
  readonly file: string;
  /** Line on which the document starts, from 1. */
  readonly line: number;
  readonly value: unknown;
  /** Line of each value by its path, `may.0.scopes`. A path without an entry has the line of its parent. */
  readonly lines?: ReadonlyMap<string, number>;
}

/** What is wrong, and where. */
export interface RegistryProblem {
  readonly file: string;
  readonly line: number;
  /** Path inside the document, `may.0.scopes`; empty for the document as a whole. */
  readonly path: string;
  readonly message: string;
}

/** A problem of `document` at `path`, with the nearest line known. */
export function problemAt(document: RegistryDocument, path: string, message: string): RegistryProblem {
  let at = path;
  while (at !== "" && document.lines?.has(at) !== true) at = at.includes(".") ? at.slice(0, at.lastIndexOf(".")) : "";
  return { file: document.file, line: document.lines?.get(at) ?? document.line, path, message };
}
