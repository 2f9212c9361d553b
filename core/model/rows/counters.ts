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
