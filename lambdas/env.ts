/**
 * Names of the functions' environment variables. `lib/` imports them, so that the stacks set exactly what the functions
 * read.
 */
export const env = {
  stage: "LANYARD_STAGE",
  trustDomain: "LANYARD_TRUST_DOMAIN",
  /** Account of the deployment, and version of OCSF, for audit records. */
  account: "LANYARD_ACCOUNT",
  ocsf: "LANYARD_OCSF",
  issuer: "LANYARD_ISSUER",
  /**
   * URL by which this function is called, where the deployment has a domain of its own; otherwise the platform states
   * it.
   */
  publicUrl: "LANYARD_PUBLIC_URL",
  sessionsTable: "LANYARD_SESSIONS_TABLE",
  vendsTable: "LANYARD_VENDS_TABLE",
  subjectsTable: "LANYARD_SUBJECTS_TABLE",
  markersTable: "LANYARD_MARKERS_TABLE",
  countersTable: "LANYARD_COUNTERS_TABLE",
  budgetsTable: "LANYARD_BUDGETS_TABLE",
  tombstonesTable: "LANYARD_TOMBSTONES_TABLE",
  revocationsTable: "LANYARD_REVOCATIONS_TABLE",
  listsTable: "LANYARD_LISTS_TABLE",
  tracesTable: "LANYARD_TRACES_TABLE",
  registryTable: "LANYARD_REGISTRY_TABLE",
  peopleTable: "LANYARD_PEOPLE_TABLE",
  confirmationsTable: "LANYARD_CONFIRMATIONS_TABLE",
  outboxTable: "LANYARD_OUTBOX_TABLE",
  leavesTable: "LANYARD_LEAVES_TABLE",
  approvalsTable: "LANYARD_APPROVALS_TABLE",
  decisionsTable: "LANYARD_DECISIONS_TABLE",
  changesTable: "LANYARD_CHANGES_TABLE",
  /** The key that signs the log's checkpoints; behind a comma one that signs beside it. */
  logKey: "LANYARD_LOG_KEY_ARNS",
  /** JSON: witnesses of the log, each with `key` and `url`; set only where the stage names some. */
  logWitnesses: "LANYARD_LOG_WITNESSES",
  /** The log's name, for good: who verifies it knows it by this name. */
  logOrigin: "LANYARD_LOG_ORIGIN",
  /** URL of the queue of findings about the trail. */
  findingsQueue: "LANYARD_FINDINGS_QUEUE_URL",
  /** How long the delivery may hold a record back. */
  deliverySeconds: "LANYARD_DELIVERY_SECONDS",
  identityKey: "LANYARD_IDENTITY_KEY_ARN",
  sessionKey: "LANYARD_SESSION_KEY_ARN",
  /** JSON: what the stage has beyond what every stage has (`core/registry/checks/stage-has.ts`). */
  stageHas: "LANYARD_STAGE_HAS",
  /** Set only where the stage has resources whose tokens are signed with ES256. */
  sessionEcKey: "LANYARD_SESSION_EC_KEY_ARN",
  statusKey: "LANYARD_STATUS_KEY_ARN",
  /** The key of security events; set only where the stage pushes them. */
  eventsKey: "LANYARD_EVENTS_KEY_ARN",
  /** The key of attestation challenges. */
  nonceKey: "LANYARD_NONCE_KEY_ARN",
  keyringTable: "LANYARD_KEYRING_TABLE",
  ordersTable: "LANYARD_ORDERS_TABLE",
  /** JSON: ARNs of the roles that sign, by purpose, and of the rotator's role. */
  keyRoles: "LANYARD_KEY_ROLES",
  keyPeriodSeconds: "LANYARD_KEY_PERIOD_SECONDS",
  keyPublishWaitSeconds: "LANYARD_KEY_PUBLISH_WAIT_SECONDS",
  /** The key of nonces in DPoP proofs; set only where the stage demands nonces. */
  dpopNonceKey: "LANYARD_DPOP_NONCE_KEY_ARN",
  /** `true` where the stage allows bearer tokens. */
  bearerAccessTokens: "LANYARD_BEARER_ACCESS_TOKENS",
  /** Accounts whose roles are lent, with a comma between each two; set only where the stage gives credentials of AWS. */
  awsAccounts: "LANYARD_AWS_ACCOUNTS",
  /** `true` where agents get tokens by which they take roles by themselves. */
  awsOwnRoles: "LANYARD_AWS_OWN_ROLES",
  awsCredentialsLifeSeconds: "LANYARD_AWS_CREDENTIALS_LIFE_SECONDS",
  /** ARN of the role that writes an account's deny policies, with `{account}` in place of the account. */
  stopWriter: "LANYARD_STOP_WRITER",
  /** ARNs of an account's deny policies, likewise, with a comma between each two. */
  denyPolicies: "LANYARD_DENY_POLICIES",
  /** Function that writes stops into AWS; set only where credentials live long enough for that. */
  awsStopFunction: "LANYARD_AWS_STOP_FUNCTION",
  auditBus: "LANYARD_AUDIT_BUS",
  /** URL of the queue for audit records that the bus refuses for good. */
  refusedQueue: "LANYARD_REFUSED_QUEUE_URL",
  /** URLs of the queue of security events and of the one for those that could not be delivered. */
  eventQueue: "LANYARD_EVENT_QUEUE_URL",
  undeliveredEventQueue: "LANYARD_UNDELIVERED_EVENT_QUEUE_URL",
  /** After how many tries a security event is given up. */
  eventTries: "LANYARD_EVENT_TRIES",
  /** Path of the receivers' secrets in the parameter store, with a slash at its end. */
  eventSecrets: "LANYARD_EVENT_SECRETS",
  /** URL of the queue of requests that began to wait for people, and ARN of the topic of notices; set only where the stage has these. */
  askQueue: "LANYARD_ASK_QUEUE_URL",
  noticesTopic: "LANYARD_NOTICES_TOPIC_ARN",
  auditBucket: "LANYARD_AUDIT_BUCKET",
  auditRetentionDays: "LANYARD_AUDIT_RETENTION_DAYS",
  /** Object Lock mode of audit objects. */
  auditLock: "LANYARD_AUDIT_LOCK",
  urlsParameter: "LANYARD_URLS_PARAMETER",
  codeLookups: "LANYARD_CODE_LOOKUPS",
  /** `true` where an EC2 instance identity document is accepted alone; any other value means no. */
  instanceIdentityAlone: "LANYARD_INSTANCE_IDENTITY_ALONE",
  /** Days without a session after which an agent is reported as dormant, unless its registration names its own. */
  dormantAfterDays: "LANYARD_DORMANT_AFTER_DAYS",
  /** The revocation canary's own table. */
  canaryTable: "LANYARD_CANARY_TABLE",
  /** JSON: pairs of a function's name (its own is empty) and the template's mark of it. */
  deployedMarks: "LANYARD_DEPLOYED_MARKS",
} as const;

/** Type of the events on the audit bus that are checkpoints of the log and no records. */
export const checkpointDetailType = "Lanyard Checkpoint";

/** Key attributes of every table; each is a string. Only the adapters know the other attributes. */
export const tableKeys = {
  sessions: { partition: "root", sort: "sid" },
  vends: { partition: "root", sort: "vend" },
  subjects: { partition: "subject", sort: "session" },
  markers: { partition: "key" },
  counters: { partition: "key" },
  budgets: { partition: "key" },
  tombstones: { partition: "session" },
  revocations: { partition: "subject" },
  lists: { partition: "list" },
  registry: { partition: "kind", sort: "name" },
  people: { partition: "person" },
  confirmations: { partition: "principal" },
  outbox: { partition: "eventId" },
  leaves: { partition: "event" },
  approvals: { partition: "key", sort: "item" },
  decisions: { partition: "approval", sort: "approver" },
  changes: { partition: "key", sort: "item" },
  keyring: { partition: "ring" },
  orders: { partition: "ring" },
  traces: { partition: "kind", sort: "name" },
} as const;

/** Indexes of tables; an entry stands in one as long as it has the partition's attribute. Sort keys are numbers. */
export const tableIndexes = {
  leaves: {
    /** Records without a place in the log. */
    unsealed: { partition: "unsealed", sort: "at" },
    /** Records of which no object is known. */
    unseen: { partition: "unseen", sort: "at" },
  },
} as const;
