import type { Denial } from "../denial/denial.ts";
import { denialReply } from "../denial/wire.ts";
import type { Clock, Ids } from "../model/ports.ts";
import type { Reply } from "../model/wire.ts";
import type { RefusalAggregate } from "./aggregate.ts";
import type { AuditContext, FactsSoFar } from "./context.ts";
import type { AuditFacts, Outbox, Recorder } from "./record.ts";

/** What answering a denial needs. */
export interface DenyDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly toRecord: Recorder;
  readonly outbox: Outbox;
  readonly aggregate: RefusalAggregate;
}

/** What is known of a refused call, and whether its caller proved who it is. */
type Refused = Pick<AuditContext, "facts" | "authenticated">;

/**
 * Answers a denial and records it, by the first of these ways that fits:
 *
 * 1. not at all: a nonce that every honest caller is told first, and that a request waits for people
 * 2. in a count by instance, kind and minute: the caller did not prove who it is, or the refusal is about something
 *    that a stranger can send through an honest caller. A flood of garbage must not fill the outbox and stop issuance
 *    (threat 13)
 * 3. in such a count too: a stolen token, whose thief decides how often (threat 41); an agent past its rate of
 *    signatures or past its records of a minute, which may be in a loop (threat 34). `RefusalAggregate.standsAlone`
 *    decides
 * 4. in a record of its own, written as carefully as a grant's
 *
 * Calls that are refused before they reach an endpoint are recorded by way 2 in `lambdas/ground.ts`.
 * @param audit what is known so far. `authenticated` is true where the caller proved who it is and the refusal is about
 * the caller itself, so not for a stranger's document that it passed on (way 2)
 */
export async function deny(deps: DenyDeps, denial: Denial, { facts, authenticated }: Refused): Promise<Reply> {
  // a step of the protocol that every honest caller takes (RFC 9449 8). Its records would hide what matters. The call
  // is recorded when it is repeated with the nonce, and the metric of answers counts this one
  if (denial.code === "dpop_nonce_required") return denialReply(denial);
  // nothing was refused: that it waits was recorded as it began to, and its end will be
  if (denial.code === "approval_pending") return denialReply(denial);
  const full = fullFacts(denial, facts);
  if (authenticated && deps.aggregate.standsAlone(full))
    await deps.outbox.put(deps.toRecord(full, `denied#${deps.ids.id()}`));
  else await deps.aggregate.add(full);
  return denialReply(denial);
}

/**
 * Puts the owner of a stolen token where people look for it in the record: in `agent`, where no other agent proved who
 * it is.
 */
function fullFacts({ owner, grant: _, ...denial }: Denial, facts: FactsSoFar): AuditFacts {
  const full: AuditFacts = { ...facts, outcome: "denied", denial };
  if (!owner) return full;
  return {
    ...full,
    owner: owner.agent,
    ...(facts.agent === undefined ? { agent: owner.agent } : {}),
    ...(facts.session === undefined && owner.session ? { session: owner.session } : {}),
  };
}
