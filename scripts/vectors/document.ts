import type { z } from "zod";
import type { VectorFolder } from "./folder.ts";

/** What comes out: proved; refused; or genuine, and refused by our own rules alone. */
export type Outcome = "valid" | "invalid" | "policy";

/** What a verifier said of a document. */
export interface Evaluated {
  readonly outcome: Outcome;
  /** What was proved, or the check that failed and why. */
  readonly reason: string;
}

/** One document and what its note expects. */
export interface VectorDocument {
  /** Path of the file, with `#case` where a file holds several. */
  readonly file: string;
  /** The note's own word. */
  readonly said: string;
  /** Outcomes that keep to the note, or the one we decided on where it leaves the choice to us. */
  readonly expected: readonly Outcome[];
  readonly evaluate: () => Evaluated | Promise<Evaluated>;
  /** Why nothing of ours could evaluate it; then it is counted by itself, as neither passed nor failed. */
  readonly notOurs?: string;
}

/** Reads the documents of one kind of manifest. */
export interface Topic {
  /** Fits the names of the files that may be such a manifest. */
  readonly manifest: RegExp;
  /** @returns undefined when the content is another topic's */
  readonly documents: (content: unknown, folder: VectorFolder, file: string) => readonly VectorDocument[] | undefined;
}

/** A topic whose manifest has one shape. */
export const topic = <T>(
  manifest: RegExp,
  shape: z.ZodType<T>,
  documents: (content: T, folder: VectorFolder, file: string) => readonly VectorDocument[],
): Topic => ({
  manifest,
  documents: (content, folder, file) => {
    const read = shape.safeParse(content);
    return read.success ? documents(read.data, folder, file) : undefined;
  },
});

/** A document that fails by itself and says why: what cannot be read is never passed over. */
export const unreadable = (file: string, why: string): VectorDocument => ({
  file,
  said: "readable",
  expected: ["valid"],
  evaluate: () => {
    throw new Error(why);
  },
});

/**
 * A document that was read, and that is about something which Lanyard does not do. For what a reader knows by name
 * alone: whatever it does not know is {@link unreadable}.
 * @param why what it is, and what we do not do
 */
export const notOurs = (file: string, why: string): VectorDocument => ({ ...unreadable(file, why), notOurs: why });

/** The manifest whose list is read. */
interface Place {
  readonly folder: VectorFolder;
  readonly file: string;
}

/**
 * Reads a list case by case. One of another shape fails alone, whatever stands beside it is tried; an empty list fails,
 * since a manifest without cases proves nothing.
 * @param documents what one case asks to be tried
 */
export function eachCase<T>(
  list: readonly unknown[],
  { folder, file, shape }: Place & { readonly shape: z.ZodType<T> },
  documents: (one: T) => VectorDocument | readonly VectorDocument[],
): readonly VectorDocument[] {
  if (list.length === 0) return [unreadable(folder.label(file), "has an empty list of cases")];
  return list.flatMap((entry, index) => {
    const read = shape.safeParse(entry);
    const [issue] = read.success ? [] : read.error.issues;
    const why = issue && [...issue.path.map(String), issue.message].join(": ");
    return read.success
      ? documents(read.data)
      : unreadable(folder.label(file, nameOf(entry, index)), `no case: ${why}`);
  });
}

/** What a reader of the report finds an odd case by. */
function nameOf(entry: unknown, index: number): string {
  const { name, id, file } = (entry ?? {}) as Readonly<Record<string, unknown>>;
  const own = [name, id, file].find((value) => typeof value === "string" && value !== "");
  return own === undefined ? `${index + 1}` : `${index + 1} ${own}`;
}

const acceptance = /^(valid|accept|allow)\b/;
/** Words by which a note leaves the choice to the verifier. */
const open = /^either\b|\bor\b|-if-|\bif\b/;

/**
 * The outcomes that a note's word allows. A choice that nobody has made yet may fall either way; a word nobody knows asks
 * for a refusal.
 * @param decided what we chose, where the note leaves it to us
 */
export function outcomesOf(said: string, decided?: Outcome): readonly Outcome[] {
  if (decided !== undefined) return [decided];
  if (open.test(said)) return ["valid", "invalid", "policy"];
  if (acceptance.test(said)) return ["valid"];
  return said.startsWith("policy") ? ["policy"] : ["invalid"];
}

/** As {@link outcomesOf}, for verifiers that do not tell a rule of ours from a forgery: refused is refused. */
export const accepts = (said: string, decided?: Outcome): readonly Outcome[] =>
  outcomesOf(said, decided).map((outcome) => (outcome === "policy" ? "invalid" : outcome));

/** What a result says, in the words of a vector. */
export function evaluated<T, E>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E },
  proved: (value: T) => string,
  why: (error: E) => string,
): Evaluated {
  return result.ok
    ? { outcome: "valid", reason: proved(result.value) }
    : { outcome: "invalid", reason: why(result.error) };
}

/** A denial in one line. */
export function denialText(denial: { readonly code: string }): string {
  const { code, check, why, field } = denial as { code: string; check?: unknown; why?: unknown; field?: unknown };
  return [code, check ?? field, why].filter((part) => typeof part === "string").join(": ");
}
