/** Keys of table Tombstones (`session`): what `revoke` and `admin-revoke` end, sessions and offers. */
export const tombstoneKeys = {
  session: (sid: string) => sid,
  /** An offer that was taken back. */
  offer: (handleHash: string) => `offer#${handleHash}`,
} as const;

/** Keys of table Revocations (`subject`): counters and blocks, which operators alone write. */
export const revocationKeys = {
  /** The login that was burnt with a root. */
  burnt: (sid: string) => `burnt#${sid}`,
  /** `agent:<id>`, `principal:<id>`, `build:<digest>`, `login:<hash>`. */
  standing: (subject: string) => `standing#${subject}`,
  /** One of the deployment's copies. */
  deployment: (copy: number) => `deployment#${copy}`,
} as const;
