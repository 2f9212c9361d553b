import type { AuditContext } from "../audit/context.ts";
import type { Recorder } from "../audit/record.ts";
import { type Clock, type Ids, nowSeconds } from "../model/ports.ts";
import type { QuarantineWriter } from "./store.ts";

/** Why an agent is quarantined without an operator: only what its own key has proved. */
type QuarantineCause = "approvals_refused";

const words: Readonly<Record<QuarantineCause, string>> = {
  approvals_refused: "people refused three of its requests for approval in a row",
};

/** What quarantining needs. */
interface QuarantineDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly toRecord: Recorder;
  readonly quarantines: QuarantineWriter;
}

/**
 * Quarantines an agent. It may be called only for what was proved by that agent's own key: anybody else who could cause
 * it could stop other people's agents by it. It sets and never lifts; the record names no operator.
 * @param agent SPIFFE ID, from what `token` stored after it had checked the agent's proof
 * @param audit of the call that found the cause
 * @returns "already" where it is quarantined, by whomever; then nothing is written
 */
export function quarantineAgent(
  { agent, cause }: { readonly agent: string; readonly cause: QuarantineCause },
  audit: Pick<AuditContext, "facts">,
  { clock, ids, toRecord, quarantines }: QuarantineDeps,
): Promise<"quarantined" | "already"> {
  const { timeMillis, requestId } = audit.facts;
  const what = { operation: "revoke", target: `agent:${agent}`, reason: words[cause], quarantine: true } as const;
  const record = toRecord({ ...what, agent, timeMillis, requestId, outcome: "allowed" }, ids.id());
  return quarantines.quarantine({ agent, atSeconds: nowSeconds(clock), record });
}
