/**
 * Names of the environment variables a function may find: the only thing `lib/` imports of ours, so that
 * what the stacks set and what the functions read cannot drift.
 */
export const env = {
  stage: "LANYARD_STAGE",
  trustDomain: "LANYARD_TRUST_DOMAIN",
  issuer: "LANYARD_ISSUER",
  sessionsTable: "LANYARD_SESSIONS_TABLE",
  markersTable: "LANYARD_MARKERS_TABLE",
  revocationsTable: "LANYARD_REVOCATIONS_TABLE",
  registryTable: "LANYARD_REGISTRY_TABLE",
  outboxTable: "LANYARD_OUTBOX_TABLE",
  identityKey: "LANYARD_IDENTITY_KEY_ARN",
  sessionKey: "LANYARD_SESSION_KEY_ARN",
  statusKey: "LANYARD_STATUS_KEY_ARN",
  nonceKey: "LANYARD_NONCE_KEY_ARN",
  auditBus: "LANYARD_AUDIT_BUS",
  /** URL of the queue for audit records that the bus refuses for good. */
  refusedQueue: "LANYARD_REFUSED_QUEUE_URL",
  urlsParameter: "LANYARD_URLS_PARAMETER",
  codeLookups: "LANYARD_CODE_LOOKUPS",
} as const;

/** Names of the indexes of table Sessions. */
export const sessionIndexes = {
  byAgent: "byAgent",
  byPrincipal: "byPrincipal",
  byBuild: "byBuild",
  bySid: "bySid",
} as const;

/** Key attributes of every table; each is a string. `body` and the like are the adapters' own affair. */
export const tableKeys = {
  sessions: { partition: "root", sort: "sid" },
  markers: { partition: "key" },
  revocations: { partition: "subject" },
  registry: { partition: "kind", sort: "name" },
  outbox: { partition: "eventId" },
} as const;

/**
 * Partition attribute of each index of table Sessions (all KEYS_ONLY, the first three sorted by {@link sessionIndexSort}). Agent, principal and build carry
 * a suffix `#0` to `#15`, so that a busy one does not throttle its table.
 */
export const sessionIndexKeys = {
  byAgent: "agentKey",
  byPrincipal: "principalKey",
  byBuild: "buildKey",
  bySid: "sid",
} as const;

/**
 * Sort attribute, a number, of the indexes by agent, principal and build: a walk over a busy agent's sessions reads those
 * that still live and leaves out the many that TTL has not taken away yet.
 */
export const sessionIndexSort = "expiresAtSeconds";

/** Attribute of Sessions, Markers, Revocations and Outbox after which a row may go, in seconds since the epoch. */
export const ttlAttribute = "expiresAt";
