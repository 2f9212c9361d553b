import type { AuditContext } from "../audit/context.ts";
import { toRecord } from "../audit/ocsf.ts";
import type { AuditFacts, AuditRecord } from "../audit/record.ts";
import type { Denial } from "../denial/denial.ts";
import { loginName, loginsOf } from "../model/login.ts";
import type { CommitConflict } from "../session/store.ts";
import type { Authorized } from "./authorize.ts";
import type { TokenContext } from "./context.ts";
import type { Draft } from "./draft.ts";

/** The record of what the audit context says was granted. */
export const grantRecord = ({ audit, ports }: TokenContext<"ids">): AuditRecord =>
  toRecord({ ...audit.facts, outcome: "allowed" }, ports.ids.id());

const operations = {
  open: "session.open",
  renew: "session.renew",
  access: "token.access",
  offer: "session.offer",
  redeem: "session.redeem",
  hop: "session.hop",
} as const satisfies Record<string, AuditFacts["operation"]>;

/** Puts what is granted on record. */
export function noteGrant(
  audit: AuditContext,
  { plan, policies }: Authorized,
  { session, jti }: Pick<Draft, "session" | "jti">,
): void {
  const { sid, root, depth, actors, principal } = session;
  const above = plan.parent?.sid;
  audit.add({
    operation: operations[plan.action],
    principal: principal.id,
    actors,
    logins: loginsOf(session.generations).map(loginName),
    session: { sid, root, depth, ...(above === undefined ? {} : { parent: above }) },
    grants: plan.grants,
    expiresAtSeconds: session.expiresAtSeconds,
    jti,
    policies,
  });
}

/** What a refused transaction means to whoever asked. */
export function conflictDenial(conflict: CommitConflict): Denial {
  switch (conflict.kind) {
    case "marker":
      return { code: "dpop_replayed" };
    case "offer_taken":
      return { code: "offer_redeemed_by_another_key" };
    case "renewed_meanwhile":
      return { code: "renewal_overtaken" };
    case "uses_spent":
      return { code: "uses_spent" };
    case "session_exists":
      throw new Error("a fresh session id was taken already");
  }
}
