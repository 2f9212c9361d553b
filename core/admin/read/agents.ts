import type { AgentRegistration } from "../../model/agent-registration.ts";
import { cutsIn } from "../../model/epoch.ts";
import { limits } from "../../model/limits.ts";
import { err, ok } from "../../model/result.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import { subjects } from "../../model/subjects.ts";
import { withOwners } from "../../person/owner.ts";
import { inForce } from "../../session/quarantine.ts";
import type { LivenessRows, RevocationEpoch } from "../../session/store.ts";
import { abilitiesOf } from "./abilities.ts";
import { appliedRegistry } from "./applied-registry.ts";
import { cursorText, readCursor } from "./cursor.ts";
import { isOrphan, ownerInTheWay, ownerView } from "./owner-standing.ts";
import { flag, pageLimit } from "./query.ts";
import type { AdminReadDeps, Route } from "./route.ts";

/** Sorts agents by name. Pages begin and end at names, so that an agent added meanwhile does not shift them. */
const byName = (a: AgentRegistration, b: AgentRegistration): number => (a.name < b.name ? -1 : 1);

const epochView = ({ epoch, blocked, quarantined, cutAtSeconds }: RevocationEpoch) => ({
  generation: cutsIn(epoch),
  blocked,
  quarantined: quarantined === true,
  ...(cutAtSeconds === undefined ? {} : { cutAtSeconds }),
});

const none: RevocationEpoch = { epoch: 0, blocked: false };

/** The epochs of agents and their owners, strongly consistent; undefined when a row could not be read. */
async function epochsOf(
  ids: readonly string[],
  registry: RegistrySnapshot,
  { queries }: AdminReadDeps,
): Promise<LivenessRows | undefined> {
  const rows = await queries.readLiveness(withOwners({ tombstones: [], subjects: ids.map(subjects.agent) }, registry));
  return rows.complete ? rows : undefined;
}

const unread = err({ code: "liveness_unavailable", why: "a key stayed unread" } as const);

/** Why an agent gets nothing at all, whatever policies say. */
function inTheWay(
  { state, quarantine }: AgentRegistration,
  epoch: RevocationEpoch,
  rows: LivenessRows,
): readonly string[] {
  return [
    ...(state === "active" ? [] : [`its state is ${state}`]),
    ...(epoch.blocked ? ["it was revoked, and an operator has not lifted the block"] : []),
    ...(epoch.quarantined && !quarantine ? ["it is quarantined, and its registration names no profile for that"] : []),
    ...(rows.deployment?.blocked ? ["the whole deployment is blocked"] : []),
  ];
}

const summary = (
  agent: AgentRegistration,
  { registry, rows, nowSeconds }: { registry: RegistrySnapshot; rows: LivenessRows; nowSeconds: number },
) => {
  const { name, state, sponsor, description } = agent;
  const id = registry.agentId(name);
  const epoch = rows.epochs.get(subjects.agent(id)) ?? none;
  const words = description === undefined ? {} : { description };
  const owner = ownerView({ ...agent, id }, rows, nowSeconds);
  return { name, id, state, ...owner, sponsor, ...words, standing: epochView(epoch) };
};

/**
 * `GET /agents`: registered agents by name, with their revocation epochs and how their owners stand. With `orphaned`
 * only those for whom nobody who can be asked answers: a page may then have fewer than its limit, and a next one.
 */
export const agentsRoute: Route = {
  template: "/agents",
  pattern: /^\/agents$/,
  parameters: ["limit", "cursor", "orphaned"],
  async answer({ query, nowSeconds }, deps) {
    const limit = pageLimit(query);
    if (!limit.ok) return limit;
    const orphaned = flag(query, "orphaned");
    if (!orphaned.ok) return orphaned;
    const cursor = readCursor(query.get("cursor"), "agents");
    if (!cursor.ok) return cursor;
    const registry = await appliedRegistry(deps);
    const after = cursor.value?.name ?? "";
    const left = [...registry.agents].sort(byName).filter(({ name }) => name > after);
    const page = left.slice(0, limit.value);
    const rows = await epochsOf(
      page.map(({ name }) => registry.agentId(name)),
      registry,
      deps,
    );
    if (!rows) return unread;
    const last = page.at(-1);
    const more = left.length > page.length && last !== undefined;
    return ok({
      version: registry.version,
      items: page
        .map((agent) => summary(agent, { registry, rows, nowSeconds }))
        .filter((one) => !orphaned.value || isOrphan(one)),
      ...(more ? { next: cursorText({ list: "agents", name: last.name }) } : {}),
    });
  },
};

/** `GET /agents/{name}`: one agent's registration, revocation epoch, and what it can do by policy. */
export const agentRoute: Route = {
  template: "/agents/{name}",
  pattern: /^\/agents\/([a-z0-9._-]+(?:\/[a-z0-9._-]+)*)$/,
  parameters: [],
  async answer({ named, nowSeconds }, deps) {
    const registry = await appliedRegistry(deps);
    const id = registry.agentId(named);
    const agent = id.length > limits.agentIdCharacters ? undefined : registry.agent(id);
    if (!agent) return err({ code: "not_found", path: `/agents/${named}`.slice(0, 100) });
    const rows = await epochsOf([id], registry, deps);
    if (!rows) return unread;
    const epoch = rows.epochs.get(subjects.agent(id)) ?? none;
    const force = inForce(agent, id, rows);
    const now = force.ok ? force.value : { registration: { ...agent, may: [] } };
    const shown = summary(agent, { registry, rows, nowSeconds });
    return ok({
      version: registry.version,
      ...shown,
      registration: agent,
      serves: registry.resources.filter(({ servedBy }) => servedBy === named).map(({ uri }) => uri),
      getsNothingBecause: [...inTheWay(agent, epoch, rows), ...ownerInTheWay(shown)],
      ...abilitiesOf(now, registry, { policy: deps.policy, nowSeconds }),
    });
  },
};
