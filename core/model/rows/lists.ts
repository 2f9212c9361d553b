/** Rows that unfinished walks are spread over. */
export const dueShards = 16;

/** Keys of table Lists (`list`): the publisher's own rows, which nobody else writes. */
export const listKeys = {
  /** Revoked indices of a status list. */
  statusBits: (list: string) => `status#${list}`,
  /** The signed list as served. */
  signedList: (list: string) => `list#${list}`,
  /** Names of all open lists. */
  openLists: "list#open",
  /** Walks that have begun and are not done, in `dueShards` rows: a row holds some 2,000 of them. */
  due: (shard: number) => `publish#due#${shard}`,
  /** The deployment's generation whose lists have been cut. */
  deployment: "publish#deployment",
} as const;
