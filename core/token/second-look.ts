import type { DeathCause } from "../denial/death.ts";
import type { Denial } from "../denial/denial.ts";
import { denylistedBy, loginReads, loginsOf } from "../model/login.ts";
import { nowSeconds } from "../model/ports.ts";
import type { Session } from "../model/session.ts";
import { subjects } from "../model/subjects.ts";
import { blockedAmong, evaluateSession, queryFor, readLiveness } from "../session/liveness.ts";
import type { LivenessRows } from "../session/store.ts";
import type { Authorized } from "./authorize.ts";
import { serversOf } from "./bounds.ts";
import type { TokenPorts } from "./context.ts";

/** What looking again uses. */
type SecondLookPorts = Pick<TokenPorts, "store" | "clock" | "registries">;

/** Whether what was stored died between the first read and the write. */
export async function deathSince(
  session: Session,
  authorized: Authorized,
  ports: SecondLookPorts,
): Promise<DeathCause | undefined> {
  const { subject } = authorized;
  const query = queryFor({ ...session, principalId: session.principal.id, logins: loginsOf(session.epochs) });
  const login = subject.kind === "person" ? loginReads(subject.person.login) : [];
  const servers = serversOf(resourcesOf(authorized), authorized.registry);
  const names = [...query.subjects, ...Object.keys(session.epochs), ...servers, ...login];
  const rows = await readLiveness(ports.store, { ...query, subjects: names });
  const alive = evaluateSession(rows, session.sid, nowSeconds(ports.clock));
  if (!alive.ok) return alive.error;
  const blocked = blockedAmong(rows, servers);
  if (blocked !== undefined) return { kind: "blocked", subject: blocked };
  const idle = await idleSince(session, rows, authorized, ports);
  if (idle !== undefined) return { kind: "blocked", subject: subjects.agent(idle) };
  if (subject.kind !== "person") return undefined;
  const { person } = subject;
  return denylistedBy(person.login, person.authTimeSeconds, rows) === undefined ? undefined : { kind: "burnt" };
}

/** A second read that failed is no death: whoever throttles it must not be able to end work (threat 44). */
export const causeOf = (read: PromiseSettledResult<DeathCause | undefined>): DeathCause | undefined =>
  read.status === "fulfilled" ? read.value : { kind: "unreadable" };

/** Only a proven death ends what was stored. */
export const isProven = (dead: DeathCause | undefined): boolean => dead !== undefined && dead.kind !== "unreadable";

/**
 * Why nothing is released after the write. What could not be read is asked for again: what was stored stands, unreleased,
 * and an offer opens the same session for the same agent and key.
 */
export const lateDenial = (cause: DeathCause): Denial =>
  cause.kind === "unreadable"
    ? { code: "liveness_unavailable", why: "it could not be read again; nothing was released, and nothing ended" }
    : { code: "died_in_flight", cause };

const resourcesOf = ({ plan }: Authorized): readonly string[] => plan.grants.map(({ resource }) => resource);

/** An agent of the chain, or a server, that is no longer active, where another version of the registry counts than decided this. */
async function idleSince(
  session: Session,
  { deployment }: LivenessRows,
  authorized: Authorized,
  ports: SecondLookPorts,
): Promise<string | undefined> {
  if (!deployment || deployment.registryVersion === authorized.registry.version) return undefined;
  const now = await ports.registries.at(deployment.registryVersion);
  const servers = resourcesOf(authorized).flatMap((uri) => now.resource(uri)?.servedBy ?? []);
  return [...session.actors, ...servers.map(now.agentId)].find((id) => now.agent(id)?.state !== "active");
}
