import type { Denial } from "../denial/denial.ts";
import { denialReply } from "../denial/wire.ts";
import type { Clock, Ids } from "../model/ports.ts";
import type { Call, Reply } from "../model/wire.ts";
import type { RefusalAggregate } from "./aggregate.ts";
import { toRecord } from "./ocsf.ts";
import type { AuditFacts, Outbox } from "./record.ts";

/** What is known of a decision so far: filled along the way, emitted once, on success and on denial alike. */
export interface AuditContext {
  /** Later facts win. */
  add(facts: Partial<AuditFacts>): void;
  readonly facts: Omit<AuditFacts, "outcome" | "denial">;
}

/** Starts one with what is known before anything is read. */
export function startAudit(first: Omit<AuditFacts, "outcome" | "denial">): AuditContext {
  let facts = first;
  return {
    add: (more) => {
      facts = { ...facts, ...more };
    },
    get facts() {
      return facts;
    },
  };
}

/** What turning a denial into an answer needs. */
export interface DenyDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly outbox: Outbox;
  readonly aggregate: RefusalAggregate;
}

/** The facts every record of a call starts with. */
export const callFacts = (call: Call, operation: AuditFacts["operation"], timeMillis: number) => ({
  operation,
  timeMillis,
  requestId: call.requestId,
  ...(call.sourceIp === undefined ? {} : { sourceIp: call.sourceIp }),
  ...(call.userAgent === undefined ? {} : { userAgent: call.userAgent }),
});

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
 * @param facts what is known so far
 * @param authenticated whether the caller proved who it is, and the refusal is about itself: false too for way 2's stranger
 */
export async function deny(
  deps: DenyDeps,
  denial: Denial,
  facts: Omit<AuditFacts, "outcome" | "denial">,
  authenticated: boolean,
): Promise<Reply> {
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
function fullFacts({ owner, ...denial }: Denial, facts: Omit<AuditFacts, "outcome" | "denial">): AuditFacts {
  const full: AuditFacts = { ...facts, outcome: "denied", denial };
  if (!owner) return full;
  return {
    ...full,
    owner: owner.agent,
    ...(facts.agent === undefined ? { agent: owner.agent } : {}),
    ...(facts.session === undefined && owner.session ? { session: owner.session } : {}),
  };
}
