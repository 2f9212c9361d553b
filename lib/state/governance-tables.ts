import type { Role } from "aws-cdk-lib/aws-iam";
import { attributesInTransaction, inTransaction, rows } from "../function/grant.ts";
import type { LanyardFunction } from "../function/lanyard-function.ts";
import { TrailTables } from "./trail-tables.ts";

/**
 * What people and limits say of agents: approvals and what was decided of them, budgets, owners' confirmations,
 * quarantine without an operator, and the kill past the functions.
 */
export class GovernanceTables extends TrailTables {
  /** When the owners of a chain's agents were confirmed last, in the batch of liveness. */
  grantConfirmationsRead(of: LanyardFunction): void {
    const why = "reads when an agent's owner was confirmed last";
    this.use(of, "confirmations", { actions: ["BatchGetItem"], why });
  }

  /** An owner's login, or an operator's word for the owner, with its record. */
  grantConfirm(of: LanyardFunction): void {
    const why = "keeps when an agent's owner was confirmed";
    this.use(of, "confirmations", { actions: ["PutItem"], conditions: inTransaction, why });
  }

  /**
   * Takes calls and money from budgets, gives back what was taken for a call that is refused after all, and stores what
   * was reserved. What may be spent stands in the registry alone, which none of these functions can write.
   */
  grantBudgetSpend(of: LanyardFunction): void {
    this.use(of, "budgets", { actions: ["UpdateItem"], why: "takes a call and its cost from budgets" });
    const why = "stores what was reserved for a call, with its record";
    this.use(of, "budgets", { actions: ["PutItem"], conditions: inTransaction, why });
  }

  /** What was reserved for a call, by whose settlement the rest goes back. */
  grantBudgetSettle(of: LanyardFunction): void {
    const conditions = rows("report#");
    this.use(of, "budgets", { actions: ["GetItem"], conditions, why: "reads what was reserved for a call" });
  }

  /** How budgets stand, by the scopes in their rows' names: what was reserved for single calls has none, and is not read. */
  grantBudgetRead(of: LanyardFunction): void {
    const conditions = rows("*#person/", "*#agent/", "*#policy/", "*#session/");
    this.use(of, "budgets", { actions: ["BatchGetItem"], conditions, why: "shows an operator how budgets stand" });
  }

  /** What `lanyard kill` writes and looks at: an epoch and its record together, and whether the name is right. */
  grantKill(role: Role): void {
    const conditions = inTransaction;
    const looks = "looks whether what an operator names is registered, was revoked before, or has sessions";
    this.useOutOfBand(role, "revocations", { actions: ["UpdateItem"], conditions, why: "cuts and blocks" });
    this.useOutOfBand(role, "outbox", { actions: ["PutItem"], conditions, why: "records what it cuts, together" });
    this.useOutOfBand(role, "revocations", { actions: ["GetItem"], why: looks });
    this.useOutOfBand(role, "registry", { actions: ["Query"], why: looks });
    this.useOutOfBand(role, "subjects", { actions: ["Query"], why: looks });
  }

  /**
   * Quarantines agents, and nothing else: two attributes of their own in rows of agents, beside which operators' cuts,
   * blocks, quarantines and lifts are others (docs/decisions/0059).
   */
  grantAutomaticQuarantine(of: LanyardFunction): void {
    const why = "quarantines an agent for what its own key has proved";
    const conditions = rows(automaticQuarantine.rows);
    this.use(of, "revocations", { actions: ["GetItem"], conditions, why: "looks whether it is quarantined already" });
    const bound = attributesInTransaction(automaticQuarantine.rows, ...automaticQuarantine.attributes);
    this.use(of, "revocations", { actions: ["UpdateItem"], conditions: bound, why });
  }

  /**
   * Ends what stands on a person, or blocks the person, and nothing else: attributes of their own in rows of people,
   * beside which operators' cuts, blocks and lifts are others (docs/decisions/0069).
   */
  grantReport(of: LanyardFunction): void {
    const why = "ends and blocks what a provider says of its people, with its record";
    const bound = attributesInTransaction(report.rows, ...report.attributes);
    this.use(of, "revocations", { actions: ["UpdateItem"], conditions: bound, why });
  }

  /** Requests that wait for people, each put with its record; and the one use of each, put with what is released. */
  grantApprovalAsk(of: LanyardFunction): void {
    const why = "stores what waits for people, and that it was used, each with its record";
    this.use(of, "approvals", { actions: ["PutItem"], conditions: inTransaction, why });
    this.grantApprovalRead(of);
    this.use(of, "decisions", {
      actions: ["ConditionCheckItem"],
      why: "uses no approval that too few gave or that somebody refused",
    });
    this.use(of, "counters", {
      actions: ["UpdateItem"],
      conditions: rows("poll#"),
      why: "keeps who waits to a call each few seconds",
    });
  }

  /** Of which requests people were told. Outside of transactions the rows' names bind, so no replay entry is in reach. */
  grantTold(of: LanyardFunction): void {
    const why = "keeps of which requests people were told";
    this.use(of, "markers", { actions: ["BatchGetItem", "PutItem"], conditions: rows("told#"), why });
  }

  /** What waits for people, and what they said of it. */
  grantApprovalRead(of: LanyardFunction): void {
    const why = "reads what waits for people, and what they said of it";
    this.use(of, "approvals", { actions: ["BatchGetItem", "GetItem", "Query"], why });
    this.use(of, "decisions", { actions: ["BatchGetItem", "Query"], why });
  }

  /**
   * Tools that are served otherwise than they are pinned, each put with its record; and what people said of them, which
   * a call of such a tool is held against. It can make nothing else wait, and answers nothing.
   */
  grantToolChangeAsk(of: LanyardFunction): void {
    const why = "stores served tools that wait for people, each with its record";
    this.use(of, "changes", { actions: ["PutItem"], conditions: inTransaction, why });
    this.grantToolChangeRead(of);
  }

  /** Served tools that wait for people, and what they said of them. */
  grantToolChangeRead(of: LanyardFunction): void {
    const why = "reads served tools that wait for people, and what they said of them";
    this.use(of, "changes", { actions: ["Query"], why });
    this.use(of, "decisions", { actions: ["Query"], why });
  }

  /** What a person says of a request that waits, put with its record. It cannot make one wait, nor use one. */
  grantApprovalDecide(of: LanyardFunction): void {
    this.grantApprovalRead(of);
    this.use(of, "changes", {
      actions: ["BatchGetItem", "GetItem", "Query"],
      why: "reads served tools that wait for people",
    });
    const why = "stores what people say of requests that wait, with its record";
    this.use(of, "decisions", { actions: ["PutItem"], conditions: inTransaction, why });
  }
}

/** What {@link GovernanceTables.grantAutomaticQuarantine} may write: these attributes, the key among them, in these rows. */
export const automaticQuarantine = {
  rows: "standing#agent:",
  attributes: ["subject", "autoQuarantines", "autoQuarantinedAtSeconds"],
} as const;

/** What {@link GovernanceTables.grantReport} may write: these attributes, the key among them, in these rows. */
export const report = {
  rows: "standing#principal:p_",
  attributes: ["subject", "reported", "reportedAtSeconds", "reportedGone"],
} as const;
