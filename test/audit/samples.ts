import { ocsfClasses } from "../../core/audit/classes.ts";
import { lanyardFacts } from "../../core/audit/columns.ts";
import type { AuditFacts, AuditOperation } from "../../core/audit/record.ts";

/** Every operation, so that none can be added without being written as an event. */
export const operations = Object.keys(ocsfClasses) as readonly AuditOperation[];

/** A decision of which everything is known. */
export const full = (operation: AuditOperation): AuditFacts => ({
  operation,
  outcome: "allowed",
  timeMillis: 1_785_542_400_123,
  requestId: "11111111-2222-4333-8444-555555555555",
  sourceIp: "203.0.113.10",
  userAgent: "agent/1.0",
  agent: "spiffe://agents.example.com/agent/planner",
  principal: "p_abcdefghijklmnopqrstuvwxyz234567",
  approver: { person: "p_zyxwvutsrqponmlkjihgfedcba765432", proof: "token", client: "approvals-app" },
  actors: ["spiffe://agents.example.com/agent/planner"],
  session: {
    sid: "AAAAAAAAAAAAAAAAAAAAAA",
    root: "BBBBBBBBBBBBBBBBBBBBBB",
    parent: "BBBBBBBBBBBBBBBBBBBBBB",
    depth: 1,
  },
  budgets: ["ledger#agent/x#2026-12-01"],
  cost: { minor: 1250, currency: "EUR" },
  costReport: "RRRRRRRRRRRRRRRRRRRRRR",
  decisions: [
    {
      sid: "AAAAAAAAAAAAAAAAAAAAAA",
      resource: "https://tickets.example",
      tool: "read_ticket",
      digest: "sha256:0",
      decision: true,
    },
    { decision: false, code: "question_unsupported" },
  ],
  signal: { issuer: "https://login.people.example", id: "EEEEEEEEEEEEEEEEEEEEEE", event: "e" },
  receiver: "crm",
  revocation: "DDDDDDDDDDDDDDDDDDDDDD",
  offeredTo: "spiffe://agents.example.com/agent/researcher",
  grants: [
    {
      resource: "https://tickets.example",
      scopes: ["tickets:read"],
      details: [{ type: "customer-record", customers: ["42"] }],
    },
  ],
  requested: { resources: ["https://tickets.example"], scopes: ["tickets:read", "tickets:write"] },
  expiresAtSeconds: 1_785_543_300,
  jti: "CCCCCCCCCCCCCCCCCCCCCC",
  aws: {
    role: "files",
    roleArn: "arn:aws:iam::111122223333:role/agents/files",
    requestIds: ["01234567-89ab-cdef-0123-456789abcdef", "01234567-89ab-cdef-0123-456789abcd00"],
    accessKeyId: "ASIAEXAMPLEEXAMPLE12",
    places: ["arn:aws:s3:::tickets/cases/"],
    policyDigest: "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
    token: "arn:aws:iam::111122223333:oidc-provider/id.example.com#DDDDDDDDDDDDDDDDDDDDDD",
  },
  jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
  assurance: "fresh",
  evidenceType: "aws-sts-web-identity",
  evidence: { roleArn: "arn:aws:iam::111122223333:role/agents/planner", account: "111122223333" },
  build: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  registryVersion: 7,
  policies: ["agents-work-for-people"],
  purpose: "answer ticket 4711",
  target: "agent:spiffe://agents.example.com/agent/planner",
  reason: "misbehaves",
});

/** A refusal of which next to nothing is known. */
export const bare = (operation: AuditOperation): AuditFacts => ({
  operation,
  outcome: "denied",
  timeMillis: 1_785_542_400_123,
  requestId: "r",
  denial: { code: "dpop_missing" },
});

/** Every column that a record can have. */
export function writtenColumns(): ReadonlySet<string> {
  const all = {
    ...full("attest"),
    owner: "x",
    operator: { arn: "x", uniqueId: "x" },
    logins: ["x"],
    session: { sid: "x", root: "x", parent: "x", anc: ["x"], depth: 3 },
    tokenType: "DPoP",
    evidenceId: "x",
    keyReplaced: true,
    checks: [],
    registryBase: 1,
    registryDigest: "x",
    registryRestored: 1,
    changes: { added: [], changed: [], removed: [] },
    asked: [],
    policyLogged: [],
    quarantine: true,
    approval: { id: "x", requestHash: "x", group: "x", needed: 1, resources: ["x"], approvers: ["x"] },
    canary: true,
    count: 1,
  } as const;
  const { owner: _, ...usual } = all;
  const refusal = { ...all, denial: { code: "dpop_missing" } } as const;
  return new Set([usual, refusal].flatMap((facts) => Object.keys(lanyardFacts(facts, new Set()))));
}
