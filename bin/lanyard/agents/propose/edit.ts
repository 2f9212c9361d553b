import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, visit, type YAMLMap, type YAMLSeq } from "yaml";
import type { ScopeSet } from "../../../../core/model/agent-registration.ts";
import type { Edit } from "./unified.ts";
import { pairOf } from "./use.ts";

/** Where an agent's registration stands. */
export interface Place {
  readonly text: string;
  readonly map: YAMLMap;
}

/** Why a registration cannot be edited in its file. */
export const byHand = "it uses an anchor or an alias: edit it by hand";

const members = ["may", "lends", "quarantine"] as const;

/** Whether a registration's bounds are written out where they stand, so that an edit of them changes nothing else. */
export function isPlain({ map }: Place): boolean {
  let plain = true;
  visit(map, {
    Node(_, node) {
      if (isAlias(node) || (node as { anchor?: string }).anchor !== undefined) plain = false;
    },
  });
  return plain;
}

/** The edit that suspends it. */
export function suspending({ map }: Place): readonly Edit[] {
  const state = pairIn(map, "state")?.value;
  const [start, end] = (isScalar(state) && state.range) || [];
  return start === undefined || end === undefined ? [] : [{ start, end, text: "suspended" }];
}

/**
 * The edits that take scopes out of what it may hold, lends itself and keeps in quarantine: each set of scopes where it
 * stands, sets that would be empty as a whole.
 * @param sets the same lists as they are read, with the values of placeholders
 * @param unused scopes to take out, as {@link pairOf} names them
 */
export function taking(
  place: Place,
  sets: Readonly<Record<(typeof members)[number], readonly ScopeSet[]>>,
  unused: ReadonlySet<string>,
): readonly Edit[] {
  return members.flatMap((member) => {
    const pair = pairIn(place.map, member);
    const value = pair?.value;
    if (!pair) return [];
    if (member !== "quarantine") return isSeq(value) ? takingFrom(place.text, pair, sets[member], unused) : [];
    const scopes = isMap(value) ? pairIn(value, "scopes") : undefined;
    // a profile without any scope is none
    if (sets.quarantine.every((set) => set.scopes.every((scope) => unused.has(pairOf(set.resource, scope)))))
      return [wholeLines(place.text, rangeOf(pair.key as Node)[0], rangeOf(value as Node)[1])];
    return scopes ? takingFrom(place.text, scopes, sets.quarantine, unused) : [];
  });
}

const pairIn = (map: YAMLMap, name: string): Pair | undefined =>
  map.items.find(({ key }) => isScalar(key) && key.value === name);

function takingFrom(text: string, pair: Pair, sets: readonly ScopeSet[], unused: ReadonlySet<string>): readonly Edit[] {
  const list = pair.value as YAMLSeq;
  const left = sets.map(({ resource, scopes }) => scopes.map((scope) => !unused.has(pairOf(resource, scope))));
  const whole = left.map((kept) => !kept.includes(true));
  if (!whole.includes(false)) return [emptied(text, pair)];
  const inside = list.items.flatMap((item, at) => {
    const scopes = isMap(item) && !whole[at] ? pairIn(item, "scopes") : undefined;
    return scopes
      ? without(
          text,
          scopes.value as YAMLSeq,
          (left[at] ?? []).map((kept) => !kept),
        )
      : [];
  });
  // of a list within brackets the whole text is written anew, with what is inside of it
  if (list.flow && whole.includes(true)) return without(text, list, whole, inside);
  return [...inside, ...without(text, list, whole)];
}

/** The edits that remove some items of a list. */
function without(
  text: string,
  list: YAMLSeq,
  removed: readonly boolean[],
  inside: readonly Edit[] = [],
): readonly Edit[] {
  if (!removed.includes(true)) return [];
  const items = list.items as Node[];
  if (!list.flow)
    return items.flatMap((item, at) => (removed[at] ? [wholeLines(text, rangeOf(item)[0], rangeOf(item)[1])] : []));
  const kept = items.filter((_, at) => !removed[at]).map((item) => textWith(text, rangeOf(item), inside));
  const [start, end] = rangeOf(list);
  return [{ start, end, text: `[${kept.join(", ")}]` }];
}

const textWith = (text: string, [from, to]: readonly [number, number], edits: readonly Edit[]): string =>
  edits
    .filter(({ start, end }) => start >= from && end <= to)
    .toSorted((a, b) => b.start - a.start)
    .reduce(
      (so, { start, end, text: by }) => so.slice(0, start - from) + by + so.slice(end - from),
      text.slice(from, to),
    );

function emptied(text: string, pair: Pair): Edit {
  const [, start] = rangeOf(pair.key as Node);
  const [from, to] = rangeOf(pair.value as Node);
  const end = from + text.slice(from, to).trimEnd().length;
  return { start, end, text: ": []" };
}

/** Begin and end of a node's value, in the file. */
const rangeOf = ({ range }: Node): readonly [number, number] => {
  if (!range) throw new Error("a node that was parsed has a range");
  return [range[0], range[1]];
};

/** The lines that hold a part of a text, removed. */
function wholeLines(text: string, from: number, to: number): Edit {
  const start = text.lastIndexOf("\n", from) + 1;
  const last = from + text.slice(from, to).trimEnd().length;
  const end = text.indexOf("\n", last);
  return { start, end: end < 0 ? text.length : end + 1, text: "" };
}
