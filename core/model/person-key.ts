import { type Clock, type Ids, nowSeconds } from "./ports.ts";
import { subjects } from "./subjects.ts";

/** The random key of one person, by whose deletion what the audit says of that person in free text is erased. */
export interface PersonKey {
  /** The person's id, `p_` + 32 base32 characters. */
  readonly person: string;
  /** 256 bits, base64url. */
  readonly key: string;
  readonly madeAtSeconds: number;
}

/** Reads keys of persons one by one. */
export interface PersonKeys {
  /** Strongly consistent; undefined where there is none: nothing was encrypted yet, or the person was erased. */
  keyOf(person: string): Promise<PersonKey | undefined>;
}

/** Has a key for every person, for what operators say of one. */
export interface PersonKeyMaker extends PersonKeys {
  /**
   * Stores a key for a person who has none.
   * @returns the key that counts: another's, where one came first
   */
  keep(made: PersonKey): Promise<PersonKey>;
}

/** The id of a person begins like this; every other principal is an agent on its own account. */
export const isPerson = (principal: string): boolean => principal.startsWith("p_");

/** The person among liveness subjects, where the principal is one. */
export const personAmong = (names: readonly string[]): string | undefined => {
  const before = subjects.principal("");
  return names.find((name) => name.startsWith(before) && isPerson(name.slice(before.length)))?.slice(before.length);
};

/** Makes a key for a person who has none. */
export const newPersonKey = (
  person: string,
  { ids, clock }: { readonly ids: Ids; readonly clock: Clock },
): PersonKey => ({
  person,
  key: ids.secret(),
  madeAtSeconds: nowSeconds(clock),
});
