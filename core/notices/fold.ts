import { limits } from "../model/limits.ts";
import type { Ask } from "./ask.ts";

/** One message to the people of one group. */
export interface Notice {
  readonly group: string;
  /** Everything that it tells of, the first that began to wait first, whether its text names it or only counts it. */
  readonly asks: readonly Ask[];
  /** One line of printable ASCII. */
  readonly title: string;
  /** A few lines of printable ASCII. */
  readonly text: string;
}

/**
 * Folds what began to wait into one notice a group. Each ask is in exactly one notice, however often it is given: a bus
 * delivers at least once.
 * @returns notices in the order in which their groups first came
 */
export function foldAsks(asks: readonly Ask[]): readonly Notice[] {
  const once = new Map(asks.toReversed().map((ask) => [ask.id, ask]));
  const byGroup = new Map<string, Ask[]>();
  for (const ask of [...once.values()].reverse()) {
    const of = byGroup.get(ask.group) ?? [];
    byGroup.set(ask.group, of);
    of.push(ask);
  }
  return [...byGroup].map(([group, of]) => noticeOf(group, of));
}

function noticeOf(group: string, asks: readonly Ask[]): Notice {
  const { noticeListed: listed, noticeTitleCharacters: most } = limits;
  const count = asks.length === 1 ? "1 request waits" : `${asks.length} requests wait`;
  const head = `${count} for ${plain(group)}`;
  const named = asks.slice(0, listed).map(({ id, agent }) => `${id} of agent ${plain(nameOf(agent))}`);
  const more = asks.length > listed ? [`and ${asks.length - listed} more`] : [];
  return {
    ...{ group, asks, title: `Lanyard: ${head}`.slice(0, most) },
    text: [
      ...[`${head}:`, "", ...named, ...more, ""],
      ...["Look at each before you say yes or no: lanyard approvals list", "This message decides nothing."],
    ].join("\n"),
  };
}

/** An agent's registered name; of another text all of it. */
const nameOf = (agent: string): string => agent.replace(/^spiffe:\/\/[^/]*\/agent\//, "");

/**
 * A name without anything that a mail client, a chat or a terminal would make something of: no control character, no
 * markup or mention, and neither a dot nor a colon, so that nothing in it becomes a link (threat 65). It need not be
 * exact: people look requests up by their ids.
 */
function plain(text: string): string {
  const kept = text.replace(/[^A-Za-z0-9/-]+/g, "_");
  const { noticeNameCharacters: most } = limits;
  return kept.length > most ? `${kept.slice(0, most)}_` : kept;
}
