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
 * Looks at every active agent: is its review day over, has it been without a session too long?
 *
 * 1. **read** the active agents of the registry's version that counts
 * 2. **recall** what earlier looks left of each, and when the last one was
 * 3. **look** when each agent last had a session, some agents at a time
 * 4. **find** what is late or silent (`lifecycle/findings.ts`)
 * 5. **remember** it, and tell of it once, by an audit event: of a review again when it names another day that is missed, of
 *    silence again when a session has come between (`lifecycle/remember.ts`)
 * 6. **forget** agents that are active no longer: when one works again, its silence begins anew
 * 7. **count** what stands, event or not
 *
 * It changes no agent: who answers for it decides.
 */
export async function watchLifecycle(deps: WatchDeps): Promise<WatchCounts> {
  const now = nowSeconds(deps.clock);
  // 1. read
  const registryVersion = await deps.registry.applied();
  const agents = await activeAgents(deps, registryVersion);
  // 2. recall
  const { lookedAtSeconds, traces } = await deps.store.memory();
  const known = new Map(traces.map((trace) => [trace.name, trace]));
  const round = { nowSeconds: now, lookedAtSeconds, registryVersion };
  const found: Findings[] = [];
  for (let at = 0; at < agents.length; at += atOnce) {
    const some = agents.slice(at, at + atOnce);
    found.push(
      ...(await Promise.all(some.map((agent) => look(agent, { ...round, trace: known.get(agent.name) }, deps)))),
    );
  }
  await forget(traces, agents, deps);
  await deps.store.looked(now);
  return count(found);
}

async function activeAgents({ registry }: WatchDeps, version: number): Promise<readonly AgentRegistration[]> {
  const rows = version === 0 ? [] : await registry.rows(version);
  return rows.flatMap((row) => (row.kind === "agent" && row.state === "active" ? [row] : []));
}

async function look(
  agent: AgentRegistration,
  { trace, registryVersion, ...round }: Round & { readonly trace: Trace | undefined },
  deps: WatchDeps,
): Promise<Findings> {
  const agentId = `spiffe://${deps.trustDomain}/agent/${agent.name}`;
  // 3. look
  const latestEndSeconds = await deps.store.latestEndSeconds(agentId);
  const seenAtSeconds = seenAt(trace, { ...round, latestEndSeconds });
  // 4. find
  const { nowSeconds } = round;
  const findings = findingsOf(agent, { seenAtSeconds, nowSeconds, dormantAfterDays: deps.dormantAfterDays });
  // 5. remember
  await remember({ agent, agentId, trace, seenAtSeconds, findings, registryVersion }, deps);
  return findings;
}

async function forget(
  traces: readonly Trace[],
  agents: readonly AgentRegistration[],
  { store }: WatchDeps,
): Promise<void> {
  const active = new Set(agents.map(({ name }) => name));
  // 6. forget
  for (const { name } of traces) if (!active.has(name)) await store.forget(name);
}

const count = (found: readonly Findings[]): WatchCounts => ({
  // 7. count
  overdue: found.filter((one) => one.overdue).length,
  dormant: found.filter((one) => one.dormant).length,
});
