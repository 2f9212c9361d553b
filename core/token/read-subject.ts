import { callerSubjects } from "../caller/authenticate.ts";
import type { Denial } from "../denial/denial.ts";
import type { AgentRegistration } from "../model/registry.ts";
import { ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
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
  /** Subjects of the servers that `rows` tells of. */
  readonly servers: readonly string[];
  /** Whether the agent is within its rate of `perSecond`. */
  readonly within: boolean;
  readonly perSecond: number;
}

/** What differs between those who decide by these steps: what may be a subject token, and what is released in the end. */
export interface Way {
  resolve(request: TokenRequest, registry: RegistrySnapshot): Promise<Result<ResolvedSubject | LocatedOffer, Denial>>;
  /** Which of the agent's buckets is taken from. */
  readonly bucket: "issue" | "vend";
  /** How many that bucket gives each second. */
  perSecond(registration: AgentRegistration | undefined): number;
  /** How long what is released lives, in seconds; left out, as long as access tokens of its resource. */
  readonly lifeSeconds?: number;
}

/** The ports that reading uses. */
type ReadContext = TokenContext<"clock" | "store" | "limiter">;

/**
 * Resolves the subject token and reads liveness in one strongly consistent batch: of the caller, of what the token names,
 * and of the agents that serve what is asked for. An offer is read in the same batch when its handle contains a locator.
 * The locator is a hint: rows that the offer requires and that the batch did not contain are read by a second batch. That
 * happens for an offer that this caller has redeemed before, since no handle can contain the session it opens.
 */
export async function readSubject(way: Way, context: ReadContext, registry: RegistrySnapshot): Promise<SubjectRead> {
  const { request, caller, ports } = context;
  const perSecond = way.perSecond(registry.agent(caller.agent));
  const first = await way.resolve(request, registry);
  const known = first.ok && first.value.kind !== "located" ? first.value : undefined;
  const asked = queryOf(first.ok ? first.value.query : nothing, known, context, registry);
  const renews = request.requested === "session" && known?.kind === "session";
  const [rows, above, within] = await Promise.all([
    readLiveness(ports.store, asked.query),
    renews ? readAbove(known.token, ports.store) : {},
    ports.limiter.take(caller.agent, perSecond, way.bucket),
  ]);
  const read = { rows, above, within, perSecond, servers: asked.servers };
  if (!first.ok) return { ...read, subject: first };
  if (first.value.kind !== "located") return { ...read, subject: ok(first.value) };
  // when the batch is incomplete, the offer may only look absent; the caller of this function checks that first
  const subject = fromOfferRow(rows.offer, context);
  if (!subject.ok) return { ...read, subject };
  const wanted = queryOf(subject.value.query, subject.value, context, registry);
  if (isCovered(wanted.query, asked.query)) return { ...read, subject };
  return { ...read, subject, rows: await readLiveness(ports.store, wanted.query), servers: wanted.servers };
}

const nothing: LivenessQuery = { tombstones: [], subjects: [] };

/** What is read of a subject, its caller, and the servers of what is asked for. */
function queryOf(
  query: LivenessQuery,
  subject: ResolvedSubject | undefined,
  { request, caller }: Pick<TokenContext, "request" | "caller">,
  registry: RegistrySnapshot,
): { readonly query: LivenessQuery; readonly servers: readonly string[] } {
  const servers = serversAsked({ request, subject, registration: registry.agent(caller.agent) }, registry);
  return { query: mergeQueries(query, { ...nothing, subjects: [...callerSubjects(caller), ...servers] }), servers };
}

/** Whether all that is wanted was asked for. */
const isCovered = (wanted: LivenessQuery, asked: LivenessQuery): boolean =>
  wanted.session?.sid === asked.session?.sid &&
  wanted.session?.root === asked.session?.root &&
  wanted.tombstones.every((sid) => asked.tombstones.includes(sid)) &&
  wanted.subjects.every((name) => asked.subjects.includes(name));
