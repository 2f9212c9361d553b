import { callSigned } from "../admin-call.ts";
import { Refused, type Terminal } from "../outcome.ts";
import type { Profile } from "../profile.ts";

/** Query of a question; what is undefined is left out. */
export type Query = Readonly<Record<string, string | undefined>>;

const addressOf = ({ adminRead }: Profile): string => (adminRead.endsWith("/") ? adminRead : `${adminRead}/`);

/** Asks admin-read one question. @throws Refused */
export function ask(profile: Profile, path: string, query: Query = {}): Promise<Record<string, unknown>> {
  const url = new URL(path, addressOf(profile));
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  return callSigned(profile, url.href, { method: "GET" });
}

/**
 * Every page of a list. How far it is shows on the terminal from the second page on.
 * @param shape reads one item of the answer, and throws when it is none
 */
export async function askAll<T>(
  profile: Profile,
  path: string,
  query: Query,
  shape: (value: unknown) => T,
  terminal: Terminal,
): Promise<{ readonly items: readonly T[]; readonly pages: readonly Record<string, unknown>[] }> {
  const items: T[] = [];
  const pages: Record<string, unknown>[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask(profile, path, { limit: "100", ...query, ...(cursor === undefined ? {} : { cursor }) });
    if (!Array.isArray(page.items)) throw new Refused("admin-read answered something else than a list");
    items.push(...page.items.map(shape));
    pages.push(page);
    cursor = typeof page.next === "string" ? page.next : undefined;
    if (cursor !== undefined) terminal.progress?.(`${items.length} so far…`);
  } while (cursor !== undefined);
  if (pages.length > 1) terminal.progress?.("");
  return { items, pages };
}
