import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { AuditFacts } from "../../core/audit/record.ts";
import { asRevoked, readRevoked } from "../../core/events/revoked.ts";
import { toRecord } from "../kit/records.ts";
import { agentOf, now, person, revoked, uid } from "./samples.ts";

const sid = "s".repeat(22);
const root = "r".repeat(22);
const facts = (more: Partial<AuditFacts>): AuditFacts => ({
  operation: "revoke",
  outcome: "allowed",
  timeMillis: now * 1000 + 500,
  requestId: "request",
  ...more,
});
/** The record as the bus carries it. */
const read = (more: Partial<AuditFacts>) => readRevoked(JSON.parse(toRecord(facts(more), uid).body));

describe("the audit record of a revocation", () => {
  test.each([
    ["agent", agentOf("planner")],
    ["principal", person],
    ["principal", agentOf("planner")],
    ["build", "sha256:q2V5/+A=="],
    ["build", "a".repeat(96)],
    ["deployment", "agents.example.com"],
  ] as const)("of %s %s is read as the operator meant it", (kind, id) => {
    expect(read({ target: `${kind}:${id}`, reason: "lost" })).toEqual({ uid, kind, id, by: "admin", atSeconds: now });
  });

  test("of a quarantine that no operator ordered says so", () => {
    const target = `agent:${agentOf("planner")}`;
    expect(read({ target, quarantine: true })).toMatchObject({ kind: "agent", by: "system" });
    const operator = { arn: "arn:aws:sts::111122223333:assumed-role/operator/ada", uniqueId: "AROAEXAMPLE" };
    expect(read({ target, quarantine: true, operator })).toMatchObject({ by: "admin" });
  });

  test("of a session carries its tree, so that it need not be looked for", () => {
    const session = { sid, root, depth: 1 };
    expect(read({ target: `session:${sid}`, session })).toEqual({
      uid,
      kind: "session",
      id: sid,
      root,
      by: "admin",
      atSeconds: now,
    });
  });

  test("of an agent's own ending says that no operator did it", () => {
    expect(
      read({ operation: "session.end", agent: agentOf("planner"), session: { sid, root, depth: 1 } }),
    ).toMatchObject({
      kind: "session",
      id: sid,
      by: "system",
    });
  });

  test.each([
    ["refused", { outcome: "denied", target: `session:${sid}` }],
    ["a lift", { operation: "lift", target: `agent:${agentOf("planner")}` }],
    ["an offer taken back", { operation: "session.end" }],
    ["a grant", { operation: "session.open", session: { sid, root, depth: 0 } }],
  ] as const)("is passed over when it is %s", (_, more) => {
    expect(read(more)).toBe("other");
  });

  test.each([
    ["names no target", {}],
    ["names an unknown kind", { target: "offer:x" }],
    ["names a prototype's member", { target: "constructor:x" }],
    ["names a session that is none", { target: "session:short" }],
    ["names an agent with a line break", { target: "agent:spiffe://x/agent/y\nz" }],
  ])("is malformed when it %s", (_, more) => {
    expect(read(more)).toBe("malformed");
  });

  test.prop([fc.jsonValue()])("is never believed when it is anything else", (value) => {
    expect(typeof readRevoked(value)).toBe("string");
    expect(asRevoked(value)).toBeUndefined();
  });

  test("comes through a message unchanged", () => {
    for (const one of [revoked("session", sid, { root }), revoked("agent", agentOf("planner")), revoked("build", "b")])
      expect(asRevoked(JSON.parse(JSON.stringify(one)))).toEqual(one);
  });
});
