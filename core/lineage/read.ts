import { isIssuing, keysOf } from "./keys.ts";
import { type AuditLine, distinct, type TrailLine } from "./lines.ts";
import { mostLinks } from "./origins.ts";
import * as queries from "./queries.ts";
import { openStore, requestIds, requestsOf, type Store, unique } from "./store.ts";

/** What a trace is asked about. */
export type Question =
  | { readonly kind: "session"; readonly sid: string }
  | { readonly kind: "principal"; readonly principal: string }
  | { readonly kind: "event"; readonly eventId: string }
  | { readonly kind: "key"; readonly accessKeyId: string }
  | { readonly kind: "request"; readonly requestId: string };

/** Everything that was read for a question. */
export interface Evidence {
  readonly audit: readonly AuditLine[];
  readonly trail: readonly TrailLine[];
  /** The lines of CloudTrail that were asked about. */
  readonly asked: readonly TrailLine[];
  /** Newest line of CloudTrail; undefined when there is none. */
  readonly newestMillis?: number;
  /** Whether a query was cut. */
  readonly cut: boolean;
  /** Days that were read, of each table. */
  readonly days: { readonly audit: queries.Days; readonly trail: queries.Days };
}

/** How much is read. */
export interface Reach {
  /** Days of our audit, and of CloudTrail until our records tell when it was. */
  readonly days: queries.Days;
  /**
   * Reads of CloudTrail only the days of our records, and one on each side, for an engine that is paid by the byte: a
   * line that names a session months later is then not seen.
   */
  readonly nearby: boolean;
}

/** Reads what a question needs, tree by tree. */
export async function readEvidence(
  ask: queries.Ask,
  question: Question,
  reach: Reach = { days: queries.always, nearby: false },
): Promise<Evidence> {
  const store = openStore(ask, reach.days);
  const { lines: asked } = distinct(await askedLines(store, question), ({ eventId }) => eventId);
  await startOf(store, question, asked);
  const roots = [...new Set(store.audit().flatMap(({ root }) => root ?? []))];
  await store.readAudit(queries.auditOfRoots, roots);
  await store.readAudit(() => queries.deploymentSeen(), [""]);
  await store.readAudit(queries.attestationsBy, unique(store.audit(), "jkt"));
  // another record that holds the same request id must be seen, or the first to be read would win
  await store.readAudit(queries.auditOfRequests, requestIds(store.audit()));
  await store.readAudit(queries.auditOfTokens, unique(store.audit(), "awsToken"));
  if (reach.nearby) store.lookNear(store.audit().filter(({ root, sid }) => (root ?? sid) !== undefined));
  await store.readTrail(queries.trailOfRequests, requestIds(store.audit()));
  await store.readTrail(queries.documentsNamed, unique(store.audit(), "awsToken"));
  await readKeys(store);
  const sids = unique(store.audit(), "sid");
  const attested = store.audit().filter(({ operation }) => operation === "attest");
  await store.readTrail(queries.signaturesFor, [...sids, ...unique(attested, "jti")]);
  const others = [...asked, ...(await store.readTrail(queries.documentsNamed, unique(attested, "evidenceId")))];
  for (const root of roots) others.push(...(await store.readTrail((part) => queries.claimsOf(root, part), sids)));
  await readOrigins(store, others);
  const [newest] = await ask(queries.within(queries.newestOfTrail(), store.days().trail));
  const newestMillis = Date.parse(String(newest?.newest ?? ""));
  return {
    audit: store.audit(),
    trail: store.trail(),
    asked,
    cut: store.isCut(),
    days: store.days(),
    ...(Number.isNaN(newestMillis) ? {} : { newestMillis }),
  };
}

/** Lines that the question names by themselves. */
async function askedLines(store: Store, question: Question): Promise<readonly TrailLine[]> {
  switch (question.kind) {
    case "event":
      return store.readTrail(([id = ""]) => queries.trailOfEvent(id), [question.eventId]);
    case "request":
      return store.readTrail(queries.trailOfRequests, [question.requestId]);
    case "key": {
      const found = await store.readTrail(queries.trailOfKeys, [question.accessKeyId]);
      return found.filter(({ accessKeyId }) => accessKeyId === question.accessKeyId);
    }
    default:
      return [];
  }
}

/** Records from which the trees are found: by name, or backwards from a line by its key. */
async function startOf(store: Store, question: Question, asked: readonly TrailLine[]): Promise<void> {
  if (question.kind === "session") return store.readAudit(([sid = ""]) => queries.auditOfSession(sid), [question.sid]);
  if (question.kind === "principal")
    return store.readAudit(([id = ""]) => queries.auditOfPrincipal(id), [question.principal]);
  const ids = question.kind === "request" ? [question.requestId] : [];
  const copies = question.kind === "event" ? await store.readTrail(queries.trailOfRequests, requestsOf(asked)) : [];
  const named = [...asked, ...copies].flatMap(({ accessKeyId }) => accessKeyId ?? []);
  const keys = question.kind === "key" ? [question.accessKeyId] : [...new Set(named)];
  const origins = await backwards(store, keys);
  await store.readAudit(queries.auditOfRequests, [...new Set([...ids, ...origins.requests, ...requestsOf(asked)])]);
  await store.readAudit(queries.auditOfTokens, [...new Set([...origins.tokens, ...tokensOf(asked)])]);
  await store.readAudit(queries.auditOfKeys, keys);
  // a signature and a document name what they were for; whether that is true is decided by the join
  const signed = asked.flatMap(({ userAgent = "" }) => / lanyard\/([A-Za-z0-9_-]{22})$/.exec(userAgent)?.[1] ?? []);
  for (const sid of signed) await store.readAudit(([id = ""]) => queries.auditOfSession(id), [sid]);
  await store.readAudit(queries.attestationsNamed, [...signed, ...asked.flatMap(({ tokenId }) => tokenId ?? [])]);
  // from an attestation forward to what its key opened
  const attested = store.audit().filter(({ operation }) => operation === "attest");
  await store.readAudit(queries.auditOfThumbprints, unique(attested, "jkt"));
}

/** Names of tokens that lines show, ours and others'. */
const tokensOf = (lines: readonly TrailLine[]): readonly string[] => lines.flatMap(({ tokenId }) => tokenId ?? []);

/** The STS calls that a key comes from, however long the chain: their request ids, and tokens that they were made with. */
async function backwards(store: Store, keys: readonly string[]) {
  const seen = new Set<string>();
  const ids = new Set<string>();
  const tokens = new Set<string>();
  let open = [...new Set(keys)];
  for (let link = 0; open.length > 0 && link < mostLinks; link += 1) {
    for (const key of open) seen.add(key);
    const lines = await store.readTrail(queries.trailOfKeys, open);
    const issuers = lines.filter((line) => isIssuing(line) && open.includes(line.issuedKeyId ?? ""));
    for (const { requestId } of issuers) if (requestId !== undefined) ids.add(requestId);
    for (const token of tokensOf(issuers)) tokens.add(token);
    open = [...new Set(issuers.flatMap(({ accessKeyId }) => accessKeyId ?? []))].filter((key) => !seen.has(key));
  }
  return { requests: [...ids], tokens: [...tokens] };
}

/** Who opened the sessions of lines that are nobody's of ours, and the sessions before those. */
async function readOrigins(store: Store, lines: readonly TrailLine[]): Promise<void> {
  const { owners } = keysOf(store.audit(), distinct(store.trail(), ({ eventId }) => eventId).lines);
  const seen = new Set<string>();
  let open = lines.filter(({ accessKeyId = "" }) => !owners.has(accessKeyId));
  for (let link = 0; open.length > 0 && link < mostLinks; link += 1) {
    const fresh = (ids: readonly (string | undefined)[]) =>
      [...new Set(ids.flatMap((id) => id ?? []))].filter((id) => !seen.has(id) && seen.add(id));
    const principals = fresh(open.filter((line) => line.sessionSinceMillis).map(({ principalId }) => principalId));
    await store.readTrail(queries.openingsOf, principals);
    open = await store.readTrail(queries.issuersOf, fresh(open.map(({ accessKeyId }) => accessKeyId)));
  }
}

/** Lines under the keys that our records lead to, and under those that were got with them. */
async function readKeys(store: Store): Promise<void> {
  const held = new Set([...requestIds(store.audit()), ...unique(store.audit(), "awsToken")]);
  const seen = new Set<string>();
  const first = store
    .trail()
    .filter((line) => isIssuing(line) && [line.requestId, line.tokenId].some((id) => held.has(id ?? "")));
  const named = store.audit().flatMap(({ awsAccessKeyId }) => awsAccessKeyId ?? []);
  let open = [...new Set([...first.flatMap(({ issuedKeyId }) => issuedKeyId ?? []), ...named])];
  for (let link = 0; open.length > 0 && link < mostLinks; link += 1) {
    for (const key of open) seen.add(key);
    const lines = await store.readTrail(queries.trailOfKeys, open);
    const next = lines.filter((line) => isIssuing(line) && seen.has(line.accessKeyId ?? ""));
    open = [...new Set(next.flatMap(({ issuedKeyId }) => issuedKeyId ?? []))].filter((key) => !seen.has(key));
  }
  // what other accounts were told of the same calls bears no key
  await store.readTrail(
    queries.trailOfRequests,
    requestsOf(store.trail().filter(({ accessKeyId }) => seen.has(accessKeyId ?? ""))),
  );
}
