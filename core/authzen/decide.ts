import type { ToolChangeRequests } from "../approvals/tool-changes/store.ts";
import type { Denial } from "../denial/denial.ts";
import type { PolicyEngine } from "../model/decision.ts";
import { loginsOf } from "../model/login.ts";
import type { Clock } from "../model/ports.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Session } from "../model/session.ts";
import type { RegistrySnapshot, RegistrySource } from "../model/snapshot.ts";
import { subjects } from "../model/subjects.ts";
import { ownerGone, withOwners } from "../person/owner.ts";
import { evaluateSession, mergeQueries, queryFor, readLiveness } from "../session/liveness.ts";
import { handedOnFreely, serverState } from "../session/quarantine.ts";
import type { LivenessQuery, LivenessRows, SessionStore } from "../session/store.ts";
import { type Admission, type Asker, checkAsker } from "./asker.ts";
import { type ApprovedTools, approvedTools } from "./changes/approved.ts";
import { type Permit, permit } from "./permit.ts";
import type { Question } from "./question.ts";

/** What deciding stands on. */
export interface DecidePorts {
  readonly clock: Clock;
  readonly registries: RegistrySource;
  readonly store: Pick<SessionStore, "readLiveness" | "readSession" | "findSession">;
  readonly policy: PolicyEngine;
  /** Served tools that people are asked about; left out where the stage asks nobody. */
  readonly changes?: ToolChangeRequests;
}

/** What a question was answered by. */
export interface Decided {
  readonly question: Question;
  /** Only where the session is the asker's to ask about. */
  readonly session?: Session;
  readonly outcome: Result<Permit, Denial>;
}

/** Everything that was read for one call, and who asks. */
export interface Read {
  readonly asker: Asker;
  readonly registry: RegistrySnapshot;
  /** Tools that people approved as they are served now, as far as the questions name them. */
  readonly approved: ApprovedTools;
  /** Decides one of the questions it was read for. */
  decide(question: Question, isSought?: boolean): Decided;
}

/** How often the registry may change during one call before the call is refused. */
const reloads = 3;

/**
 * Reads what the questions of one call need: for each session its row, and then its liveness in one strongly consistent
 * batch that also tells whether the asker lives and which version of the registry counts (threat 22).
 *
 * A session that does not exist and one that is not the asker's cost the same reads: of the latter's liveness nothing
 * is asked, so that time does not tell one from the other (threat 41). Where a tool is asked about that is neither at a
 * pinned digest nor declared, and the registry names people for that, what they said is read, too; of no other tool.
 * @returns what was read, or `registry_unavailable`, `liveness_unavailable`, `gateway_unmatched`, and what `checkAsker`
 * refuses
 */
export async function readFor(
  questions: readonly Question[],
  admit: Admission,
  ports: DecidePorts,
): Promise<Result<Read, Denial>> {
  const named = new Map(questions.map((question) => [question.sid, question]));
  const [held, ...found] = await Promise.all([
    ports.registries.current(),
    ...[...named.values()].map(({ sid, root }) =>
      root === undefined ? ports.store.findSession(sid) : ports.store.readSession(root, sid),
    ),
  ]);
  const sessions = found.flatMap((session) => (session ? [session] : []));
  let registry = held;
  if (!registry) return err({ code: "registry_unavailable", why: "no registry was applied yet" });
  for (let attempt = 0; attempt < reloads; attempt++) {
    const admitted = admit(registry);
    const batches = await readBatches({ questions, sessions }, admitted.ok ? admitted.value : undefined, {
      registry,
      ports,
    });
    const [{ rows }] = batches;
    if (!batches.every((one) => one.rows.complete))
      return err({ code: "liveness_unavailable", why: "a key stayed unread" });
    if (!rows.deployment) return err({ code: "registry_unavailable", why: "no registry was applied yet" });
    const version = rows.deployment.registryVersion;
    if (version !== registry.version) {
      registry = await ports.registries.at(version);
      continue;
    }
    if (!admitted.ok) return admitted;
    const alive = checkAsker(admitted.value, rows, registry);
    if (!alive.ok) return alive;
    const approved = await approvedTools(questions, { asker: admitted.value, registry }, ports);
    if (!approved.ok) return approved;
    const now = nowSeconds(ports.clock);
    const by = { asker: admitted.value, registry, nowSeconds: now, policy: ports.policy, approved: approved.value };
    return ok({ ...by, decide: (question, isSought = false) => decide({ question, isSought, batches }, by) });
  }
  return err({ code: "registry_unavailable", why: "the registry keeps changing" });
}

/** What one batch told, and of which session. */
interface Batch {
  readonly sid?: string;
  readonly rows: LivenessRows;
}

/** One batch for each session that is the asker's to ask about; without any, one for the asker alone. */
async function readBatches(
  { questions, sessions }: { readonly questions: readonly Question[]; readonly sessions: readonly Session[] },
  asker: Asker | undefined,
  { registry, ports }: { readonly registry: RegistrySnapshot; readonly ports: DecidePorts },
): Promise<readonly [Batch, ...Batch[]]> {
  const servers = new Set(questions.map(({ target }) => target.server));
  const own: LivenessQuery = { tombstones: [], subjects: [...(asker?.subjects ?? [])] };
  const mine = sessions.filter(
    (session) => asker && [...servers].some((uri) => isAskers({ session, uri, asker }, registry)),
  );
  const [first, ...others] = mine.map(async (session): Promise<Batch> => {
    const of = queryFor({ ...session, principalId: session.principal.id, logins: loginsOf(session.epochs) });
    const serving = { tombstones: [], subjects: [...servers].flatMap((uri) => serverOf(uri, registry) ?? []) };
    return {
      sid: session.sid,
      rows: await readLiveness(ports.store, mergeQueries(withOwners(of, registry), own, serving)),
    };
  });
  if (!first) return [{ rows: await readLiveness(ports.store, own) }];
  const [one, rest] = await Promise.all([first, Promise.all(others)]);
  return [one, ...rest];
}

/** The liveness subject of the agent that serves a resource. */
const serverOf = (uri: string, registry: RegistrySnapshot): string | undefined => {
  const resource = registry.resource(uri);
  return resource && subjects.agent(registry.agentId(resource.servedBy));
};

/** Whether a session holds something at a resource that the asker serves or fronts. */
function isAskers(
  { session, uri, asker }: { readonly session: Session; readonly uri: string; readonly asker: Asker },
  registry: RegistrySnapshot,
): boolean {
  const resource = registry.resource(uri);
  return (
    resource !== undefined &&
    registry.mayAskAbout(asker.agent, resource) &&
    session.grants.some((grant) => grant.resource === uri)
  );
}

interface Asked {
  readonly question: Question;
  readonly isSought: boolean;
  readonly batches: readonly Batch[];
}

interface By {
  readonly asker: Asker;
  readonly registry: RegistrySnapshot;
  readonly nowSeconds: number;
  readonly policy: PolicyEngine;
  readonly approved: ApprovedTools;
}

/** Whose session it is ▸ whether it lives ▸ whether its server does ▸ what it may. */
function decide({ question, isSought, batches }: Asked, by: By): Decided {
  const no = (error: Denial, session?: Session): Decided => ({
    question,
    outcome: err(error),
    ...(session ? { session } : {}),
  });
  const foreign = (why: string) => no({ code: "session_foreign", why });
  const rows = batches.find(({ sid }) => sid === question.sid)?.rows;
  const session = rows?.session;
  const { target, principal, token } = question;
  if (!rows || !session || !isAskers({ session, uri: target.server, asker: by.asker }, by.registry))
    return foreign("a session, and a grant of it at a resource that the agent serves or fronts");
  if (principal !== undefined && principal !== session.principal.id) return foreign("a session of this principal");
  const owner = ownerGone(rows, session.actors.map(subjects.agent), by);
  if (owner) return no({ code: "parent_dead", cause: owner }, session);
  const alive = evaluateSession(rows, question.sid, by.nowSeconds);
  if (!alive.ok) return no({ code: "parent_dead", cause: alive.error }, session);
  const idle = session.actors.find((id) => by.registry.agent(id)?.state !== "active");
  if (idle !== undefined)
    return no({ code: "parent_dead", cause: { kind: "blocked", subject: subjects.agent(idle) } }, session);
  if (token.jkt !== undefined && token.jkt !== session.jkt)
    return no({ code: "parent_dead", cause: { kind: "taken_over", sid: session.sid } }, session);
  const free = handedOnFreely(session, rows);
  if (!free.ok) return no(free.error, session);
  const dead = deadServer(target.server, rows, by.registry);
  if (dead) return no(dead, session);
  return { question, session, outcome: permit({ question, session, isSought }, { ...by, rows }) };
}

/** A server that an operator blocked, or that is quarantined or suspended, gets no calls either (threat 42). */
function deadServer(resource: string, rows: LivenessRows, registry: RegistrySnapshot): Denial | undefined {
  const agent = registry.agentId(registry.resource(resource)?.servedBy ?? "");
  const state = serverState(agent, rows, registry);
  return state === "active" ? undefined : { code: "server_dead", resource, agent, state };
}
