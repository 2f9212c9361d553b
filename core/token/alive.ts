import type { DeathCause } from "../denial/death.ts";
import type { Denial } from "../denial/denial.ts";
import type { AgentRegistration } from "../model/agent-registration.ts";
import { denylistedBy, loginReads, loginsOf } from "../model/login.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Grant, Session } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { subjects } from "../model/subjects.ts";
import { ownerGone, signInOf, withOwners } from "../person/owner.ts";
import { evaluateSession, queryFor, readLiveness } from "../session/liveness.ts";
import { serverState } from "../session/quarantine.ts";
import type { LivenessRows } from "../session/store.ts";
import type { TokenPorts } from "./context.ts";
import type { Plan } from "./plan.ts";
import type { TokenRequest } from "./request.ts";
import type { ResolvedSubject } from "./resolve-subject-token.ts";

/** The agents that serve these resources, without duplicates, as liveness subjects. */
function serversOf(
  resources: readonly string[],
  registry: Pick<RegistrySnapshot, "resource" | "agentId">,
): readonly string[] {
  const served = resources.flatMap((uri) => registry.resource(uri)?.servedBy ?? []);
  return [...new Set(served)].map((name) => subjects.agent(registry.agentId(name)));
}

/** What is known of a request before its session's row is read. */
interface Asked {
  readonly request: TokenRequest;
  readonly subject: ResolvedSubject | undefined;
  readonly registration: AgentRegistration | undefined;
}

/**
 * The servers that a request may concern, found before its session's row is read, so that their epochs are part of the
 * first liveness batch: those of the named resources, else those of the resources its agent is registered for, and
 * those of an offer's resources.
 */
export function serversAsked({ request, subject, registration }: Asked, registry: RegistrySnapshot): readonly string[] {
  if (request.resources.length > 0) return serversOf(request.resources, registry);
  const offered = subject?.kind === "offer" || subject?.kind === "redeemed" ? subject.offer.grants : [];
  return serversOf(
    [...(registration?.may ?? []), ...offered].map(({ resource }) => resource),
    registry,
  );
}

/**
 * Refuses resources whose server is dead (threat 42): a token for a server that an operator blocked, or that is
 * suspended, would carry people's data and rights to the party that controls it now.
 * @param read `servers`: subjects of the batch that gave `rows`; a server that was not read never counts as alive
 */
export function evaluateServers(
  grants: readonly Grant[],
  { rows, servers }: { readonly rows: LivenessRows; readonly servers: readonly string[] },
  registry: RegistrySnapshot,
): Result<void, Denial> {
  for (const { resource } of grants) {
    for (const subject of serversOf([resource], registry)) {
      if (!servers.includes(subject)) throw new Error(`the epoch of ${subject} was never read`);
      const agent = subject.slice(subjects.agent("").length);
      const state = serverState(agent, rows, registry);
      if (state !== "active") return err({ code: "server_dead", resource, agent, state });
    }
  }
  return ok(undefined);
}

/** What was decided before the write. */
interface Decided {
  readonly plan: Pick<Plan, "grants">;
  readonly subject: ResolvedSubject;
  readonly registry: RegistrySnapshot;
}

/** The ports that the second look uses. */
type SecondLookPorts = Pick<TokenPorts, "store" | "clock" | "registries">;

/** Whether something that the stored rows depend on died between the first read and the write. */
export async function deathSince(
  session: Session,
  decided: Decided,
  ports: SecondLookPorts,
): Promise<DeathCause | undefined> {
  const { subject } = decided;
  const of = queryFor({ ...session, principalId: session.principal.id, logins: loginsOf(session.epochs) });
  const query = withOwners(of, decided.registry);
  const login = subject.kind === "person" ? loginReads(subject.person.login) : [];
  const servers = serversOf(resourcesOf(decided), decided.registry);
  const names = [...query.subjects, ...Object.keys(session.epochs), ...servers, ...login];
  const rows = await readLiveness(ports.store, { ...query, subjects: names });
  // what was not read is no owner who is gone: only what rows say is a death that ends something (threat 44)
  if (!rows.complete) return { kind: "unreadable" };
  const now = nowSeconds(ports.clock);
  const signedIn = subject.kind === "person" ? { signedIn: signInOf(subject.person, now) } : {};
  const owner = ownerGone(rows, of.subjects, { registry: decided.registry, nowSeconds: now, ...signedIn });
  if (owner) return owner;
  const alive = evaluateSession(rows, session.sid, now);
  if (!alive.ok) return alive.error;
  // whoever redeemed the session's offer again has it now (threat 17)
  if (alive.value.jkt !== session.jkt) return { kind: "taken_over", sid: session.sid };
  // a quarantine raises no epoch that a token for this server was issued under, so it is looked for itself
  const stopped = servers.find((one) => {
    const state = serverState(one.slice(subjects.agent("").length), rows, decided.registry);
    return state === "blocked" || state === "quarantined";
  });
  if (stopped !== undefined) return { kind: "blocked", subject: stopped };
  const idle = await idleSince(session, { rows, decided }, ports);
  if (idle !== undefined) return { kind: "blocked", subject: subjects.agent(idle) };
  if (subject.kind !== "person") return undefined;
  const { person } = subject;
  return denylistedBy(person.login, person.authTimeSeconds, rows) === undefined ? undefined : { kind: "burnt" };
}

/**
 * The cause of death, if any. A second read that failed proves no death: somebody who throttles our reads must not be
 * able to end work (threat 44).
 */
export const causeOf = (read: PromiseSettledResult<DeathCause | undefined>): DeathCause | undefined =>
  read.status === "fulfilled" ? read.value : { kind: "unreadable" };

/** Only a proven death ends what was stored: a session that another key of its agent has taken over lives on for it. */
export const isProven = (dead: DeathCause | undefined): boolean =>
  dead !== undefined && dead.kind !== "unreadable" && dead.kind !== "taken_over";

/**
 * Why nothing is released after the write. Where liveness could not be read the agent asks again: what was stored
 * stays, unreleased, and an offer opens the same session for the same agent and key.
 */
export const lateDenial = (cause: DeathCause): Denial =>
  cause.kind === "unreadable"
    ? { code: "liveness_unavailable", why: "it could not be read again; nothing was released, and nothing ended" }
    : { code: "died_in_flight", cause };

const resourcesOf = ({ plan }: Decided): readonly string[] => plan.grants.map(({ resource }) => resource);

/**
 * An agent of the chain, or a server, that is not active in the registry's present version, when that differs from the
 * version that decided.
 */
async function idleSince(
  session: Session,
  { rows, decided }: { readonly rows: LivenessRows; readonly decided: Decided },
  ports: SecondLookPorts,
): Promise<string | undefined> {
  const { deployment } = rows;
  if (!deployment || deployment.registryVersion === decided.registry.version) return undefined;
  const now = await ports.registries.at(deployment.registryVersion);
  const servers = resourcesOf(decided).flatMap((uri) => now.resource(uri)?.servedBy ?? []);
  return [...session.actors, ...servers.map(now.agentId)].find((id) => now.agent(id)?.state !== "active");
}
