import type { Budget, BudgetBounds } from "../model/budget.ts";
import type { Session } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { policyBudgets } from "./annotation.ts";

/** Whose budget it is. */
type BudgetOwner = "person" | "agent" | "policy" | "session";

/** A budget that a call must fit, and for whom it counts. */
export interface BudgetLevel {
  readonly of: BudgetOwner;
  readonly name: string;
  /** Whose row it is, as part of the row's key. */
  readonly scope: string;
  readonly bounds: BudgetBounds;
  readonly shards?: number;
}

/** A call, as far as it decides which budgets it must fit. */
export interface BudgetedCall {
  readonly session: Pick<Session, "sid" | "principal" | "actors" | "delegationRules" | "budgets">;
  readonly resource: string;
  /** Names of the policies that permit it. */
  readonly policies: readonly string[];
}

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
  const { principal, actors, delegationRules = [], budgets = [] } = session;
  const declared = (of: BudgetOwner, scope: string, all: readonly Budget[] = []): BudgetLevel[] =>
    all
      .filter(({ resources }) => resources === undefined || resources.includes(resource))
      .map((budget) => ({
        of,
        name: budget.name,
        scope,
        bounds: budget,
        ...(budget.shards === undefined ? {} : { shards: budget.shards }),
      }));
  return [
    // the rule's name stands in the scope: two rules may call their budgets alike, with two limits
    ...delegationRules.flatMap((rule) =>
      declared("person", `person/${rule}/${principal.id}`, registry.delegationRule(rule)?.budgets),
    ),
    // an agent that stands in a chain twice is charged once
    ...[...new Set(actors)].flatMap((id) => declared("agent", `agent/${id}`, registry.agent(id)?.budgets)),
    ...policies.flatMap((name) => {
      const budget = policyBudgets(registry).get(name);
      return budget ? declared("policy", `policy/${name}/${principal.id}`, [budget]) : [];
    }),
    ...budgets.map(
      ({ sid, ...bounds }): BudgetLevel => ({ of: "session", name: "session", scope: `session/${sid}`, bounds }),
    ),
  ];
}
