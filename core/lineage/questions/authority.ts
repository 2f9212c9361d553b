import { limits } from "../../model/limits.ts";
import { type AuditQuestion, between, days, ended, ofAgent, unlessAsked } from "./question.ts";

/** Nothing that was granted earlier than this before a moment is alive then. */
const longestMillis = limits.sessionLifeMaxSeconds * 1000;
const opened = "operation IN ('session.open', 'session.redeem', 'session.hop', 'session.renew')";

/** Who may do what, and for how long after somebody said no. */
export const ofAuthority: readonly AuditQuestion[] = [
  {
    name: "reach",
    answers: "Who can reach this resource: sessions that hold scopes of it and neither ended nor were revoked",
    takes: { resource: "must" },
    since: "1h",
    beforeMillis: longestMillis,
    with: [
      [
        "granted",
        `SELECT DISTINCT uid, time_ms, agent, principal, sid, root, depth, assurance, purpose, scopes, subjects, expires_at
  FROM lanyard_audit
  WHERE ${days} AND outcome = 'allowed' AND ${opened} AND time_ms <= :until AND expires_at > :until
    AND strpos(' ' || resources || ' ', ' ' || :resource || ' ') > 0`,
      ],
      [
        "ended",
        `SELECT DISTINCT time_ms, ${ended} AS subject
  FROM lanyard_audit
  WHERE ${days} AND outcome = 'allowed' AND operation IN ('revoke', 'session.end') AND time_ms <= :until`,
      ],
      [
        "dead",
        `SELECT DISTINCT granted.sid
  FROM granted CROSS JOIN UNNEST(split(granted.subjects, ' ')) AS named(subject)
  JOIN ended ON ended.subject = named.subject AND ended.time_ms >= granted.time_ms`,
      ],
    ],
    select: `SELECT granted.agent, granted.principal, granted.sid, granted.root, max(granted.depth) AS depth,
    max(granted.scopes) AS scopes, max(granted.assurance) AS assurance, max(granted.purpose) AS purpose,
    max_by(granted.uid, granted.purpose || granted.uid) AS uid, min(granted.time_ms) AS granted_ms, max(granted.expires_at) AS expires_ms
  FROM granted LEFT JOIN dead ON dead.sid = granted.sid
  WHERE dead.sid IS NULL
  GROUP BY granted.agent, granted.principal, granted.sid, granted.root
  ORDER BY expires_ms DESC, granted.sid`,
    columns: {
      agent: "text",
      principal: "text",
      sid: "text",
      root: "text",
      depth: "number",
      scopes: "text",
      assurance: "text",
      purpose: "text",
      uid: "text",
      granted_ms: "millis",
      expires_ms: "millis",
    },
  },
  {
    name: "outlived",
    answers:
      "Which sessions outlived their principal's suspension: by what was granted afterwards, or a key that lived on",
    takes: {},
    since: "7d",
    beforeMillis: longestMillis,
    with: [
      [
        "suspended",
        `SELECT DISTINCT uid, time_ms AS suspended_ms, substr(target, 11) AS principal, operator_arn
  FROM lanyard_audit
  WHERE ${between} AND operation = 'revoke' AND outcome = 'allowed' AND target LIKE 'principal:%'`,
      ],
      [
        "used",
        `SELECT DISTINCT uid, time_ms, operation, agent, principal, sid, root, expires_at
  FROM lanyard_audit
  WHERE ${days} AND outcome = 'allowed' AND sid IS NOT NULL AND time_ms <= :until
    AND operation NOT IN ('revoke', 'session.end', 'introspect')
    AND principal IN (SELECT principal FROM suspended)`,
      ],
      [
        "lived",
        `SELECT principal, sid, max(root) AS root, max(agent) AS agent, min(time_ms) AS begun_ms,
    max(time_ms) AS last_granted_ms, max(CASE WHEN operation = 'credentials.vend' THEN expires_at END) AS key_until_ms
  FROM used
  GROUP BY principal, sid`,
      ],
    ],
    select: `SELECT suspended.principal, suspended.suspended_ms, suspended.operator_arn, lived.sid, lived.root, lived.agent,
    lived.last_granted_ms, lived.key_until_ms
  FROM suspended
  JOIN lived ON lived.principal = suspended.principal AND lived.begun_ms <= suspended.suspended_ms
  WHERE lived.last_granted_ms > suspended.suspended_ms OR lived.key_until_ms > suspended.suspended_ms
  ORDER BY suspended.suspended_ms, lived.sid`,
    columns: {
      principal: "text",
      suspended_ms: "millis",
      operator_arn: "text",
      sid: "text",
      root: "text",
      agent: "text",
      last_granted_ms: "millis",
      key_until_ms: "millis",
    },
  },
  {
    name: "revocations",
    answers: "Who revoked what and why, and how long until something was refused for it",
    takes: {},
    since: "7d",
    beforeMillis: 0,
    with: [
      [
        "ordered",
        `SELECT DISTINCT uid, time_ms, ${ended} AS subject, coalesce(operator_arn, agent) AS by_whom, reason, principal
  FROM lanyard_audit
  WHERE ${between} AND outcome = 'allowed' AND operation IN ('revoke', 'session.end')`,
      ],
      [
        "refused",
        `SELECT DISTINCT uid, time_ms, denial_subject, times
  FROM lanyard_audit
  WHERE ${between} AND outcome = 'denied' AND denial_subject IS NOT NULL`,
      ],
      [
        "told",
        `SELECT uid, time_ms, subject, by_whom, reason, principal, 0 AS times, 0 AS refusal FROM ordered
  UNION ALL
  SELECT uid, time_ms, denial_subject, NULL, NULL, NULL, times, 1 FROM refused`,
      ],
      // by windows and not by a join: what was revoked and refused a thousand times each would be a million rows
      [
        "later",
        `SELECT uid, time_ms, subject, by_whom, reason, principal, refusal,
    min(CASE WHEN refusal = 1 THEN time_ms END) OVER (PARTITION BY subject ORDER BY time_ms, refusal
      ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS refused_ms,
    sum(times) OVER (PARTITION BY subject ORDER BY time_ms, refusal
      ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS refusals
  FROM told`,
      ],
    ],
    select: `SELECT time_ms AS revoked_ms, by_whom, subject, principal, reason, refused_ms - time_ms AS refused_after_millis, refusals, uid
  FROM later
  WHERE refusal = 0
  ORDER BY revoked_ms, uid`,
    columns: {
      revoked_ms: "millis",
      by_whom: "text",
      subject: "text",
      principal: "text",
      reason: "text",
      refused_after_millis: "number",
      refusals: "number",
      uid: "text",
    },
  },
  {
    name: "keys",
    answers: "Which access keys were given to whom, for which role, and until when they live",
    takes: { agent: "may", key: "may" },
    since: "7d",
    beforeMillis: 0,
    with: [],
    select: `SELECT DISTINCT time_ms AS given_ms, aws_access_key_id, aws_role_arn, agent, principal, sid, root, scopes,
    expires_at AS expires_ms, uid
  FROM lanyard_audit
  WHERE ${between} AND operation = 'credentials.vend' AND outcome = 'allowed'
    AND ${ofAgent} AND ${unlessAsked("aws_access_key_id", "key")}
  ORDER BY given_ms, uid`,
    columns: {
      given_ms: "millis",
      aws_access_key_id: "text",
      aws_role_arn: "text",
      agent: "text",
      principal: "text",
      sid: "text",
      root: "text",
      scopes: "text",
      expires_ms: "millis",
      uid: "text",
    },
  },
];
