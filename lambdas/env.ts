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
  urlsParameter: "LANYARD_URLS_PARAMETER",
} as const;

/** Names of the indexes of table Sessions. */
export const sessionIndexes = {
  byAgent: "byAgent",
  byPrincipal: "byPrincipal",
  byBuild: "byBuild",
  bySid: "bySid",
} as const;
