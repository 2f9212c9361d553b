import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { nodesOf, pathTo, traceOf } from "../../core/lineage/tree.ts";
import { functionRole, ids, line, opened, read, record, sid, stsOf, vended } from "./ground.ts";

const below = (name: string, parent: string, more = {}) =>
  record("session.redeem", {
    sid: sid(name),
    root: sid("planner"),
    parent: sid(parent),
    depth: 1,
    agent: `spiffe://td/agent/${name}`,
    principal: "p_ada",
    ...more,
  });

const audit = [
  opened("planner", { jkt: "key-1", timeMillis: 2000 }),
  below("researcher", "planner", { jkt: "key-2", timeMillis: 3000 }),
  below("ticket", "researcher", { depth: 2, timeMillis: 4000 }),
  vended("planner"),
  vended("researcher", { root: sid("planner") }),
  record("attest", {
    agent: "spiffe://td/agent/planner",
    jkt: "key-1",
    jti: "T".repeat(22),
    evidenceId: "document-1",
    timeMillis: 1000,
  }),
  record("deployment.seen", { functionRoleArn: functionRole }),
];
const signed = (id: string, more = {}) =>
  line("kms", "Sign", { userAgent: `aws-sdk-js/3 lanyard/${id}`, roleArn: functionRole, ...more });
const trail = [
  ...stsOf("planner"),
  ...stsOf("researcher"),
  read("planner"),
  read("researcher"),
  signed(sid("ticket")),
  signed("T".repeat(22)),
  line("sts", "GetWebIdentityToken", { tokenId: "document-1" }),
];

describe("a tree", () => {
  test("hangs each session below the one it came from, with its own calls and no other's", () => {
    const { roots } = traceOf(audit, trail);
    expect(roots.map(nodesOf)).toMatchObject([
      [
        { sid: sid("planner"), principal: "p_ada", agent: "spiffe://td/agent/planner" },
        { sid: sid("researcher") },
        { sid: sid("ticket"), depth: 2 },
      ],
    ]);
    const calls = roots
      .flatMap(nodesOf)
      .map((node) => node.calls.map(({ line: { name }, by }) => `${by} ${name}`).sort());
    const own = ["key GetObject", "key GetScopedCredentials", "vend AssumeRole"];
    expect(calls).toEqual([own, own, ["sign Sign"]]);
    expect(pathTo(roots, sid("ticket")).map((node) => node.sid)).toEqual(["planner", "researcher", "ticket"].map(sid));
  });

  test("says how the agent proved itself: by its own key, before the session, with document and signature", () => {
    const later = record("attest", { agent: "spiffe://td/agent/planner", jkt: "key-1", timeMillis: 9000 });
    const others = record("attest", { agent: "spiffe://td/agent/other", jkt: "key-1", timeMillis: 1500 });
    const [root] = traceOf([...audit, later, others], trail).roots;
    expect(root?.attestation?.record.jti).toBe("T".repeat(22));
    expect(root?.attestation?.calls.map(({ by }) => by).sort()).toEqual(["evidence", "sign"]);
    expect(root?.children[0]?.attestation).toBeUndefined();
  });

  test("is opened by nothing that was refused", () => {
    const thief = record("session.redeem", {
      outcome: "denied",
      sid: sid("planner"),
      root: sid("planner"),
      agent: "spiffe://td/agent/thief",
      timeMillis: 1,
    });
    expect(traceOf([thief, ...audit], trail).roots[0]?.agent).toBe("spiffe://td/agent/planner");
  });

  test("keeps two people apart whose identity providers call them alike, and two agents that share a role", () => {
    const two = [opened("one", { principal: "p_alice_at_a" }), opened("two", { principal: "p_alice_at_b" })];
    const both = [...two, vended("one"), vended("two")];
    const lines = [...stsOf("one"), ...stsOf("two"), read("one"), read("two")];
    const { roots } = traceOf(both, lines);
    expect(roots.map(({ principal, calls }) => [principal, calls.length])).toEqual([
      ["p_alice_at_a", 3],
      ["p_alice_at_b", 3],
    ]);
    for (const { sid: own, calls } of roots)
      for (const { line: each } of calls) if (each.sourceIdentity) expect(each.sourceIdentity).toContain(own);
  });

  test("shows every session once, though records make each other's parents", () => {
    const circle = [below("a", "b"), below("b", "a"), below("c", "missing")];
    const shown = traceOf(circle, []).roots.flatMap(nodesOf);
    expect(shown.map((node) => node.sid).sort()).toEqual(["a", "b", "c"].map(sid));
  });
});

describe("threat 11: a signature counts for a session", () => {
  test("when one of our own functions asked for it, and nobody else's word of it does", () => {
    const foreign = signed(sid("ticket"), { roleArn: "arn:aws:iam::111122223333:role/other" });
    const refused = signed(sid("ticket"), { error: "AccessDenied" });
    const { roots, claims } = traceOf(audit, [...trail, foreign, refused]);
    const ticket = roots.flatMap(nodesOf).find((node) => node.sid === sid("ticket"));
    expect(ticket?.calls).toHaveLength(1);
    expect(ids(claims).sort()).toEqual([foreign.eventId, refused.eventId].sort());
  });
});

property.prop([fc.infiniteStream(fc.nat()), fc.array(fc.nat({ max: 20 }), { maxLength: 20 })])(
  "the trees are the same in whatever order lines come, and however often",
  (draws, repeats) => {
    const mixed = <T>(lines: readonly T[]): T[] => {
      const left = [...lines, ...repeats.flatMap((at) => lines[at] ?? [])];
      const out: T[] = [];
      while (left.length > 0) out.push(...left.splice((draws.next().value ?? 0) % left.length, 1));
      return out;
    };
    const sorted = (lines: typeof audit, calls: typeof trail) =>
      traceOf(lines, calls)
        .roots.flatMap(nodesOf)
        .map((node) => [
          node.sid,
          ids(node.calls.map((call) => call.line)).sort(),
          node.events.map(({ uid }) => uid).sort(),
        ])
        .sort();
    expect(sorted(mixed(audit), mixed(trail))).toEqual(sorted(audit, trail));
  },
);
