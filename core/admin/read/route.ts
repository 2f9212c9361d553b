import type { ToolChangeReads } from "../../approvals/tool-changes/store.ts";
import type { AuditContext } from "../../audit/context.ts";
import type { DenyDeps } from "../../audit/deny.ts";
import type { BudgetReads } from "../../budgets/store.ts";
import type { Denial } from "../../denial/denial.ts";
import type { CanaryRun } from "../../model/canary.ts";
import type { PolicyEngine } from "../../model/decision.ts";
import type { Operator } from "../../model/operator.ts";
import type { PersonKeys } from "../../model/person-key.ts";
import type { RateLimiter } from "../../model/ports.ts";
import type { Result } from "../../model/result.ts";
import type { RegistryStore } from "../../registry/store.ts";
import type { Leaves } from "./leaf-place.ts";
import type { SessionQueries } from "./session-queries.ts";

/** What reading by operators needs. */
export interface AdminReadDeps extends DenyDeps {
  readonly trustDomain: string;
  readonly registry: Pick<RegistryStore, "applied" | "rows" | "history">;
  readonly queries: SessionQueries;
  readonly budgets: BudgetReads;
  readonly policy: PolicyEngine;
  readonly leaves: Leaves;
  readonly people: PersonKeys;
  /** Served tools that people are asked about, where the stage asks anybody. */
  readonly changes?: ToolChangeReads;
  /** Counts how many persons' keys an operator gets. */
  readonly limiter: RateLimiter;
  /** Runs of the revocation canary, where the stage has one. */
  readonly canary?: { since(atMillis: number): Promise<readonly CanaryRun[]> };
}

/** A request that was read: its path's parts, its query, the time, and who asks. */
export interface Question {
  /** The part of the path where the template has a name in braces. */
  readonly named: string;
  readonly query: ReadonlyMap<string, string>;
  readonly nowSeconds: number;
  readonly operator: Operator;
  /** For the few answers that are recorded. */
  readonly audit: AuditContext;
}

/** A question whose answer is a page with at most `limit` items. */
export interface PageQuestion extends Question {
  readonly limit: number;
}

/** The answer's JSON. */
type Answer = Promise<Result<object, Denial>>;

/** One question that operators can ask. */
export interface Route {
  /** As in the OpenAPI document, `/agents/{name}`. */
  readonly template: string;
  /** Its first group is `named`. */
  readonly pattern: RegExp;
  /** Names of the query's parameters; any other is refused. */
  readonly parameters: readonly string[];
  answer(question: Question, deps: AdminReadDeps): Answer;
}
