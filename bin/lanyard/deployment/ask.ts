import { Refused, Usage } from "../terminal/outcome.ts";
import { callSigned } from "./call.ts";
import type { CommandContext } from "./context.ts";
import type { Profile } from "./profile.ts";

/** Query parameters of a question; undefined ones are left out. */
export type Query = Readonly<Record<string, string | undefined>>;

const addressOf = ({ adminRead }: Profile): string => (adminRead.endsWith("/") ? adminRead : `${adminRead}/`);

/**
 * Asks admin-read one question.
 * @throws Usage for a path that is not below admin-read's URL: a name with `..` in it would ask something else
 * @throws Refused
 */
export async function ask(profile: Profile, path: string, query: Query = {}): Promise<Record<string, unknown>> {
  const base = new URL(addressOf(profile));
  const url = new URL(path, base);
  if (url.origin !== base.origin || url.pathname !== `${base.pathname}${path}`)
    throw new Usage(`${JSON.stringify(path)} names nothing of a deployment`);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  return callSigned(profile, url.href, { method: "GET" });
}

/** A question for a list. */
interface ListQuestion<T> {
  /** Below admin-read's own path. */
  readonly path: string;
  readonly query?: Query;
  /** Reads one item of the answer; throws where the item is malformed. */
  readonly read: (item: unknown) => T;
  /** Most items; all when left out. */
  readonly limit?: number;
  /** Which items to keep; all when left out. */
  keep?(item: T): boolean;
}

/** A list as far as it was read. */
export interface ListAnswer<T> {
  readonly items: readonly T[];
  readonly pages: readonly Record<string, unknown>[];
  /** Whether there are more items. */
  readonly more: boolean;
}

const pageMost = 100;

/**
 * Reads every page of a list, or as many as its limit needs. From the second page on, the terminal shows the progress.
 * @throws Refused
 */
export async function askAll<T>(
  { profile, terminal }: CommandContext,
  { path, query = {}, read, limit = Number.POSITIVE_INFINITY, keep = () => true }: ListQuestion<T>,
): Promise<ListAnswer<T>> {
  const items: T[] = [];
  const pages: Record<string, unknown>[] = [];
  let cursor: string | undefined;
  do {
    const size = String(Math.min(pageMost, limit));
    const page = await ask(profile, path, { limit: size, ...query, ...(cursor === undefined ? {} : { cursor }) });
    if (!Array.isArray(page.items)) throw new Refused("admin-read answered something else than a list");
    items.push(...page.items.map(read).filter(keep));
    pages.push(page);
    cursor = typeof page.next === "string" ? page.next : undefined;
    if (cursor !== undefined) terminal.progress?.(`${items.length} so far…`);
  } while (cursor !== undefined && items.length < limit);
  if (pages.length > 1) terminal.progress?.("");
  return { items: items.slice(0, limit), pages, more: cursor !== undefined || items.length > limit };
}
