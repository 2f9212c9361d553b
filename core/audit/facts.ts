import type { Denial } from "../denial/denial.ts";
import { explainDenial } from "../denial/explain.ts";
import { askedColumn } from "./asked.ts";
import { changesColumn } from "./changes.ts";
import { ownValues } from "./own-values.ts";
import type { AuditFacts } from "./record.ts";
import { redactAll, redactTarget, redactText, redactTokens } from "./redact.ts";

/** How each member's texts are kept clean: where we made or proved the value, long hashes in it are identifiers. */
const redactions: ReadonlyMap<string, typeof redactText> = new Map([
  ...["operator_arn", "operator_id", "sid", "root", "parent", "principal", "actors", "logins"].map(
    (n) => [n, redactTokens] as const,
  ),
  ...["grants", "jti", "jkt", "evidence", "evidence_id", "build", "asked", "policy_logged", "changes"].map(
    (n) => [n, redactTokens] as const,
  ),
  ["target", redactTarget] as const,
]);

/** A refusal explains itself: beside its code the rule that refused, and what was missing. */
function reasonOf(denial: Denial) {
  const { rule, missing } = explainDenial(denial);
  return { denial_rule: rule, denial_missing: missing };
}

/**
 * Lanyard's own facts as flat, snake_case columns for `unmapped.lanyard`. One name, one type, for good:
 * the tables over the audit bucket are built on these names.
 */
export function lanyardFacts(facts: AuditFacts): Record<string, unknown> {
  const columns: Record<string, unknown> = {
    operation: facts.operation,
    outcome: facts.outcome,
    request_id: facts.requestId,
    agent: facts.agent,
    owner: facts.owner,
    operator_arn: facts.operator?.arn,
    operator_id: facts.operator?.uniqueId,
    principal: facts.principal,
    actors: facts.actors,
    logins: facts.logins,
    sid: facts.session?.sid,
    root: facts.session?.root,
    parent: facts.session?.parent,
    depth: facts.session?.depth,
    offered_to: facts.offeredTo,
    receiver: facts.receiver,
    revocation: facts.revocation,
    grants: facts.grants?.map((g) => ({ resource: g.resource, scopes: g.scopes, details: g.details })),
    requested: facts.requested,
    expires_at: facts.expiresAtSeconds === undefined ? undefined : facts.expiresAtSeconds * 1000,
    jti: facts.jti,
    token_type: facts.tokenType,
    jkt: facts.jkt,
    assurance: facts.assurance,
    evidence_type: facts.evidenceType,
    evidence: facts.evidence,
    evidence_id: facts.evidenceId,
    key_replaced: facts.keyReplaced,
    build: facts.build,
    checks: facts.checks?.map(({ name, ok, detail }) => ({ name, ok, detail: detail.slice(0, 200) })),
    registry_version: facts.registryVersion,
    registry_base: facts.registryBase,
    registry_restored: facts.registryRestored,
    changes: facts.changes && changesColumn(facts.changes),
    policies: facts.policies,
    asked: facts.asked?.map(askedColumn),
    policy_logged: facts.policyLogged,
    purpose: facts.purpose,
    denial: facts.denial,
    ...(facts.denial ? reasonOf(facts.denial) : {}),
    target: facts.target,
    reason: facts.reason,
    count: facts.count,
    user_agent: facts.userAgent,
  };
  const own = ownValues(facts);
  return Object.fromEntries(
    Object.entries(columns)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => {
        const redact = redactions.get(name) ?? redactText;
        return [name, redactAll(value, (text) => redact(text, own))];
      }),
  );
}
