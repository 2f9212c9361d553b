import { algorithms } from "./cost/algorithms.ts";
import { approvalCost } from "./cost/approval.ts";
import { budgetedCost } from "./cost/budgeted.ts";
import { decisionCost } from "./cost/decision.ts";
import { idleCost } from "./cost/idle.ts";
import { recordCost } from "./cost/record.ts";
import { redeemingTrips, sessionCost } from "./cost/session.ts";
import { vendCost } from "./cost/vend.ts";
import type { Bench } from "./row.ts";

/** What a deployment costs on AWS, in calls and dollars. */
export const costBenches: readonly Bench[] = [
  redeemingTrips,
  sessionCost,
  vendCost,
  decisionCost,
  budgetedCost,
  approvalCost,
  recordCost,
  idleCost,
  algorithms,
];
