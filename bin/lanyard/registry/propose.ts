import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { unifiedDiff } from "../terminal/diff.ts";
import { Refused } from "../terminal/outcome.ts";
import { edited, registrationsIn, type TextEdit, type WrittenRegistration } from "./edit.ts";

/** A change of one registration in a folder, as a difference to look at and apply. */
export interface Proposal {
  readonly file: string;
  /** `diff -u`; no lines where nothing would change. */
  readonly diff: readonly string[];
  /** Writes the file. */
  write(): Promise<void>;
}

/**
 * Makes a proposal of edits.
 * @param members what the registration's members must read as once it is carried out, by name: an edit that came out
 * otherwise is a mistake of ours and is not proposed
 * @throws Refused where the file cannot be edited so
 */
export function proposed(
  directory: string,
  written: WrittenRegistration,
  { edits, members }: { readonly edits: readonly TextEdit[]; readonly members: Readonly<Record<string, unknown>> },
): Proposal {
  const { file, text, map } = written;
  const after = edited(text, edits);
  const [kind, name] = [String(map.get("kind")), String(map.get("name"))];
  const [one] = registrationsIn({ file, text: after }, kind, name);
  const wanted = { ...(map.toJSON() as object), ...members };
  if (JSON.stringify(sorted(one?.map.toJSON())) !== JSON.stringify(sorted(wanted)))
    throw new Refused(`${file} cannot be changed where ${kind} ${name} stands; change it by hand`);
  return { file, diff: unifiedDiff(file, text, after), write: () => writeFile(join(directory, file), after) };
}

const sorted = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, inner]) => [name, sorted(inner)])
    : Array.isArray(value)
      ? value.map(sorted)
      : value;
