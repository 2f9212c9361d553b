/**
 * Keys of table Revocations (`subject`). Tombstones and counters are `revoke`'s and `admin-revoke`'s alone;
 * `status#` and `list#` are the publisher's.
 */
export const revocationKeys = {
  tombstone: (sid: string) => `session#${sid}`,
  /** `agent:<id>`, `principal:<id>`, `build:<digest>`. */
  standing: (subject: string) => `standing#${subject}`,
  /** One of the deployment's copies. */
  deployment: (copy: number) => `deployment#${copy}`,
  /** Revoked indices of a status list. */
  statusBits: (list: string) => `status#${list}`,
  /** The signed list as served. */
  signedList: (list: string) => `list#${list}`,
  /** Names of all open lists. */
  openLists: "list#open",
} as const;
