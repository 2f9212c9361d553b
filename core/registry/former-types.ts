import { limits } from "../model/limits.ts";
import type { DetailsTypeRegistration, Registration } from "../model/registry.ts";
import { problemAt, type RegistryDocument, type RegistryProblem } from "../model/registry-document.ts";
import { detailsTypeMeaning } from "../narrow/delegation.ts";

/** A details type that was taken out, while tokens that carry it may still be read somewhere. */
export interface FormerType {
  readonly name: string;
  /** Digest of what it meant (`meaning.ts`). */
  readonly meaning: string;
  /** Until then its name means this and nothing else. */
  readonly untilMillis: number;
}

/** What the registry held before, and remembers of what it held. */
interface TypesBefore {
  readonly rows: readonly Registration[];
  readonly former: readonly FormerType[];
  readonly nowMillis: number;
}

/** As long as the longest session may live: whatever was issued by a type is over then. */
const keptMillis = limits.sessionLifeMaxSeconds * 1000;

const typesIn = (rows: readonly Registration[]): ReadonlyMap<string, DetailsTypeRegistration> =>
  new Map(rows.flatMap((row) => (row.kind === "details-type" ? [[row.name, row] as const] : [])));

/** A row of the form before rules could not be compared by anybody: nothing stands under its name. */
const meaningOf = (type: DetailsTypeRegistration): string | undefined => type.rules && detailsTypeMeaning(type);

const still = ({ former, nowMillis }: TypesBefore): readonly FormerType[] =>
  former.filter(({ untilMillis }) => untilMillis > nowMillis);

/**
 * Holds every details type against what its name means already. Tokens and sessions name their types, and servers that
 * verify offline read them by declarations of their own: by a schema or a rule that was exchanged under a name, "only a"
 * is read as "all but a" (threat 33). Taking a type out and putting another in its place, in one version or in several, is
 * the same exchange.
 * @param documents of the new rows, by which a problem is placed
 */
export function typeProblems(
  before: TypesBefore,
  after: readonly Registration[],
  documents: readonly RegistryDocument[],
): readonly RegistryProblem[] {
  const types = typesIn(before.rows);
  const former = new Map(still(before).map((type) => [type.name, type]));
  const changed = after.flatMap((row, at) => {
    const document = documents[at];
    if (row.kind !== "details-type" || !document) return [];
    const present = types.get(row.name);
    const gone = present ? undefined : former.get(row.name);
    const meant = present ? meaningOf(present) : gone?.meaning;
    if (meant === undefined || meant === detailsTypeMeaning(row)) return [];
    const since = gone
      ? `until ${new Date(gone.untilMillis).toISOString()} tokens are read by what ${row.name} meant before it was taken out`
      : "schema and rules never change under a name: living tokens are read by them";
    return [problemAt(document, "name", `${since}; register the new meaning under a new name`)];
  });
  const kept = formerTypesAfter(before, after);
  const first = documents[0];
  return kept.length > limits.formerDetailsTypes && first
    ? [
        ...changed,
        problemAt(
          first,
          "",
          `more than ${limits.formerDetailsTypes} details types would be taken out in ${limits.sessionLifeMaxSeconds / 3600} hours`,
        ),
      ]
    : changed;
}

/** What is to be remembered once `after` counts: what is remembered already, and every type that it takes out. */
export function formerTypesAfter(before: TypesBefore, after: readonly Registration[]): readonly FormerType[] {
  const stays = typesIn(after);
  const removed = [...typesIn(before.rows).values()].flatMap((type): FormerType[] => {
    const meaning = meaningOf(type);
    return meaning === undefined ? [] : [{ name: type.name, meaning, untilMillis: before.nowMillis + keptMillis }];
  });
  const names = new Set(removed.map(({ name }) => name));
  const remembered = still(before).filter(({ name }) => !names.has(name));
  return [...removed, ...remembered].filter(({ name }) => !stays.has(name));
}
