import { readFileSync } from "node:fs";

/** A file of `test/vectors/`, parsed; its shape is the reader's to know. */
export const vectors = <T>(path: string): T =>
  JSON.parse(readFileSync(new URL(`../vectors/${path}`, import.meta.url), "utf8")) as T;
