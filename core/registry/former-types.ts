import { limits } from "../model/limits.ts";
import type { Registration } from "../model/registry.ts";
import { problemAt, type RegistryDocument, type RegistryProblem } from "../model/registry-document.ts";
import type { DetailsTypeRegistration } from "../model/resource-registration.ts";
import { detailsTypeMeaning } from "../narrow/delegation.ts";

/** A details type that was removed while tokens that carry it may still be in use. */
export interface FormerType {
  readonly name: string;
  /** Digest of what it meant (`meaning.ts`). */
  readonly meaning: string;
  /** Until then its name must keep this meaning. */
  readonly untilMillis: number;
}

/** The details types of the version before, and the former types it remembers. */
interface TypesBefore {
  readonly rows: readonly Registration[];
  readonly former: readonly FormerType[];
  readonly nowMillis: number;
}

/** The longest life of a session: after it everything issued with the type is over. */
const keptMillis = limits.sessionLifeMaxSeconds * 1000;

const typesIn = (rows: readonly Registration[]): ReadonlyMap<string, DetailsTypeRegistration> =>
  new Map(rows.flatMap((row) => (row.kind === "details-type" ? [[row.name, row] as const] : [])));

/** A row from before there were rules could not be compared, so no session holds a detail of it. */
const meaningOf = (type: DetailsTypeRegistration): string | undefined => type.rules && detailsTypeMeaning(type);

const still = ({ former, nowMillis }: TypesBefore): readonly FormerType[] =>
  former.filter(({ untilMillis }) => untilMillis > nowMillis);

/**
 * Checks every details type against the meaning that its name already has. Tokens and sessions name their types, and
 * servers that verify offline read them by their own copies of the declaration. If schema or rules changed under a
 * name, "only a" could be read as "all but a" (threat 33). To remove a type and register another under its name, in one
 * version or in several, is the same change.
 * @param documents documents of the new rows, to locate a problem
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

/** The former types to remember once `after` applies: those remembered already, and every type that it removes. */
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
