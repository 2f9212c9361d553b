import { type Findings, findingsOf, seenAt } from "../lifecycle/findings.ts";
import { type RememberDeps, remember } from "../lifecycle/remember.ts";
import type { Trace } from "../lifecycle/trace.ts";
import { nowSeconds } from "../model/ports.ts";
import type { AgentRegistration } from "../model/registry.ts";
import type { RegistryStore } from "../registry/store.ts";

/**
 * What the watch stands on. When an agent last had a session is looked up in what sessions leave behind for a day, a few
 * times a day, and not stamped by those who issue: that would be a write more on the way of every session, on one row an
 * agent. A session counts until its planned end, so silence can be seen half a day late.
 */
interface WatchDeps extends RememberDeps {
  readonly registry: Pick<RegistryStore, "applied" | "rows">;
  readonly trustDomain: string;
  /** Days of silence for agents that name none. */
  readonly dormantAfterDays: number;
}

/** How many active agents are late for their review, and how many are dormant, told of now or before. */
interface WatchCounts {
  readonly overdue: number;
  readonly dormant: number;
}

/** What all agents of one look have in common. */
interface Round {
  readonly nowSeconds: number;
  readonly lookedAtSeconds: number | undefined;
  readonly registryVersion: number;
}

/** Agents that are looked at side by side. */
const atOnce = 8;

/**
 * Looks at every active agent: is its review day over, has it been without a session too long? Each is told of once, by
 * an audit event: a review again when it names another day that is missed, silence again when a session has come
 * between. It changes no agent: who answers for it decides. The numbers tell of what stands, event or not.
 */
export async function watchLifecycle(deps: WatchDeps): Promise<WatchCounts> {
  const now = nowSeconds(deps.clock);
  const registryVersion = await deps.registry.applied();
  const agents = await activeAgents(deps, registryVersion);
  const { lookedAtSeconds, traces } = await deps.store.memory();
  const known = new Map(traces.map((trace) => [trace.name, trace]));
  const round = { nowSeconds: now, lookedAtSeconds, registryVersion };
  const found: Findings[] = [];
  for (let at = 0; at < agents.length; at += atOnce) {
    const some = agents.slice(at, at + atOnce);
    found.push(...(await Promise.all(some.map((agent) => look(agent, known.get(agent.name), round, deps)))));
  }
  // suspended, retired or gone: when it works again its silence begins anew
  const active = new Set(agents.map(({ name }) => name));
  for (const { name } of traces) if (!active.has(name)) await deps.store.forget(name);
  await deps.store.looked(now);
  return { overdue: found.filter((f) => f.overdue).length, dormant: found.filter((f) => f.dormant).length };
}

async function activeAgents({ registry }: WatchDeps, version: number): Promise<readonly AgentRegistration[]> {
  const rows = version === 0 ? [] : await registry.rows(version);
  return rows.flatMap((row) => (row.kind === "agent" && row.state === "active" ? [row] : []));
}

async function look(
  agent: AgentRegistration,
  trace: Trace | undefined,
  { registryVersion, ...round }: Round,
  deps: WatchDeps,
): Promise<Findings> {
  const agentId = `spiffe://${deps.trustDomain}/agent/${agent.name}`;
  const latestEndSeconds = await deps.store.latestEndSeconds(agentId);
  const seenAtSeconds = seenAt(trace, { ...round, latestEndSeconds });
  const findings = findingsOf(agent, seenAtSeconds, round.nowSeconds, deps.dormantAfterDays);
  await remember({ agent, agentId, trace, seenAtSeconds, findings, registryVersion }, deps);
  return findings;
}
