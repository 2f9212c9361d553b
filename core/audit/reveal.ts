import { isPerson } from "../model/person-key.ts";
import { decryptText, isEncrypted } from "./personal.ts";

/** What stands in an answer for a text whose key is there no more. */
export const erased = "[erased]";

/** A person's key as a reader has it; undefined where there is none. */
export type KeyOf = (person: string) => Promise<string | undefined>;

/** Columns of one record, by which its texts are found. */
interface Readable {
  readonly principal?: unknown;
  readonly target?: unknown;
  readonly purpose?: unknown;
  readonly reason?: unknown;
  readonly asked?: unknown;
}

/** Whose key an operator's reason was encrypted under: the person's whom the order names, else the session's. */
const personOfReason = ({ target, principal }: Readable): unknown => {
  const [, named] = typeof target === "string" ? (/^principal:(p_.*)$/.exec(target) ?? []) : [];
  return named ?? principal;
};

/**
 * Decrypts what columns of a record have of a person. What is not encrypted stays as it is.
 * @param eventId the record's `metadata.uid`
 * @param keyOf asked for each person that a text is of, and for nobody else
 * @returns the columns, with {@link erased} where the person's key is gone: also where there is another, which a login
 *   after the erasure made
 */
export async function revealColumns<T extends Readable>(columns: T, eventId: string, keyOf: KeyOf): Promise<T> {
  const open = async (text: unknown, column: string, person: unknown): Promise<unknown> => {
    if (typeof text !== "string" || !isEncrypted(text)) return text;
    const key = typeof person === "string" && isPerson(person) ? await keyOf(person) : undefined;
    return (key === undefined ? undefined : decryptText(text, key, { eventId, column })) ?? erased;
  };
  const question = async (one: unknown, n: number): Promise<unknown> => {
    if (typeof one !== "object" || one === null) return one;
    const { principal, purpose, groups } = one as Readonly<Record<string, unknown>>;
    const text = Array.isArray(groups) && groups.length === 1 ? groups[0] : undefined;
    const opened = await open(text, `asked[${n}].groups`, principal);
    return {
      ...one,
      ...(opened === text ? {} : { groups: opened === erased ? [erased] : JSON.parse(String(opened)) }),
      ...(purpose === undefined ? {} : { purpose: await open(purpose, `asked[${n}].purpose`, principal) }),
    };
  };
  const { purpose, reason, asked } = columns;
  return {
    ...columns,
    ...(purpose === undefined ? {} : { purpose: await open(purpose, "purpose", columns.principal) }),
    ...(reason === undefined ? {} : { reason: await open(reason, "reason", personOfReason(columns)) }),
    ...(Array.isArray(asked) ? { asked: await Promise.all(asked.map(question)) } : {}),
  };
}
