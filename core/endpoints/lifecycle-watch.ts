import { type Findings, findingsOf, seenAt } from "../lifecycle/findings.ts";
import { type RememberDeps, remember } from "../lifecycle/remember.ts";
import type { Trace } from "../lifecycle/trace.ts";
import type { AgentRegistration } from "../model/agent-registration.ts";
import { nowSeconds } from "../model/ports.ts";
import type { RegistryStore } from "../registry/store.ts";

/**
 * What the watch needs. A few times a day it reads when each agent last had a session, from rows that are kept for a
 * day after a session's end. The issuing functions do not record it, since every session would then cost one more
 * write, on one row of its agent. A session counts until its planned end, so silence may be noticed half a day late.
 */
interface WatchDeps extends RememberDeps {
  readonly registry: Pick<RegistryStore, "applied" | "rows">;
  readonly trustDomain: string;
  /** Days without a session, for agents that name none. */
  readonly dormantAfterDays: number;
}

/** How many active agents are overdue for their review, and how many are dormant, whether reported now or before. */
interface WatchCounts {
  readonly overdue: number;
  readonly dormant: number;
}

/** What is the same for all agents of one run. */
interface Round {
  readonly nowSeconds: number;
  readonly lookedAtSeconds: number | undefined;
  readonly registryVersion: number;
}

/** Agents that are read at the same time. */
const atOnce = 8;

/**
 * Checks of every active agent whether its review day is over, and whether it has had no session for too long:
 *
 * 1. **read** the active agents of the registry's current version
 * 2. **recall** what earlier runs stored of each, and when the last one was
 * 3. **look** when each agent last had a session, a few agents at a time
 * 4. **find** which are overdue or dormant (`lifecycle/findings.ts`)
 * 5. **remember** it, and report it once by an audit event: a review again when another review day is missed, silence
 *    again when there was a session in between (`lifecycle/remember.ts`)
 * 6. **forget** agents that are no longer active; if one becomes active again, its silence is counted from then
 * 7. **count** all that are overdue or dormant now, reported or not
 *
 * It changes no agent: the agent's owner decides.
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
