import { policyBudgets } from "../../budgets/annotation.ts";
import { agentLevels, type BudgetLevel, lendingLevels, policyLevels, sessionLevels } from "../../budgets/levels.ts";
import type { Denial } from "../../denial/denial.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import { subjectOf } from "./query.ts";
import type { AdminReadDeps, Question } from "./route.ts";

/** A budget, and whose it is in words that other questions take. */
export interface Listed {
  readonly level: BudgetLevel;
  readonly whose: {
    readonly agent?: string;
    readonly lending?: string;
    readonly policy?: string;
    readonly principal?: string;
    readonly session?: string;
  };
}

/** By whom budgets are asked for, beside a policy. */
export const budgetKinds = ["agent", "principal", "session", "deployment"] as const;

/**
 * The budgets of whom a question names, whatever they have spent.
 * @returns them, those of `subjectOf`, or `not_found` for an agent that is not registered and a session that is not kept
 */
export async function budgetsOf(
  { query }: Question,
  registry: RegistrySnapshot,
  { queries, trustDomain }: AdminReadDeps,
): Promise<Result<readonly Listed[], Denial>> {
  const subject = subjectOf(query, budgetKinds, trustDomain);
  if (!subject.ok) return subject;
  const { kind, id } = subject.value;
  if (kind === "agent") return registry.agent(id) ? ok(ofAgent(id, registry)) : unknown(id);
  if (kind === "principal") return ok(ofPrincipal(id, registry));
  if (kind === "deployment") return ok(ofEverybody(registry));
  const root = (await queries.rootOf(id)) ?? id;
  const [session] = await queries.sessions([{ root, sid: id }]);
  if (!session) return unknown(id);
  const { principal, actors, delegationRules = [], budgets = [] } = session;
  return ok([
    ...delegationRules.flatMap((rule) => ofLending(rule, principal.id, registry)),
    ...[...new Set(actors)].flatMap((agent) => ofAgent(agent, registry)),
    ...sessionLevels(session).map((level, at) => ({ level, whose: { session: budgets[at]?.sid ?? id } })),
  ]);
}

/** The answer about what nobody has. */
export const unknown = (id: string) => err({ code: "not_found", path: `/budgets of ${id}`.slice(0, 100) } as const);

const ofAgent = (agent: string, registry: RegistrySnapshot): readonly Listed[] =>
  agentLevels(agent, registry).map((level) => ({ level, whose: { agent } }));

const ofEverybody = (registry: RegistrySnapshot): readonly Listed[] =>
  registry.agents
    .map(({ name }) => name)
    .sort()
    .flatMap((name) => ofAgent(registry.agentId(name), registry));

const ofLending = (lending: string, principal: string, registry: RegistrySnapshot): readonly Listed[] =>
  lendingLevels(lending, principal, registry).map((level) => ({ level, whose: { lending, principal } }));

const ofPrincipal = (principal: string, registry: RegistrySnapshot): readonly Listed[] => [
  ...registry.delegationRules.flatMap(({ name }) => ofLending(name, principal, registry)),
  ...[...policyBudgets(registry).keys()].flatMap((policy) => permitted(policy, principal, registry)),
];

/** A policy's budget for one principal. */
export const permitted = (policy: string, principal: string, registry: RegistrySnapshot): readonly Listed[] =>
  policyLevels(policy, principal, registry).map((level) => ({ level, whose: { policy, principal } }));
