/** Keys of table Counters (`key`): what is counted by updates. A row is of one kind by its first word. */
export const counterKeys = {
  /** Signatures, or revocations, that an agent caused within one second. */
  rate: (agentId: string, atSeconds: number, what: "issue" | "revoke" = "issue") =>
    what === "issue" ? `rate#${agentId}#${atSeconds}` : `rate#${what}#${agentId}#${atSeconds}`,
  /** What a tree grew by within a quarter of an hour; both ends of the key are ours. */
  tree: (root: string, quarter: number) => `tree#${root}#${quarter}`,
  /** Uses left of a bounded session or handle. */
  uses: (name: string) => `uses#${name}`,
} as const;

/** Keys of table Tombstones (`session`): what `revoke` and `admin-revoke` end, sessions and offers. */
export const tombstoneKeys = {
  session: (sid: string) => sid,
  /** An offer that was taken back. */
  offer: (handleHash: string) => `offer#${handleHash}`,
} as const;

/** Keys of table Revocations (`subject`): counters and blocks, which operators alone write. */
export const revocationKeys = {
  /** The login that was denylisted with a root. */
  denylisted: (sid: string) => `burnt#${sid}`,
  /** `agent:<id>`, `principal:<id>`, `build:<digest>`, `login:<hash>`. */
  epoch: (subject: string) => `standing#${subject}`,
  /** One of the deployment's copies. */
  deployment: (copy: number) => `deployment#${copy}`,
} as const;

/** Rows that unfinished walks are spread over. */
export const dueShards = 16;

/** Keys of table Lists (`list`): the publisher's own rows, which nobody else writes. */
export const listKeys = {
  /** Revoked indices of a status list. */
  statusBits: (list: string) => `status#${list}`,
  /** The signed list as served. */
  signedList: (list: string) => `list#${list}`,
  /** What was cut and may still concern a token; and the document that says so, as served. */
  cuts: "publish#cuts",
  signedCuts: "list#cuts",
  /** Names of all open lists. */
  openLists: "list#open",
  /** Walks that have begun and are not done, in `dueShards` rows: a row holds some 2,000 of them. */
  due: (shard: number) => `publish#due#${shard}`,
  /** The deployment's epoch whose lists have been cut. */
  deployment: "publish#deployment",
} as const;
