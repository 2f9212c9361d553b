import { createHash } from "node:crypto";
import type { AuditRecord, Recorder } from "../audit/record.ts";
import { type Clock, nowSeconds } from "../model/ports.ts";
import type { Coarseness } from "./fit.ts";

/** What is told of an account whose policies do not hold every session. */
interface Coarse {
  readonly account: string;
  readonly coarse: Exclude<Coarseness, "exact"> | "ledger";
}

const told = {
  roots: "whole trees are stopped in place of sessions",
  agents: "agents are stopped in place of sessions",
  all: "every session is stopped",
  ledger: "more sessions are to be stopped than the ledger holds: agents, or all, are stopped in their place",
} as const;

/**
 * The audit record of a stop that hits living sessions too. Its id is made from account, hour and what is stopped, so
 * that one that lasts is recorded once an hour.
 */
export function coarseRecord(
  { account, coarse }: Coarse,
  { clock, requestId, toRecord }: { readonly clock: Clock; readonly requestId: string; readonly toRecord: Recorder },
): AuditRecord {
  const hour = Math.floor(nowSeconds(clock) / 3_600);
  const about = createHash("sha256")
    .update(JSON.stringify([account, coarse, hour]))
    .digest("base64url");
  const facts = {
    operation: "stop.coarse",
    outcome: "denied",
    timeMillis: clock.nowMillis(),
    requestId,
    target: `account:${account}`,
    reason: told[coarse],
  } as const;
  // the id has the form of a refusal's record, since this function's role may write no record of a grant (threat 23)
  return toRecord(facts, `denied#${about.slice(0, 22)}`);
}
