import { readFile } from "node:fs/promises";
import { Usage } from "../terminal/outcome.ts";

/** A file's text; undefined when it does not exist. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR"))
      return undefined;
    throw cause;
  }
}

/** @throws Usage that names the file */
export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Usage(`${file} is not JSON`);
  }
}
