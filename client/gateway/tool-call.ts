import { type BudgetRefusal, budgetRefusal } from "../../core/verify/budget-refusal.ts";
import type { LanyardAgent } from "../agent/agent.ts";
import { LanyardError } from "../error.ts";
import { isGiven } from "../mcp/needs.ts";
import { type Cost, costText } from "../resource/cost.ts";
import { type Reservation, reservationOf } from "../resource/reservation.ts";

/** One call of a tool, as it is about to be passed on. */
export interface ToolCall {
  /** The tool's name, exactly as it will be called. */
  readonly tool: string;
  /** The arguments, exactly as they will be passed on: what was decided about must be what is called. */
  readonly arguments?: Readonly<Record<string, unknown>>;
  /**
   * Digest of the tool as its server declares it to this caller; what `served` says when it is left out. A pinned tool
   * is called at none but a pinned one.
   */
  readonly digest?: string;
  /**
   * The most that the call can cost, where budgets bound money: by your own prices, since a sum that the caller chooses
   * bounds nothing. Of a handle it is named where the request is authenticated, which counts it.
   */
  readonly costAtMost?: Cost;
}

/** What was decided of one call. */
export type CallDecision =
  | {
      readonly allowed: true;
      /**
       * What was reserved for it, where a budget bounds money. The resource's own server settles it: a gateway before
       * another's server passes its `report` on, in a header that it takes from no caller.
       */
      readonly reserved?: Reservation;
    }
  | {
      readonly allowed: false;
      /** Set where nothing but a budget stands against it. */
      readonly budget?: BudgetRefusal;
    };

/** One call of a tool as AuthZEN asks about it. */
export function questionOf(
  { tool, arguments: args = {}, digest, costAtMost }: ToolCall,
  { subject, resource }: { readonly subject: object; readonly resource: string },
): object {
  const properties = { server: resource, ...(digest === undefined ? {} : { digest }) };
  const action = { name: "tools/call", properties: { arguments: args } };
  if (costAtMost) costText(costAtMost);
  const cost = costAtMost && { amount: costAtMost.amountMinor, currency: costAtMost.currency };
  return {
    ...{ subject, action, resource: { type: "tool", id: tool, properties } },
    ...(cost ? { context: { cost } } : {}),
  };
}

/**
 * What the decision point answered about a call.
 * @param agent who asked, and settles where it may
 * @throws LanyardError for an answer that is none: it must not read as one
 */
export function decisionOf(
  { decision, context }: Awaited<ReturnType<LanyardAgent["decide"]>>,
  { costAtMost: atMost }: ToolCall,
  agent: Partial<Pick<LanyardAgent, "settle">>,
): CallDecision {
  if (typeof decision !== "boolean") throw malformed("decision is missing");
  const told = isGiven(context) ? context : {};
  if (decision) {
    const { report } = told;
    return atMost && typeof report === "string"
      ? { allowed: true, reserved: reservationOf({ report, atMost }, agent) }
      : { allowed: true };
  }
  const budget = budgetRefusal(told);
  return budget ? { allowed: false, budget } : { allowed: false };
}

/** What is thrown for an answer that does not come from a decision point. */
export const malformed = (description: string): LanyardError =>
  new LanyardError("answer_malformed", "decide", { description });
