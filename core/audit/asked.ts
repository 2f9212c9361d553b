import { assuranceLevels } from "../model/assurance.ts";
import type { PolicyQuestion } from "../model/decision.ts";

/** A question put to policies as it stands in an audit event; one name, one type, for good. */
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
  readonly evidence_type: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly build?: string;
  readonly now: number;
  readonly purpose?: string;
  readonly lifetime_seconds?: number;
}

/** Writes a question down so that {@link questionOf} gives it back. */
export function askedColumn(question: PolicyQuestion): AskedColumn {
  const { principal, grant, evidence, asserted, to, build } = question;
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
    evidence_type: evidence.type,
    facts: evidence.facts,
    ...(build === undefined ? {} : { build }),
    now: question.nowSeconds,
    ...(asserted.purpose === undefined ? {} : { purpose: asserted.purpose }),
    ...(asserted.lifetimeSeconds === undefined ? {} : { lifetime_seconds: asserted.lifetimeSeconds }),
  };
}

const actions = ["open", "renew", "access", "offer", "redeem", "hop"] as const;

/**
 * Reads a recorded question. What policies do not look at (what a detail says beyond its type, a person's raw pair) is
 * not recorded and does not come back.
 * @returns undefined for anything that was not written by {@link askedColumn}
 */
export function questionOf(column: AskedColumn): PolicyQuestion | undefined {
  const action = actions.find((name) => name === column.action);
  const assurance = assuranceLevels.find((level) => level === column.assurance);
  const kind = (["person", "agent"] as const).find((name) => name === column.principal_kind);
  const texts = [column.agent, column.principal, column.resource, column.evidence_type];
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
    evidence: { type: column.evidence_type, facts: column.facts ?? {} },
    ...(column.build === undefined ? {} : { build: column.build }),
    nowSeconds: column.now,
    asserted: {
      ...(column.purpose === undefined ? {} : { purpose: column.purpose }),
      ...(column.lifetime_seconds === undefined ? {} : { lifetimeSeconds: column.lifetime_seconds }),
    },
  };
}
