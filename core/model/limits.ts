/** Every bound of the product in one view. Nothing is parsed, fetched, stored or trusted beyond these. */
export const limits = {
  /** Largest request body any function reads. */
  requestBodyBytes: 65_536,
  /** Largest body `admin-write` reads; Lambda itself takes 6 MB. */
  registryBodyBytes: 5_000_000,
  /** Longest query string `admin-read` looks at, and what one page of a list holds: by default, and at most. */
  adminQueryCharacters: 2_048,
  adminPageSize: 50,
  adminPageMax: 100,
  /** Rows of one session tree an operator is shown, and sessions one page of what a revocation would end may hold. */
  adminTreeRows: 5_000,
  adminReachSessions: 2_000,
  /** Children, offers and handles that one session's story tells of. */
  adminStoryItems: 100,
  /** Questions put to policies to tell what one agent can do. */
  adminQuestions: 1_500,
  /** Largest compact JWS of any kind that is looked at. */
  tokenBytes: 16_384,
  /**
   * Largest token of ours: API Gateway takes 10,240 bytes of headers in all, and a proof, cookies and the rest stand beside
   * the token.
   */
  issuedTokenBytes: 8_192,
  /**
   * Longest document of STS GetWebIdentityToken: 50 tags of a role, a key of 128 and a value of 256 characters each, make
   * one of 26 kB.
   */
  stsDocumentBytes: 49_152,
  /** Largest DPoP proof; proofs carry a public key and six claims. */
  dpopProofBytes: 4_096,
  /** Largest key set or metadata document fetched from an issuer. */
  keySetBytes: 65_536,
  /** Most keys of a set that are looked at. */
  keySetKeys: 100,
  /** How long a key set is fresh when its server says nothing, and the least and most a server may ask for. */
  keySetAgeSeconds: 600,
  keySetAgeMinSeconds: 60,
  keySetAgeMaxSeconds: 3_600,
  /** How much longer a key set may serve while fetching a new one fails. */
  keySetStaleSeconds: 900,
  /** Least time between two fetches of one issuer's keys when the first lacked a key; a failure is not kept so long. */
  keySetPauseSeconds: 10,
  /** The `Retry-After` of every 503, and the longest that the failure behind one is remembered: whoever comes back then finds it tried anew. */
  retryAfterSeconds: 1,
  /** One outgoing fetch, from connect to last byte. */
  fetchTimeoutMillis: 3_000,
  /** Life of an attestation challenge. */
  challengeLifeSeconds: 60,
  /** Life of an identity token. */
  identityTokenLifeSeconds: 300,
  /**
   * Least silence after which another key may take over a document: whoever works attests again within the life of an
   * identity token, and clocks may differ by what we grant others.
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
  /** One look at the control plane (function, task, role). */
  lookupTimeoutMillis: 2_000,
  /** Longest `exp` − `iat` of an OIDC workload's token or a JWT-SVID, and the most an issuer may be registered with. */
  workloadTokenLifeSeconds: 3_600,
  workloadTokenLifeMaxSeconds: 90_000,
  /** Clock skew granted to the start of a workload's token; its end gets none, since nothing ties it to this moment. */
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
  /** How long after its instance's launch an EC2 document is taken alone; its first key owns it as long. */
  instanceIdentityAgeSeconds: 2_592_000,
  /** How old an attestation document may be, whatever its own `exp` says. */
  evidenceAgeSeconds: 300,
  /** Longest `exp` − `iat` of an attestation document; STS issues no longer ones. */
  evidenceLifeMaxSeconds: 3_600,
  /** Longest `exp` − `iat` of a person's token. */
  personTokenLifeMaxSeconds: 86_400,
  /** Clock skew granted to documents of others; our own get none. */
  foreignSkewSeconds: 60,
  /** DPoP proofs are accepted this long before and after their `iat`. */
  dpopWindowSeconds: 60,
  /** Life of a session when nobody says otherwise. */
  sessionLifeSeconds: 900,
  /** Longest life any registration may grant a session. */
  sessionLifeMaxSeconds: 43_200,
  /** Life of an access token when its resource says nothing; never beyond its session. */
  accessTokenLifeSeconds: 300,
  /** Most uses one session or access token can be bounded to; whoever wants more wants no bound. */
  usesMax: 1_000,
  /** Counters one use may take from; with proof and record they fit one transaction of 100. */
  useCounters: 90,
  /** Places in status lists a renewed session may hold at a time, its present one left out. */
  formerStatuses: 24,
  /** Longest life of a bearer access token, whatever its resource says. */
  bearerTokenLifeSeconds: 120,
  /** Life of an offer when nobody says otherwise, and its longest. */
  offerLifeSeconds: 120,
  offerLifeMaxSeconds: 600,
  /** Delegation depth when nobody says otherwise, and the bound no registration can lift (one batch read must suffice). */
  depth: 8,
  depthMax: 64,
  /** Characters of an asserted purpose. */
  purposeCharacters: 256,
  /** Most resources, scopes and details one request may name. */
  resourcesPerRequest: 10,
  scopesPerRequest: 50,
  detailsPerRequest: 20,
  detailsBytes: 16_384,
  /** Details of one grant as JSON: they stand in its access token, which must stay below `issuedTokenBytes`. */
  grantDetailsBytes: 4_096,
  /** Longest text and list of a detail. */
  detailTextCharacters: 1_024,
  detailListItems: 200,
  /** A details type: its schema as JSON, its fields, and how deep they nest. */
  detailsSchemaBytes: 16_384,
  detailsFields: 50,
  detailsDepth: 4,
  /** Details types that were taken out within the longest life of a session, and are remembered. */
  formerDetailsTypes: 200,
  /** Characters of an agent's SPIFFE ID. */
  agentIdCharacters: 200,
  /** Nesting accepted in any JSON document but a token's claims. */
  jsonDepth: 16,
  /** Nesting accepted in the claims of a token: the longest chain of actors, one in another, and what stands beside it. */
  claimsDepth: 72,
  /** Indices of one status list. */
  statusListSize: 65_536,
  /** Indices an instance leases at a time. */
  statusLeaseSize: 64,
  /** `ttl` of a status list, and how long a signed list lives at most. */
  statusListTtlSeconds: 5,
  statusListLifeSeconds: 120,
  /** Largest signed document of cuts; what does not fit is told by the status lists alone. */
  cutsBytes: 65_536,
  /**
   * How long a receiver may leave a security event lying before it verifies it. Such tokens have no `exp` (SSF 1.0
   * section 4.1): this is how long the key that signed one stays published.
   */
  securityEventLifeSeconds: 86_400,
  /** Longest silence after which an agent can be called dormant. */
  dormantDaysMax: 3_650,
  /** Most receivers of security events, trees looked at to find whom one concerns, and subjects one may name. */
  eventReceivers: 50,
  eventTrees: 1_000,
  eventSubjects: 20,
  /** One push to a receiver, from connect to last byte, and how much of its answer is read. */
  eventPushTimeoutMillis: 5_000,
  eventAnswerBytes: 4_096,
  /** How long a receiver's secret is believed before it is read again. */
  eventSecretAgeSeconds: 60,
  /** Copies of the deployment's row, so that no single item carries every check. */
  deploymentCopies: 16,
  /** Suffixes of each key of table Subjects, so that a busy agent does not throttle it. */
  subjectShards: 16,
  /** Logins that one cut of a person denylists beside it; DynamoDB takes 100 writes a transaction. */
  loginsDenylistedAtOnce: 20,
  /** Signatures an agent may cause a second when its registration says nothing. */
  issuancesPerSecond: 50,
  /** Sessions and offers an agent may end a second: a bucket of its own, so that issuing cannot use up the right to end. */
  revocationsPerSecond: 20,
  /** Refusals of one authenticated caller that one instance records each alone in a minute; what goes beyond is aggregated. */
  refusalRecordsPerMinute: 60,
  /**
   * What one tree may grow by in a quarter of an hour: children where the registration of its root's agent says nothing,
   * the most it may say, and bytes of sessions and offers together; an offer counts as the child it may become. What must
   * end a tree reads it.
   */
  treeQuarterSeconds: 900,
  treeChildren: 1_000,
  treeChildrenMax: 10_000,
  treeBytes: 32_000_000,
  /** Liveness reads a second that one instance makes for attestations which prove nothing. */
  unprovenReadsPerSecond: 20,
} as const;
