import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { lineageOf } from "../../core/aws/lineage.ts";

const root = "RRRRRRRRRRRRRRRRRRRRR-";
const sid = "_SSSSSSSSSSSSSSSSSSSSS";
const agent = "spiffe://agents.example.com/agent/research/deep";
const person = `p_${"a2".repeat(16)}`;
const session = {
  root,
  sid,
  actors: ["spiffe://agents.example.com/agent/planner", agent],
  principal: { id: person, kind: "person" },
} as const;

/** What STS takes (API reference of AssumeRole). */
const stsName = /^[\w+=,.@-]{2,64}$/;
const stsTagValue = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

describe("threat 21: a session's credentials", () => {
  test("are named by the tree and the session, for the agent that acts and whoever started the work", () => {
    expect(lineageOf(session)).toEqual({
      sourceIdentity: `lyd.${root}.${sid}`,
      roleSessionName: sid,
      tags: { "lanyard-session": sid, "lanyard-tree": root, "lanyard-agent": agent, "lanyard-principal": person },
    });
  });

  property.prop([
    fc.stringMatching(/^[A-Za-z0-9_-]{22}$/),
    fc.stringMatching(/^[A-Za-z0-9_-]{22}$/),
    fc.stringMatching(/^[a-z0-9._-]{1,40}(\/[a-z0-9._-]{1,40}){0,3}$/),
  ])("have names that STS takes, whatever the ids", (root, sid, name) => {
    const { sourceIdentity, roleSessionName, tags } = lineageOf({
      ...session,
      root,
      sid,
      actors: [`spiffe://agents.example.com/agent/${name}`],
    });
    expect(sourceIdentity).toMatch(stsName);
    expect(sourceIdentity).toHaveLength(49);
    expect(roleSessionName).toMatch(stsName);
    for (const value of Object.values(tags)) expect(value).toMatch(stsTagValue);
  });

  test.each([
    ["a session id that says two things", { sid: `${"S`.repeat(10)}.${`S".repeat(11)}` }],
    ["a session id that is a pattern", { sid: `${"S".repeat(21)}*` }],
    ["a root that is short", { root: "R" }],
    ["a principal that is a variable", { principal: { id: `\${aws:username}`, kind: "person" } as const }],
    ["an agent without a name", { actors: [] }],
    ["an agent beyond a tag's length", { actors: [`spiffe://agents.example.com/agent/${"x".repeat(256)}`] }],
  ])("are never named with %s", (_, more) => {
    expect(() => lineageOf({ ...session, ...more })).toThrow(RangeError);
  });
});
