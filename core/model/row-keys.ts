import type { RateBucket } from "./ports.ts";

/**
 * Keys of table Counters (`key`): what is counted, or agreed on, by updates. The first word of a key tells the kind of
 * its row.
 */
export const counterKeys = {
  /**
   * Signatures, revocations, or credentials of AWS, that an agent caused within one second; or persons' keys that an
   * operator was given, or what an issuer said of its people, by functions that count nothing of agents.
   */
  rate: (agentId: string, atSeconds: number, what: RateBucket = "issue") =>
    what === "reveal" || what === "signal"
      ? `${what}#${agentId}#${atSeconds}`
      : what === "issue"
        ? `rate#${agentId}#${atSeconds}`
        : `rate#${what}#${agentId}#${atSeconds}`,
  /** How much a tree grew within a quarter of an hour. Both parts of the key are values we made ourselves. */
  tree: (root: string, quarter: number) => `tree#${root}#${quarter}`,
  /** The secret of a day that handles of offers are sealed by. */
  locator: (day: number) => `locator#${day}`,
  /** Refusals in a row of what an agent asked people for. */
  refusals: (agentId: string) => `refusals#${agentId}`,
  /** When the agent of a pending approval last asked how it stands. */
  poll: (approval: string) => `poll#${approval}`,
  /** Uses left of a bounded session or handle. */
  uses: (name: string) => `uses#${name}`,
} as const;

/** Keys of table Markers (`key`) beside those of replay entries, which are hashes and have no `#`. */
export const markerKeys = {
  /** People were told that this approval waits. */
  told: (approval: string) => `told#${approval}`,
} as const;

/** Keys of table Budgets (`key`): what was spent, and what was reserved for a call. */
export const budgetKeys = {
  /**
   * What a budget has spent for whom, in one window of UTC: `2026-12-01` or `2026-12-01T02`, and behind a `#` the number
   * of the row where its limit is divided. Every part is a registered name or a value we made.
   */
  spent: (budget: string, scope: string, window: string) => `${budget}#${scope}#${window}`,
  /** What was reserved for one call. No budget has such a name with such a scope: a scope has a `/`. */
  report: (id: string) => `report#${id}`,
} as const;

/** Keys of table Tombstones (`session`): sessions and offers that `revoke` and `admin-revoke` ended. */
export const tombstoneKeys = {
  session: (sid: string) => sid,
  /** An offer that was withdrawn. */
  offer: (handleHash: string) => `offer#${handleHash}`,
} as const;

/** Keys of table Revocations (`subject`): counters and blocks, which only operators write. */
export const revocationKeys = {
  /** The login that was denylisted with a root. */
  denylisted: (sid: string) => `burnt#${sid}`,
  /** `agent:<id>`, `principal:<id>`, `build:<digest>`, `login:<hash>`. */
  epoch: (subject: string) => `standing#${subject}`,
  /** One of the deployment's copies. */
  deployment: (copy: number) => `deployment#${copy}`,
} as const;

/** Number of rows that unfinished walks are spread over. */
export const dueShards = 16;

/** Keys of table Lists (`list`): rows that only the publisher writes. */
export const listKeys = {
  /** Revoked indices of a status list. */
  statusBits: (list: string) => `status#${list}`,
  /** The signed list as served. */
  signedList: (list: string) => `list#${list}`,
  /** The cuts that may still concern a token, and the signed document of them as served. */
  cuts: "publish#cuts",
  signedCuts: "list#cuts",
  /** Whose AWS credentials are stopped. */
  stops: "publish#stops",
  /** Names of all open lists. */
  openLists: "list#open",
  /** Walks that have begun and are not finished, in `dueShards` rows; one row holds some 2,000 of them. */
  due: (shard: number) => `publish#due#${shard}`,
  /** The deployment's epoch up to which the open lists have been closed. */
  deployment: "publish#deployment",
} as const;
