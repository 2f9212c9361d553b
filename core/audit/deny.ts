import type { Denial } from "../denial/denial.ts";
import { denialReply } from "../denial/wire.ts";
import type { Clock, Ids } from "../model/ports.ts";
import type { Reply } from "../model/wire.ts";
import type { RefusalAggregate } from "./aggregate.ts";
import type { AuditContext, FactsSoFar } from "./context.ts";
import { toRecord } from "./ocsf.ts";
import type { AuditFacts, Outbox } from "./record.ts";

/** What turning a denial into an answer needs. */
export interface DenyDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly outbox: Outbox;
  readonly aggregate: RefusalAggregate;
}

/** What is known of a refused call, and whether its caller proved who it is. */
type Refused = Pick<AuditContext, "facts" | "authenticated">;

/**
 * Answers a denial and records it, by the first of these ways that fits:
 *
 * 1. not at all: a nonce that every honest caller is told first
 * 2. in a count by instance, kind and minute: nobody proved who it is, or the refusal is about what a stranger can send
 *    through an honest caller; a flood of garbage must not fill the outbox and stop issuance (threat 13)
 * 3. in such a count too: a stolen token, whose thief decides how often (threat 41); an agent past its rate of signatures
 *    or past its records of a minute, which may be in a loop (threat 34). `RefusalAggregate.standsAlone` tells these
 * 4. alone, as carefully as a grant
 *
 * The edge (`lambdas/ground.ts`) records by way 2 what never came to an endpoint.
 * @param audit what is known so far. Its caller counts as authenticated where it proved who it is and the refusal is about
 * itself, so not for way 2's stranger
 */
export async function deny(deps: DenyDeps, denial: Denial, { facts, authenticated }: Refused): Promise<Reply> {
  // a step of the protocol that every honest caller takes (RFC 9449 8): recorded, it would bury what matters. What
  // becomes of the call is recorded when it comes back, and the metric of answers counts this one
  if (denial.code === "dpop_nonce_required") return denialReply(denial);
  const full = fullFacts(denial, facts);
  if (authenticated && deps.aggregate.standsAlone(full))
    await deps.outbox.put(toRecord(full, `denied#${deps.ids.id()}`));
  else await deps.aggregate.add(full);
  return denialReply(denial);
}

/** Names the owner of a stolen token where the record is looked for: as its agent where nobody proved to be another. */
function fullFacts({ owner, ...denial }: Denial, facts: FactsSoFar): AuditFacts {
  const full: AuditFacts = { ...facts, outcome: "denied", denial };
  if (!owner) return full;
  return {
    ...full,
    owner: owner.agent,
    ...(facts.agent === undefined ? { agent: owner.agent } : {}),
    ...(facts.session === undefined && owner.session ? { session: owner.session } : {}),
  };
}
