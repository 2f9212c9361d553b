import { callerSubjects } from "../caller/authenticate.ts";
import type { Denial } from "../denial/denial.ts";
import type { AgentRegistration } from "../model/agent-registration.ts";
import { personAmong } from "../model/person-key.ts";
import type { ReplayEntry } from "../model/replay/entry.ts";
import { ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { withOwners } from "../person/owner.ts";
import { mergeQueries, readLiveness } from "../session/liveness.ts";
import type { LivenessQuery, LivenessRows } from "../session/store.ts";
import { serversAsked } from "./alive.ts";
import type { TokenContext } from "./context.ts";
import { fromOfferRow, type LocatedOffer } from "./offer-subject.ts";
import { type Above, readAbove } from "./plan-renewal.ts";
import type { TokenRequest } from "./request.ts";
import type { ResolvedSubject } from "./resolve-subject-token.ts";

/** A subject token and everything that is read before a request is decided. */
interface SubjectRead {
  readonly subject: Result<ResolvedSubject, Denial>;
  readonly rows: LivenessRows;
  readonly above: Above;
  /** Subjects of the servers that `rows` contains. */
  readonly servers: readonly string[];
  /** Whether the agent is within its rate of `perSecond`. */
  readonly within: boolean;
  readonly perSecond: number;
  /** The person whose key `rows` has, or says that there is none. */
  readonly person?: string;
}

/**
 * What differs between the endpoints that decide by these steps: which subject tokens are accepted, and what is
 * released.
 */
export interface Way {
  resolve(request: TokenRequest, registry: RegistrySnapshot): Promise<Result<ResolvedSubject | LocatedOffer, Denial>>;
  /** The bucket of the agent that is charged. */
  readonly bucket: "issue" | "vend";
  /** Size of that bucket for each second. */
  perSecond(registration: AgentRegistration | undefined): number;
  /** Life in seconds of what is released; when left out, that of the resource's access tokens. */
  readonly lifeSeconds?: number;
  /**
   * Whether a proof that was used before is refused as soon as liveness is read, and not when the transaction finds it:
   * for what costs others before anything is stored. It takes a right to read replay entries.
   */
  readonly looksForReplay?: true;
  /** Whether what policy permits with approval is answered as such, since whoever asks knows how to wait for people. */
  readonly mayWait?: true;
}

/** The ports that reading uses. */
type ReadContext = TokenContext<"clock" | "store" | "limiter">;

/**
 * Resolves the subject token and reads liveness in one strongly consistent batch: of the caller, of what the token
 * names, and of the agents that serve what is asked for. An offer is read in the same batch when its handle contains a
 * locator. The locator is a hint: rows that the offer requires and that the batch did not contain are read by a second
 * batch. That happens for an offer that this caller has redeemed before, since no handle can contain the session it
 * opens.
 */
export async function readSubject(way: Way, context: ReadContext, registry: RegistrySnapshot): Promise<SubjectRead> {
  const { request, caller, ports } = context;
  const perSecond = way.perSecond(registry.agent(caller.agent));
  const first = await way.resolve(request, registry);
  const known = first.ok && first.value.kind !== "located" ? first.value : undefined;
  const asked = queryOf({ query: first.ok ? first.value.query : nothing, subject: known }, context, registry);
  // what may be a stolen copy takes from the bucket only once it is written as used (`issue.ts`); a session's own token
  // is bound to the key that proved this call
  const late = caller.chargedLate === true && known?.kind !== "session";
  const renews = request.requested === "session" && known?.kind === "session";
  const [rows, above, within] = await Promise.all([
    readLiveness(ports.store, { ...asked.query, ...(way.looksForReplay && proofOf(caller.entries)) }),
    renews ? readAbove(known.token, ports.store) : {},
    late || ports.limiter.take(caller.agent, perSecond, way.bucket),
  ]);
  const { person } = asked.query;
  const read = { rows, above, within, perSecond, servers: asked.servers, ...(person === undefined ? {} : { person }) };
  if (!first.ok) return { ...read, subject: first };
  if (first.value.kind !== "located") return { ...read, subject: ok(first.value) };
  // when the batch is incomplete, the offer may only look absent; the caller of this function checks that first
  const subject = fromOfferRow(rows.offer, context, registry);
  if (!subject.ok) return { ...read, subject };
  const wanted = queryOf({ query: subject.value.query, subject: subject.value }, context, registry);
  // a locator names owners beside the principal: the row alone says of whom the record speaks, and whose key counts
  const { person: whose } = wanted.query;
  const { person: _, ...found } = read;
  const seen = { ...found, subject, ...(whose === undefined ? {} : { person: whose }) };
  if (!isCovered(wanted.query, asked.query))
    return { ...seen, rows: await readLiveness(ports.store, wanted.query), servers: wanted.servers };
  const { personKey, ...others } = rows;
  return { ...seen, rows: whose === undefined || personKey === undefined ? others : { ...others, personKey } };
}

/** The replay entry of the proof of this request. */
function proofOf(entries: readonly ReplayEntry[]): Pick<LivenessQuery, "replay"> {
  const proof = entries.find(({ kind }) => kind === "dpop");
  return proof ? { replay: proof.key } : {};
}

const nothing: LivenessQuery = { tombstones: [], subjects: [] };

/** The liveness query of a subject, its caller, and the servers of the requested resources. */
function queryOf(
  { query, subject }: { readonly query: LivenessQuery; readonly subject: ResolvedSubject | undefined },
  { request, caller }: Pick<TokenContext, "request" | "caller">,
  registry: RegistrySnapshot,
): { readonly query: LivenessQuery; readonly servers: readonly string[] } {
  const servers = serversAsked({ request, subject, registration: registry.agent(caller.agent) }, registry);
  const names = [...callerSubjects(caller), ...servers];
  const person = saysOfPerson({ request, subject }, registry) ? personAmong(query.subjects) : undefined;
  const signsIn = subject?.kind === "person" ? subject.person.principal.id : undefined;
  const owners = signsIn !== undefined && registry.confirmedOwners.has(signsIn) ? { owners: [signsIn] } : {};
  const more = { ...nothing, subjects: names, ...(person === undefined ? {} : { person }), ...owners };
  return { query: withOwners(mergeQueries(query, more), registry), servers };
}

/**
 * Whether the record may say something of the person that is encrypted, so that the person's key is read: a purpose, or
 * groups in the question that policies are asked. Which groups the person of a session has, its row says, in this
 * batch.
 */
const saysOfPerson = (
  { request, subject }: { readonly request: TokenRequest; readonly subject: ResolvedSubject | undefined },
  registry: RegistrySnapshot,
): boolean => {
  if (request.purpose !== undefined) return true;
  if (subject?.kind === "person") return (subject.person.principal.groups ?? []).length > 0;
  return registry.groups.size > 0;
};

/** Whether one query contains everything that another one needs. */
const isCovered = (wanted: LivenessQuery, asked: LivenessQuery): boolean =>
  wanted.session?.sid === asked.session?.sid &&
  wanted.session?.root === asked.session?.root &&
  (wanted.person === undefined || wanted.person === asked.person) &&
  wanted.tombstones.every((sid) => asked.tombstones.includes(sid)) &&
  wanted.subjects.every((name) => asked.subjects.includes(name));
