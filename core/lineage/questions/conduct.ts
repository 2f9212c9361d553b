import { type AuditQuestion, between, ofAgent } from "./question.ts";

/** What was done, by whom, with which code, and how well it was proved. */
export const ofConduct: readonly AuditQuestion[] = [
  {
    name: "activity",
    answers: "What did this agent do, and for whom: every decision about it, in its order",
    takes: { agent: "must" },
    since: "24h",
    beforeMillis: 0,
    with: [],
    select: `SELECT DISTINCT time_ms AS at_ms, operation, outcome, principal, sid, root, resources, scopes, offered_to, purpose,
    denial, aws_role_arn, aws_access_key_id, request_id, uid
  FROM lanyard_audit
  WHERE ${between} AND ${ofAgent}
  ORDER BY at_ms, uid`,
    columns: {
      at_ms: "millis",
      operation: "text",
      outcome: "text",
      principal: "text",
      sid: "text",
      root: "text",
      resources: "text",
      scopes: "text",
      offered_to: "text",
      purpose: "text",
      denial: "text",
      aws_role_arn: "text",
      aws_access_key_id: "text",
      request_id: "text",
      uid: "text",
    },
  },
  {
    name: "refusals",
    answers: "What was refused, to whom, by which rule, and how often",
    takes: { agent: "may" },
    since: "24h",
    beforeMillis: 0,
    with: [
      [
        "refused",
        `SELECT DISTINCT uid, time_ms, operation, agent, owner, denial, denial_rule, denial_missing, times
  FROM lanyard_audit
  WHERE ${between} AND outcome = 'denied' AND ${ofAgent}`,
      ],
    ],
    select: `SELECT operation, denial, agent, max(denial_rule) AS rule, max(denial_missing) AS example, sum(times) AS refusals,
    max(owner) AS stolen_from, min(time_ms) AS first_ms, max(time_ms) AS last_ms
  FROM refused
  GROUP BY operation, denial, agent
  ORDER BY refusals DESC, operation, denial, agent`,
    columns: {
      operation: "text",
      denial: "text",
      agent: "text",
      rule: "text",
      example: "text",
      refusals: "number",
      stolen_from: "text",
      first_ms: "millis",
      last_ms: "millis",
    },
  },
  {
    name: "code",
    answers: "Which code ran: builds that agents proved, and since when; an empty build is code that nothing proved",
    takes: { agent: "may" },
    since: "7d",
    beforeMillis: 0,
    with: [
      [
        "proved",
        `SELECT DISTINCT uid, time_ms, agent, coalesce(build, '') AS build, evidence_type, registry_version
  FROM lanyard_audit
  WHERE ${between} AND operation = 'attest' AND outcome = 'allowed' AND ${ofAgent}`,
      ],
    ],
    select: `SELECT agent, build, evidence_type, count(*) AS attestations, min(time_ms) AS first_ms, max(time_ms) AS last_ms,
    max(registry_version) AS registry_version
  FROM proved
  GROUP BY agent, build, evidence_type
  ORDER BY agent, first_ms, build`,
    columns: {
      agent: "text",
      build: "text",
      evidence_type: "text",
      attestations: "number",
      first_ms: "millis",
      last_ms: "millis",
      registry_version: "number",
    },
  },
  {
    name: "operators",
    answers: "Which operators changed what, or tried to, and why",
    takes: {},
    since: "30d",
    beforeMillis: 0,
    with: [],
    select: `SELECT DISTINCT time_ms AS at_ms, operator_arn, operation, outcome, target, principal, reason, registry_version, denial, uid
  FROM lanyard_audit
  WHERE ${between} AND operator_arn IS NOT NULL AND operation <> 'admin.read'
  ORDER BY at_ms, uid`,
    columns: {
      at_ms: "millis",
      operator_arn: "text",
      operation: "text",
      outcome: "text",
      target: "text",
      principal: "text",
      reason: "text",
      registry_version: "number",
      denial: "text",
      uid: "text",
    },
  },
  {
    name: "dormant",
    answers: "Which agents are dormant yet hold rights: told as dormant, not seen since, and not blocked",
    takes: {},
    since: "365d",
    beforeMillis: 0,
    with: [
      [
        "told",
        `SELECT substr(target, 7) AS agent, max(time_ms) AS told_ms, max(reason) AS reason
  FROM lanyard_audit
  WHERE ${between} AND operation = 'agent.dormant'
  GROUP BY substr(target, 7)`,
      ],
      [
        "seen",
        `SELECT agent, max(time_ms) AS seen_ms
  FROM lanyard_audit
  WHERE ${between} AND outcome = 'allowed' AND operation IN ('session.open', 'session.redeem', 'session.hop')
  GROUP BY agent`,
      ],
      [
        "barred",
        `SELECT substr(target, 7) AS agent, max(CASE WHEN operation = 'revoke' THEN time_ms ELSE 0 END) AS revoked_ms,
    max(CASE WHEN operation = 'lift' THEN time_ms ELSE 0 END) AS lifted_ms
  FROM lanyard_audit
  WHERE ${between} AND outcome = 'allowed' AND operation IN ('revoke', 'lift') AND target LIKE 'agent:%'
  GROUP BY substr(target, 7)`,
      ],
    ],
    select: `SELECT told.agent, told.told_ms, told.reason, seen.seen_ms
  FROM told
  LEFT JOIN seen ON seen.agent = told.agent
  LEFT JOIN barred ON barred.agent = told.agent
  WHERE coalesce(seen.seen_ms, 0) <= told.told_ms AND coalesce(barred.revoked_ms, 0) <= coalesce(barred.lifted_ms, 0)
  ORDER BY told.told_ms, told.agent`,
    columns: { agent: "text", told_ms: "millis", reason: "text", seen_ms: "millis" },
  },
  {
    name: "assurance",
    answers: "Where assurance was lowest, and where another key took over a document",
    takes: { agent: "may" },
    since: "7d",
    beforeMillis: 0,
    with: [
      [
        "proved",
        `SELECT DISTINCT uid, time_ms, agent, assurance, evidence_type, jkt, key_replaced
  FROM lanyard_audit
  WHERE ${between} AND operation = 'attest' AND outcome = 'allowed' AND ${ofAgent}`,
      ],
    ],
    select: `SELECT assurance, agent, evidence_type, count(*) AS attestations, count(DISTINCT jkt) AS keys,
    sum(CASE WHEN key_replaced THEN 1 ELSE 0 END) AS replaced,
    max(CASE WHEN key_replaced THEN time_ms END) AS last_replaced_ms, max(time_ms) AS last_ms
  FROM proved
  GROUP BY assurance, agent, evidence_type
  ORDER BY CASE assurance WHEN 'document' THEN 0 WHEN 'audience' THEN 1 WHEN 'fresh' THEN 2 ELSE 3 END, replaced DESC,
    agent, evidence_type`,
    columns: {
      assurance: "text",
      agent: "text",
      evidence_type: "text",
      attestations: "number",
      keys: "number",
      replaced: "number",
      last_replaced_ms: "millis",
      last_ms: "millis",
    },
  },
];
