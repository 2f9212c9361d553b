/** Every bound of the product in one place. Nothing is parsed, fetched, stored or trusted beyond these. */
export const limits = {
  /** Largest request body any function reads. */
  requestBodyBytes: 65_536,
  /** Largest body `admin-write` reads; Lambda itself takes 6 MB. */
  registryBodyBytes: 5_000_000,
  /** Longest query string `admin-read` reads; items on one page of a list, by default and at most. */
  adminQueryCharacters: 2_048,
  adminPageSize: 50,
  adminPageMax: 100,
  /** Rows of one session tree that an operator is shown; sessions on one page of what a revocation would end. */
  adminTreeRows: 5_000,
  adminReachSessions: 2_000,
  /** Children, offers and handles that are listed in the story of one session. */
  adminStoryItems: 100,
  /** Roles of AWS that are shown of one session in a list. */
  adminListedRoles: 5,
  /** Rows of table Budgets that one page of budgets reads, if no single budget has more. */
  adminBudgetRows: 1_000,
  /** Questions put to policies to find out what one agent may do. */
  adminQuestions: 1_500,
  /** Largest compact JWS of any kind that is parsed. */
  tokenBytes: 16_384,
  /**
   * Largest token we issue: API Gateway takes 10,240 bytes of headers in all, and the proof, cookies and other headers
   * need room beside the token.
   */
  issuedTokenBytes: 8_192,
  /**
   * Longest document of STS GetWebIdentityToken: a role with 50 tags, each with a key of 128 and a value of 256
   * characters, makes one of 26 kB.
   */
  stsDocumentBytes: 49_152,
  /** Largest DPoP proof; proofs carry a public key and six claims. */
  dpopProofBytes: 4_096,
  /** Largest key set or metadata document fetched from an issuer. */
  keySetBytes: 65_536,
  /** Most keys of a set that are read; the rest is ignored. */
  keySetKeys: 100,
  /**
   * How long a key set is fresh when its server names no `max-age`, and the shortest and longest `max-age` that is
   * followed.
   */
  keySetAgeSeconds: 600,
  keySetAgeMinSeconds: 60,
  keySetAgeMaxSeconds: 3_600,
  /** How much longer a key set may serve while fetching a new one fails. */
  keySetStaleSeconds: 900,
  /**
   * Shortest time between two fetches of one issuer's keys after a fetch that lacked the wanted key. A failed fetch is
   * tried again sooner.
   */
  keySetPauseSeconds: 10,
  /**
   * `Retry-After` of every 503. The failure behind a 503 is remembered no longer than this, so that the repeated
   * request finds a new attempt.
   */
  retryAfterSeconds: 1,
  /** One outgoing fetch, from connect to last byte. */
  fetchTimeoutMillis: 3_000,
  /** Life of an attestation challenge. */
  challengeLifeSeconds: 60,
  /** Life of an identity token. */
  identityTokenLifeSeconds: 300,
  /**
   * Shortest silence after which another key may take over a document. A working agent attests again within the life of
   * an identity token, and its clock may differ from ours by the skew we allow to others.
   */
  keySilenceLeastSeconds: 360,
  /** Most bytes of attested facts an identity token carries, as JSON. */
  attestedFactsBytes: 4_096,
  /** How far a signed GetCallerIdentity request may be from now; STS itself would take 15 minutes. */
  callerIdentityWindowSeconds: 60,
  /** Longest session token of temporary credentials that is passed on. */
  securityTokenCharacters: 8_192,
  /** Largest answer of STS that is read, and how long it may take from connect to last byte. */
  stsAnswerBytes: 65_536,
  stsTimeoutMillis: 3_000,
  /** One lookup at the control plane (function, task, role). */
  lookupTimeoutMillis: 2_000,
  /** Longest `exp` − `iat` of an OIDC workload's token or a JWT-SVID, and the most an issuer may be registered with. */
  workloadTokenLifeSeconds: 3_600,
  workloadTokenLifeMaxSeconds: 90_000,
  /**
   * Clock skew granted to the start of a workload's token. Its end gets none, since the token carries nothing that
   * proves it is of this moment.
   */
  workloadSkewSeconds: 30,
  /** Most certificates of an X.509-SVID, and the largest of them. */
  svidChainCertificates: 5,
  svidCertificateBytes: 8_192,
  /** Largest SPIFFE trust bundle fetched, and its age when it gives no refresh hint (SPIFFE Trust Domain and Bundle 4.1.3). */
  bundleBytes: 262_144,
  bundleAgeSeconds: 300,
  /** Largest Nitro attestation document: a payload of 16 KiB in its COSE_Sign1. */
  nitroDocumentBytes: 16_640,
  /** Largest PKCS#7 of an EC2 instance identity document; genuine ones have about 1.3 kB. */
  instanceIdentityBytes: 8_192,
  /**
   * Age after its instance's launch up to which an EC2 document is accepted without other proof. For as long it belongs
   * to the first key that showed it.
   */
  instanceIdentityAgeSeconds: 2_592_000,
  /** How old an attestation document may be, whatever its own `exp` says. */
  evidenceAgeSeconds: 300,
  /** Longest `exp` − `iat` of an attestation document; STS issues none that lives longer. */
  evidenceLifeMaxSeconds: 3_600,
  /**
   * Oldest security event that is heard, and for how long it is remembered, so that none counts twice. What a provider
   * sends once more after a day is not heard.
   */
  eventAgeSeconds: 86_400,
  /** What one issuer may say of its people in a second. Who says more is asked to come again. */
  signalsPerSecond: 20,
  /** Longest `exp` − `iat` of a person's token. */
  personTokenLifeMaxSeconds: 86_400,
  /** Most bytes that the published keys of all agents which sign cards take together: they stand in one row. */
  cardKeysBytes: 262_144,
  /** Longest `exp` − `iat` of an identity assertion (ID-JAG), and of a client assertion by a registered key. */
  identityAssertionLifeSeconds: 3_600,
  clientAssertionLifeSeconds: 300,
  /** Clock skew granted to documents that others issue; our own documents get none. */
  foreignSkewSeconds: 60,
  /** DPoP proofs are accepted this long before and after their `iat`. */
  dpopWindowSeconds: 60,
  /** Life of a session when neither request nor registration names one. */
  sessionLifeSeconds: 900,
  /** Longest life any registration may grant a session. */
  sessionLifeMaxSeconds: 43_200,
  /** Life of an access token when its resource names none. It never outlives its session. */
  accessTokenLifeSeconds: 300,
  /** Most uses one session or access token can be bounded to. */
  usesMax: 1_000,
  /**
   * Counters that one use may take from. Together with the proof's replay entry and the record they fit into one
   * transaction of 100 writes.
   */
  useCounters: 90,
  /**
   * Budgets that one registration may declare, rows that the limit of one may be divided among, and the highest limit.
   * The sum of what is counted must stay a whole number that JavaScript holds exactly.
   */
  budgetsOfOne: 8,
  budgetShards: 64,
  budgetMost: 1_000_000_000_000,
  /**
   * Rows that one call may take from, one after the other: each is a write, and a chain of many agents with many
   * budgets must not make a call as slow as it likes.
   */
  budgetRows: 32,
  /** How long after its window a row, and the report of a cost, is kept: until then a cost may be settled. */
  budgetKeptSeconds: 86_400,
  /** Places in status lists that a renewed session may hold beside its present one. */
  formerStatuses: 24,
  /** Longest life of a bearer access token, whatever its resource says. */
  bearerTokenLifeSeconds: 120,
  /** Life of an offer when the request names none, and the longest. */
  offerLifeSeconds: 120,
  offerLifeMaxSeconds: 600,
  /**
   * What an offer's handle may say, sealed, of what is read beside the offer. A longer chain's handle says nothing, and
   * its redemption takes a round trip more.
   */
  offerLocatorBytes: 2_048,
  /**
   * Delegation depth when no registration names one, and the most any registration may allow: one batch read of
   * liveness must hold a whole chain.
   */
  depth: 8,
  depthMax: 64,
  /** Characters of an asserted purpose. */
  purposeCharacters: 256,
  /** Most resources, scopes and details one request may name. */
  resourcesPerRequest: 10,
  scopesPerRequest: 50,
  detailsPerRequest: 20,
  detailsBytes: 16_384,
  /** Details of one grant as JSON: they are part of its access token, which must stay below `issuedTokenBytes`. */
  grantDetailsBytes: 4_096,
  /** Longest text and list of a detail. */
  detailTextCharacters: 1_024,
  detailListItems: 200,
  /**
   * Questions that one call of the decision point may ask, and sessions it may ask about: each session costs two round
   * trips, and each question some evaluations of policy.
   */
  decisionsPerCall: 64,
  decisionSessions: 8,
  /** Tools that one resource may declare, and that are read of one server. */
  toolsOfResource: 300,
  /** Digests at which one tool may be served at a time: a rollout has two, and a way back. */
  digestsOfTool: 8,
  /** Tools, skills, plugins and scripts that one agent may be registered with. */
  toolsOfAgent: 200,
  /** Digests that one request of an agent may say it works with. */
  toolsAsserted: 50,
  /** What is read of a server's list of tools: its pages, a cursor's characters, one tool and all of them as JSON. */
  toolPages: 100,
  toolCursorCharacters: 4_096,
  toolBytes: 65_536,
  toolListBytes: 4_194_304,
  /** A details type: its schema as JSON, its fields, and how deep they nest. */
  detailsSchemaBytes: 16_384,
  detailsFields: 50,
  detailsDepth: 4,
  /** Details types that are remembered after they were removed, since a session that still lives may hold one. */
  formerDetailsTypes: 200,
  /** Characters of one session policy that STS takes, before it packs them. */
  awsPolicyCharacters: 2_048,
  /** Characters of an agent's SPIFFE ID. */
  agentIdCharacters: 200,
  /** Nesting accepted in any JSON document but a token's claims. */
  jsonDepth: 16,
  /**
   * Nesting accepted in the claims of a token: room for the longest chain of nested actors and the claims around it.
   */
  claimsDepth: 72,
  /** Indices of one status list. */
  statusListSize: 65_536,
  /** Indices an instance leases at a time. */
  statusLeaseSize: 64,
  /** `ttl` of a status list, and how long a signed list lives at most. */
  statusListTtlSeconds: 5,
  statusListLifeSeconds: 120,
  /** Largest signed document of cuts; a cut that does not fit is published by the status lists alone. */
  cutsBytes: 65_536,
  /**
   * How long a receiver may leave a security event lying before it verifies it. Such tokens have no `exp` (SSF 1.0
   * section 4.1), so the key that signed one stays published for this long.
   */
  securityEventLifeSeconds: 86_400,
  /** Longest silence after which an agent can be called dormant. */
  dormantDaysMax: 3_650,
  /** Longest time for which an owner's word counts. */
  ownerConfirmedDaysMax: 366,
  /** How old an owner's last confirmation must be until a login writes another one: a login costs a row only then. */
  ownerConfirmedAgainSeconds: 21_600,
  /**
   * Most receivers of security events; most session trees that are read to find the receivers of one event; most
   * subjects of one event.
   */
  eventReceivers: 50,
  eventTrees: 1_000,
  eventSubjects: 20,
  /** One push to a receiver, from connect to last byte; and how many bytes of its answer are read. */
  eventPushTimeoutMillis: 5_000,
  eventAnswerBytes: 4_096,
  /** How long a receiver's secret is used before it is read again. */
  eventSecretAgeSeconds: 60,
  /** Copies of the deployment's row, so that the reads of all requests do not meet on one item. */
  deploymentCopies: 16,
  /** Suffixes of each key of table Subjects, so that a busy agent does not throttle it. */
  subjectShards: 16,
  /** Most logins that one cut of a person denylists with it, since DynamoDB takes 100 writes in a transaction. */
  loginsDenylistedAtOnce: 20,
  /** Signatures an agent may cause each second when its registration names no number. */
  issuancesPerSecond: 50,
  /** Buckets, prefixes and tables that the record of a vend names. */
  awsRecordedPlaces: 16,
  /**
   * AWS credentials an agent may be given each second, or fewer where its registration has fewer signatures. All agents
   * share the account's quota of STS.
   */
  vendsPerSecond: 10,
  /** A role is assumed for the least that STS allows, and for so much longer than the credentials that are made from it. */
  assumedRoleSeconds: 900,
  assumedRoleSpareSeconds: 60,
  /**
   * A token by which an agent takes a role of AWS by itself. Whoever holds it can use it, as often as he likes; STS is
   * asked at once.
   */
  awsTokenLifeSeconds: 60,
  /** The least `MaxSessionDuration` that IAM allows a role, so the least that such an agent can choose at most. */
  awsRoleLifeSeconds: 3_600,
  /** A session with less life left gets no AWS credentials. */
  vendRestSeconds: 5,
  /** All calls of STS for one request, together. */
  vendTimeoutMillis: 5_000,
  /**
   * Sessions and offers an agent may end each second. Its bucket is apart from that of signatures, so that an agent
   * that issues much can still end.
   */
  revocationsPerSecond: 20,
  /** Persons' keys that an operator is given each second, to read the audit by. */
  revealsPerSecond: 10,
  /** How far back DynamoDB's point-in-time recovery reaches: 35 days. */
  recoverySeconds: 3_024_000,
  /** The reason of an erasure stays readable for as long as the log: a reference, no story. */
  erasureReasonCharacters: 100,
  /**
   * Refusals of one authenticated caller that one instance records one by one in a minute. Refusals beyond it are
   * aggregated.
   */
  refusalRecordsPerMinute: 60,
  /**
   * How much one tree may grow in a quarter of an hour: children, where the registration of its root's agent names no
   * number, and the most it may name; bytes of sessions and offers together. An offer counts as the child it may
   * become. Ending a tree means reading it, so its size must be bounded (threat 34).
   */
  treeQuarterSeconds: 900,
  treeChildren: 1_000,
  treeChildrenMax: 10_000,
  treeBytes: 32_000_000,
  /** How long a request waits for people, how often its agent may ask how it stands, and the most people a policy may want. */
  approvalLifeSeconds: 900,
  approvalIntervalSeconds: 5,
  approversMost: 5,
  /** The oldest sign-in that a policy may name, the most values of `acr`, and characters of one, kept of a token too. */
  signInAgeMostSeconds: 86_400,
  acrValuesMost: 8,
  acrCharacters: 128,
  /**
   * A tool that is served otherwise than it is pinned: how long people may answer and their answer holds, how many such
   * tools of one resource have a place at a time (threat 69), and the bytes of a declaration that is shown to them.
   */
  toolChangeLifeSeconds: 2_592_000,
  toolChangesOfResource: 20,
  toolChangeBytes: 16_384,
  /** How long ago a person signed in whose token, bound to no key, decides. */
  approverLoginAgeSeconds: 300,
  /** Requests of a group that are shown at once. */
  approvalsListed: 100,
  /** Refusals in a row, of different requests, by which an agent is quarantined, and how long one is remembered. */
  approvalRefusalsInRow: 3,
  approvalRefusalsKeptSeconds: 604_800,
  /** Approvals that one agent, and one principal over all agents, may have pending (threat 56). */
  approvalsPendingAgent: 5,
  approvalsPendingPrincipal: 20,
  /** How long a request that somebody refused is refused again without asking anybody. */
  approvalRefusedSeconds: 3_600,
  /** Requests that one run of `notices` tells people of; the rest are told of a minute later. */
  noticesAtOnce: 500,
  /** What one notice says: requests by name, characters of a name and of its title (SNS takes 100), and of a record read. */
  noticeListed: 5,
  noticeNameCharacters: 64,
  noticeTitleCharacters: 100,
  noticeRecordCharacters: 400_000,
  /** Liveness reads that one instance makes each second for attestations that prove nothing. */
  unprovenReadsPerSecond: 20,
} as const;
