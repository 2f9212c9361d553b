import type { Budget, BudgetBounds, BudgetOwner } from "../model/budget.ts";
import type { Session } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { policyBudgets } from "./annotation.ts";

/** A budget that a call must fit, and for whom it counts. */
export interface BudgetLevel {
  readonly of: BudgetOwner;
  readonly name: string;
  /** Whose row it is, as part of the row's key. */
  readonly scope: string;
  readonly bounds: BudgetBounds;
  /** The resources it counts; every resource when it is left out. */
  readonly resources?: readonly string[];
  readonly shards?: number;
}

/** A call, as far as it decides which budgets it must fit. */
export interface BudgetedCall {
  readonly session: Pick<Session, "sid" | "principal" | "actors" | "delegationRules" | "budgets">;
  readonly resource: string;
  /** Names of the policies that permit it. */
  readonly policies: readonly string[];
}

const declared = (of: BudgetOwner, scope: string, all: readonly Budget[] = []): readonly BudgetLevel[] =>
  all.map((budget) => {
    const { name, resources, shards } = budget;
    return {
      ...{ of, name, scope, bounds: budget },
      ...(resources === undefined ? {} : { resources }),
      ...(shards === undefined ? {} : { shards }),
    };
  });

/**
 * The budgets of each person whom a lending rule lets delegate. The rule's name stands in the scope: two rules may call
 * their budgets alike, with two limits.
 */
export const lendingLevels = (rule: string, principal: string, registry: RegistrySnapshot): readonly BudgetLevel[] =>
  declared("person", `person/${rule}/${principal}`, registry.delegationRule(rule)?.budgets);

/** The budgets of an agent, by its SPIFFE ID. */
export const agentLevels = (id: string, registry: RegistrySnapshot): readonly BudgetLevel[] =>
  declared("agent", `agent/${id}`, registry.agent(id)?.budgets);

/** The budget that a policy has for one principal; none for most policies. */
export function policyLevels(name: string, principal: string, registry: RegistrySnapshot): readonly BudgetLevel[] {
  const budget = policyBudgets(registry).get(name);
  return budget ? declared("policy", `policy/${name}/${principal}`, [budget]) : [];
}

/** The budgets that a session and those above it were opened with, from the one nearest to the root. */
export const sessionLevels = ({ budgets = [] }: Pick<Session, "budgets">): readonly BudgetLevel[] =>
  budgets.map(({ sid, ...bounds }) => ({ of: "session", name: "session", scope: `session/${sid}`, bounds }));

/**
 * Every budget that a call must fit, outermost first: the person's, over all agents; those of the agents in the chain,
 * first to current, so that an agent's budget counts whatever stands below it; those of the policies that permit it, each
 * for the principal; and those of the sessions, from the one
 * nearest to the root. Limits are the present registry's, whatever they were when the session began.
 *
 * Most deployments have none, and then nothing is read and nothing is written.
 */
export function levelsOf(
  { session, resource, policies }: BudgetedCall,
  registry: RegistrySnapshot,
): readonly BudgetLevel[] {
  const { principal, actors, delegationRules = [] } = session;
  return [
    ...delegationRules.flatMap((rule) => lendingLevels(rule, principal.id, registry)),
    // an agent that stands in a chain twice is charged once
    ...[...new Set(actors)].flatMap((id) => agentLevels(id, registry)),
    ...policies.flatMap((name) => policyLevels(name, principal.id, registry)),
    ...sessionLevels(session),
  ].filter(({ resources }) => resources === undefined || resources.includes(resource));
}
