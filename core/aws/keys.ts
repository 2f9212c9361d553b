/** Keys in S3 or DynamoDB: one key, or with `open` all keys that begin with it. */
export interface Keys {
  readonly text: string;
  readonly open: boolean;
}

/** Every key. */
export const everyKey: readonly Keys[] = [{ text: "", open: true }];

/** True when a set of keys is not bounded at all. */
export const isEveryKey = (keys: readonly Keys[]): boolean => keys.some(({ text, open }) => open && text === "");

const covers = (outer: Keys, inner: Keys): boolean =>
  outer.open ? inner.text.startsWith(outer.text) : !inner.open && inner.text === outer.text;

/** The keys of either set. A key that another one covers is left out, since policies must be short. */
export function union(keys: readonly Keys[]): readonly Keys[] {
  const kept: Keys[] = [];
  // a shorter text, and of equal texts the open one, covers those after it
  const sorted = [...keys].sort((a, b) => a.text.length - b.text.length || Number(b.open) - Number(a.open));
  for (const one of sorted) if (!kept.some((outer) => covers(outer, one))) kept.push(one);
  return kept.sort((a, b) => (a.text < b.text ? -1 : 1));
}

/** The keys that are in both. */
export const intersection = (some: readonly Keys[], others: readonly Keys[]): readonly Keys[] =>
  union(
    some.flatMap((a) =>
      others.flatMap((b) => {
        if (covers(a, b)) return [b];
        return covers(b, a) ? [a] : [];
      }),
    ),
  );

/**
 * A text written so that an IAM pattern matches it literally: `*` and `?` would match other texts, and `${` would begin
 * a policy variable (threat 19).
 */
const escaped = (text: string): string => text.replace(/[*?]|\$(?=\{)/g, (character) => `\${${character}}`);

/** The pattern of IAM that matches these keys and no others. */
export const patternOf = ({ text, open }: Keys): string => `${escaped(text)}${open ? "*" : ""}`;
