/**
 * The revocation canary's names in a registry. They are reserved: `core/registry/checks/canary.ts` lets an agent of this
 * name hold nothing but what is its own, and the audit marks by this name what the agent did that was to be expected.
 */
export const canary = {
  /** Name of the agent, which is its own resource server too. */
  agent: "lanyard-canary",
  /** Its resource. Nothing answers there: names below `.invalid` never resolve (RFC 6761). */
  resource: "https://canary.lanyard.invalid",
  scope: "lanyard-canary:probe",
  /** Name of the AWS role, where the stage lends any. */
  role: "lanyard-canary",
  /** Beginning of the one key that the role may read in the canary's own table. */
  ownKey: "own",
  /** Longest life of one of its sessions, in seconds. */
  lifetimeSeconds: 300,
} as const;

/**
 * Whether an agent's SPIFFE ID is the canary's.
 * @param agent an agent that proved who it is, which is always of this deployment's trust domain
 */
export const isCanary = (agent: string | undefined): boolean =>
  agent !== undefined && agent.replace(/^spiffe:\/\/[^/]+\/agent\//, "") === canary.agent;

/**
 * Where a revocation is looked for: at `introspect`, at a resource server that verifies offline, at `credentials`, and at
 * AWS itself, by credentials that were given before.
 */
export const canaryPlaces = ["introspection", "offline", "credentials", "aws"] as const;

/** One of {@link canaryPlaces}. */
export type CanaryPlace = (typeof canaryPlaces)[number];

/** What one run found. */
export interface CanaryRun {
  /** When the session was revoked. */
  readonly atMillis: number;
  /** The session, by which its records are found. */
  readonly sid: string;
  /**
   * From the answer to the revocation until the first refusal at each place that was looked at; where none came, how long
   * was waited.
   */
  readonly refusedAfterMillis: Readonly<Partial<Record<CanaryPlace, number>>>;
}
