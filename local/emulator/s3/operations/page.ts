/** Cuts a listing into pages: by prefix, rolled up at a delimiter, from behind the last page's end. */

/** What a page is cut from. */
interface Wanted<Item> {
  /** In the order of the listing. */
  readonly items: readonly Item[];
  readonly keyOf: (item: Item) => string;
  readonly prefix: string;
  /** Empty = nothing is rolled up. */
  readonly delimiter: string;
  /** Whether an item comes behind the place where this page begins. */
  readonly isBehind: (item: Item) => boolean;
  /** Common prefix that ended the last page, whose keys are said already. */
  readonly said?: string | undefined;
  readonly most: number;
}

/** One page. */
interface Page<Item> {
  readonly items: readonly Item[];
  readonly commonPrefixes: readonly string[];
  /** Last thing of this page when more follows: the next begins behind it. */
  readonly last?: { readonly item: Item; readonly commonPrefix?: string };
}

/** Cuts one page. Common prefixes count as one thing each. */
export function pageOf<Item>({ items, keyOf, prefix, delimiter, isBehind, said, most }: Wanted<Item>): Page<Item> {
  const found: Item[] = [];
  const commonPrefixes: string[] = [];
  let last: Page<Item>["last"];
  for (const item of items) {
    const key = keyOf(item);
    if (!key.startsWith(prefix) || !isBehind(item) || (said !== undefined && key.startsWith(said))) continue;
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const commonPrefix = end < 0 ? undefined : key.slice(0, end + delimiter.length);
    if (commonPrefix !== undefined && commonPrefixes.at(-1) === commonPrefix) continue;
    if (found.length + commonPrefixes.length >= most)
      return { items: found, commonPrefixes, ...(last === undefined ? {} : { last }) };
    if (commonPrefix === undefined) found.push(item);
    else commonPrefixes.push(commonPrefix);
    last = { item, ...(commonPrefix === undefined ? {} : { commonPrefix }) };
  }
  return { items: found, commonPrefixes };
}
