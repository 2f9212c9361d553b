import type { Denial } from "../denial/denial.ts";
import { explainDenial } from "../denial/explain.ts";
import { assuranceLevels } from "../model/assurance.ts";
import type { PolicyQuestion } from "../model/decision.ts";
import type { RegistryDifference } from "../model/registry-difference.ts";
import type { AuditFacts } from "./record.ts";
import { type Own, redactAll, redactTarget, redactText, redactTokens } from "./redact.ts";

/**
 * How the texts of each member are redacted. Where we made or proved a value, long hashes in it are identifiers and
 * stay.
 */
const redactions: ReadonlyMap<string, typeof redactText> = new Map([
  ...["operator_arn", "operator_id", "sid", "root", "parent", "anc", "principal", "actors", "logins"].map(
    (n) => [n, redactTokens] as const,
  ),
  ...["grants", "jti", "jkt", "evidence", "evidence_id", "build", "asked", "policy_logged", "changes"].map(
    (n) => [n, redactTokens] as const,
  ),
  ...["aws_role", "aws_role_arn", "aws_access_key_id", "aws_request_ids", "aws_resources"].map(
    (n) => [n, redactTokens] as const,
  ),
  ...["approver", "aws_policy_digest", "aws_token", "registry_digest", "budgets", "cost_report"].map(
    (n) => [n, redactTokens] as const,
  ),
  ...["approval", "approval_hash", "approval_group", "approval_resources", "approvers", "signal_id"].map(
    (n) => [n, redactTokens] as const,
  ),
  ["target", redactTarget] as const,
]);

/** Explains a refusal: beside its code the rule that refused, and what was missing. */
function reasonOf(denial: Denial) {
  const { rule, missing } = explainDenial(denial);
  return { denial_rule: rule, denial_missing: missing };
}

/**
 * Lanyard's own facts as flat, snake_case columns for `unmapped.lanyard`. A name never changes and never changes its
 * type, since the tables over the audit bucket are built on these names.
 * @param own values that are never redacted
 */
export function lanyardFacts(facts: AuditFacts, own: Own): Record<string, unknown> {
  const columns: Record<string, unknown> = {
    operation: facts.operation,
    outcome: facts.outcome,
    request_id: facts.requestId,
    agent: facts.agent,
    owner: facts.owner,
    operator_arn: facts.operator?.arn,
    operator_id: facts.operator?.uniqueId,
    approver: facts.approver?.person,
    approver_proof: facts.approver?.proof,
    approver_client: facts.approver?.client,
    principal: facts.principal,
    actors: facts.actors,
    logins: facts.logins,
    sid: facts.session?.sid,
    root: facts.session?.root,
    parent: facts.session?.parent,
    anc: facts.session?.anc?.length ? facts.session.anc : undefined,
    depth: facts.session?.depth,
    offered_to: facts.offeredTo,
    receiver: facts.receiver,
    revocation: facts.revocation,
    grants: facts.grants?.map((g) => ({ resource: g.resource, scopes: g.scopes, details: g.details })),
    requested: facts.requested,
    expires_at: facts.expiresAtSeconds === undefined ? undefined : facts.expiresAtSeconds * 1000,
    jti: facts.jti,
    token_type: facts.tokenType,
    aws_role: facts.aws?.role,
    aws_role_arn: facts.aws?.roleArn,
    aws_access_key_id: facts.aws?.accessKeyId,
    aws_request_ids: facts.aws?.requestIds,
    aws_resources: facts.aws?.places,
    aws_policy_digest: facts.aws?.policyDigest,
    aws_token: facts.aws?.token,
    jkt: facts.jkt,
    assurance: facts.assurance,
    evidence_type: facts.evidenceType,
    evidence: facts.evidence,
    evidence_id: facts.evidenceId,
    key_replaced: facts.keyReplaced,
    build: facts.build,
    checks: facts.checks?.map(({ name, ok, detail }) => ({ name, ok, detail: redactText(detail, own).slice(0, 200) })),
    registry_version: facts.registryVersion,
    registry_base: facts.registryBase,
    registry_digest: facts.registryDigest,
    registry_restored: facts.registryRestored,
    changes: facts.changes && changesColumn(facts.changes, own),
    policies: facts.policies,
    asked: facts.asked?.map((question) => withoutSecrets(askedColumn(question), own)),
    policy_logged: facts.policyLogged,
    approval: facts.approval?.id,
    approval_hash: facts.approval?.requestHash,
    approval_group: facts.approval?.group,
    approval_needed: facts.approval?.needed,
    approval_resources: facts.approval?.resources,
    approvers: facts.approval?.approvers,
    purpose: facts.purpose,
    decisions: facts.decisions,
    budgets: facts.budgets,
    cost_minor: facts.cost?.minor,
    cost_currency: facts.cost?.currency,
    cost_report: facts.costReport,
    denial: facts.denial,
    ...(facts.denial ? reasonOf(facts.denial) : {}),
    target: facts.target,
    reason: facts.reason,
    signal_issuer: facts.signal?.issuer,
    signal_id: facts.signal?.id,
    signal_event: facts.signal?.event,
    quarantine: facts.quarantine,
    count: facts.count,
    user_agent: facts.userAgent,
    canary: isUsualOfCanary(facts) ? true : undefined,
  };
  return Object.fromEntries(
    Object.entries(columns)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => {
        const redact = redactions.get(name) ?? redactText;
        return [name, redactAll(value, (text) => redact(text, own))];
      }),
  );
}

/** A question's purpose is the agent's own word, however much else of the question is ours. */
const withoutSecrets = ({ purpose, ...ours }: AskedColumn, own: Own): AskedColumn =>
  purpose === undefined ? ours : { ...ours, purpose: redactText(purpose, own) };

/**
 * What the canary does every few minutes, and what it is there to be refused: the token of a session it has just ended.
 * All else that is refused to it stays unmarked, so that nobody who took the canary over is left out of answers.
 */
const isUsualOfCanary = ({ canary, denial, owner }: AuditFacts): boolean =>
  canary === true && owner === undefined && (denial === undefined || denial.code === "parent_dead");

/** A question put to policies as an audit event contains it. A name never changes and never changes its type. */
export interface AskedColumn {
  readonly action: string;
  readonly agent: string;
  readonly to?: string;
  readonly principal: string;
  readonly principal_kind: string;
  readonly groups: readonly string[];
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly detail_types: readonly string[];
  readonly depth: number;
  readonly assurance: string;
  readonly evidence_type?: string;
  readonly facts?: Readonly<Record<string, string>>;
  readonly build?: string;
  /** How the person signed in, where a policy wanted anything of it. */
  readonly signed_in_at?: number;
  readonly acr?: string;
  readonly now: number;
  readonly purpose?: string;
  readonly lifetime_seconds?: number;
  readonly tools?: readonly string[];
}

/** The column of a question; {@link questionOf} reads it back. */
export function askedColumn(question: PolicyQuestion): AskedColumn {
  const { principal, grant, evidence, asserted, to, build, signIn } = question;
  return {
    action: question.action,
    agent: question.agent,
    ...(to === undefined ? {} : { to }),
    principal: principal.id,
    principal_kind: principal.kind,
    groups: principal.groups ?? [],
    resource: grant.resource,
    scopes: grant.scopes,
    detail_types: grant.details.map((detail) => detail.type),
    depth: question.depth,
    assurance: question.assurance,
    ...(evidence === undefined ? {} : { evidence_type: evidence.type, facts: evidence.facts }),
    ...(build === undefined ? {} : { build }),
    ...(signIn?.atSeconds === undefined ? {} : { signed_in_at: signIn.atSeconds }),
    ...(signIn?.acr === undefined ? {} : { acr: signIn.acr }),
    now: question.nowSeconds,
    ...(asserted.purpose === undefined ? {} : { purpose: asserted.purpose }),
    ...(asserted.lifetimeSeconds === undefined ? {} : { lifetime_seconds: asserted.lifetimeSeconds }),
    ...(asserted.tools === undefined ? {} : { tools: asserted.tools }),
  };
}

const actions = ["open", "renew", "access", "offer", "redeem", "hop"] as const;

/**
 * Reads a recorded question. Values that policies do not read (a detail's fields beyond its type, a person's issuer and
 * subject) are not recorded and are missing here.
 * @returns undefined for anything that was not written by {@link askedColumn}
 */
export function questionOf(column: AskedColumn): PolicyQuestion | undefined {
  const action = actions.find((name) => name === column.action);
  const assurance = assuranceLevels.find((level) => level === column.assurance);
  const kind = (["person", "agent"] as const).find((name) => name === column.principal_kind);
  const texts = [column.agent, column.principal, column.resource, column.evidence_type ?? ""];
  const lists = [column.groups, column.scopes, column.detail_types];
  if (!action || !assurance || !kind || !texts.every((text) => typeof text === "string")) return undefined;
  if (!lists.every((list) => Array.isArray(list)) || typeof column.now !== "number") return undefined;
  return {
    action,
    agent: column.agent,
    ...(column.to === undefined ? {} : { to: column.to }),
    principal: { id: column.principal, kind, groups: column.groups },
    grant: {
      resource: column.resource,
      scopes: column.scopes,
      details: column.detail_types.map((type) => ({ type })),
    },
    depth: column.depth,
    assurance,
    ...(column.evidence_type === undefined
      ? {}
      : { evidence: { type: column.evidence_type, facts: column.facts ?? {} } }),
    ...(column.build === undefined ? {} : { build: column.build }),
    ...signInOf(column),
    nowSeconds: column.now,
    asserted: {
      ...(column.purpose === undefined ? {} : { purpose: column.purpose }),
      ...(column.lifetime_seconds === undefined ? {} : { lifetimeSeconds: column.lifetime_seconds }),
      ...(column.tools === undefined ? {} : { tools: column.tools }),
    },
  };
}

const signInOf = ({ signed_in_at: at, acr }: AskedColumn): Pick<PolicyQuestion, "signIn"> =>
  at === undefined && acr === undefined
    ? {}
    : { signIn: { ...(at === undefined ? {} : { atSeconds: at }), ...(acr === undefined ? {} : { acr }) } };

/**
 * Most changed values an event keeps, and most characters of each. The stored versions of the registry contain all of
 * them.
 */
const bounds = { names: 1_000, values: 200, characters: 300 };

/**
 * A change of the registry as an audit event shows it, values before and after included. Actor and reason are members
 * of the event.
 */
function changesColumn({ added, changed, removed }: RegistryDifference, own: Own) {
  // JSON text, so that the column has one type whatever was changed; redacted before it is cut, since half of a secret
  // no longer has its shape
  const textOf = (value: unknown): string => redactTokens(JSON.stringify(value) ?? "", own).slice(0, bounds.characters);
  const values = changed.flatMap(({ name, values: all }) =>
    all.map(({ path, before, after }) => ({ name, path, before: textOf(before), after: textOf(after) })),
  );
  return {
    added: added.slice(0, bounds.names),
    removed: removed.slice(0, bounds.names),
    changed: changed.slice(0, bounds.names).map(({ name }) => name),
    values: values.slice(0, bounds.values),
    is_truncated:
      values.length > bounds.values || Math.max(added.length, removed.length, changed.length) > bounds.names,
  };
}
