import { createHash, randomBytes } from "node:crypto";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import type { AuditFacts } from "../../core/audit/record.ts";
import type { Denial } from "../../core/denial/denial.ts";
import { readRevoked } from "../../core/events/revoked.ts";
import { toRecord } from "../kit/records.ts";
import { bare, full } from "./samples.ts";

/** Ids as they are made, weighted towards those that begin like the JSON object of a token. */
const idOf = (bytes: number) =>
  fc
    .tuple(fc.uint8Array({ minLength: bytes, maxLength: bytes }), fc.constantFrom("", '{"', '{"alg":', "{\n ", "{ "))
    .map(([tail, head]) =>
      Buffer.concat([Buffer.from(head), tail])
        .subarray(0, bytes)
        .toString("base64url"),
    );
const ids = fc.record({ sid: idOf(16), root: idOf(16), parent: idOf(16), jti: idOf(16), jkt: idOf(32) });
const record = (facts: AuditFacts) => JSON.parse(toRecord(facts, "D".repeat(22)).body);

describe("threat 47: our own values stay in the audit whatever they look like", () => {
  property.prop([ids], { numRuns: 500 })("ids and thumbprints of a decision, in every place they stand in", (made) => {
    const { sid, root, parent, jti, jkt } = made;
    const operator = { arn: "arn:aws:iam::1:role/ops", uniqueId: "AROAEXAMPLE" };
    const facts = {
      ...full("revoke"),
      ...{ session: { sid, root, parent, depth: 1 }, jti, jkt, operator, target: `session:${sid}` },
    };
    const event = record(facts);
    expect(event.unmapped.lanyard).toMatchObject({ sid, root, parent, jti, jkt, target: `session:${sid}` });
    expect(event).toMatchObject({ entity: { uid: `session:${sid}` }, actor: { session: { uid: sid } } });
    expect(event.metadata.correlation_uid).toBe(root);
    expect(readRevoked(event)).toMatchObject({ kind: "session", id: sid });
  });

  property.prop([idOf(16), idOf(32)], { numRuns: 500 })(
    "what a refusal tells of our rows, in its sentence too",
    (sid, hash) => {
      const build = `build:${Buffer.from(hash, "base64url").toString("base64")}`;
      const of = (denial: Denial) => record({ ...bare("session.open"), denial });
      const dead = of({ code: "parent_dead", cause: { kind: "tombstone", sid } });
      expect(dead.unmapped.lanyard).toMatchObject({
        denial: { cause: { sid } },
        denial_missing: `session ${sid} was revoked`,
      });
      expect(dead.status_detail).toBe(`session ${sid} was revoked`);
      expect(of({ code: "blocked", subject: build }).unmapped.lanyard).toMatchObject({
        ...{ denial: { subject: build }, denial_missing: build },
      });
      expect(of({ code: "not_the_owner", sid }).unmapped.lanyard.denial.sid).toBe(sid);
    },
  );

  test("registered names that begin like a token: of agents, resources, scopes and policies", () => {
    const agent = "spiffe://agents.example.com/agent/ewok-translator";
    const grants = [{ resource: "https://ewok-translators.example", scopes: ["ewok-translator:read"], details: [] }];
    const policies = ["ewogicj-night-shifts"];
    const event = record({ ...full("session.open"), agent, offeredTo: agent, actors: [agent], grants, policies });
    expect(event.unmapped.lanyard).toMatchObject({ agent, actors: [agent], grants, policies });
    expect(event).toMatchObject({ user: { uid: agent }, privileges: [`${grants[0]?.resource} ewok-translator:read`] });
  });

  test("of 400,000 random ids none is redacted", () => {
    let redacted = 0;
    for (let i = 0; i < 400_000; i += 1) {
      const sid = randomBytes(16).toString("base64url");
      // one in 4,096 begins with `ey`: only those can look like a token, and only they are worth a record
      if (!/^e[yw]/.test(sid)) continue;
      const { body } = toRecord({ ...bare("session.end"), session: { sid, root: sid, depth: 0 } }, "id");
      if (body.includes("[redacted]")) redacted += 1;
    }
    expect(redacted).toBe(0);
  });
});

describe("threat 25: what a caller wrote is redacted all the same", () => {
  const token = `${Buffer.from('{"alg":"ES256"}').toString("base64url")}.${randomBytes(40).toString("base64url")}`;

  test.each<[string, Partial<AuditFacts>]>([
    ["where an agent's name should stand", { agent: `spiffe://agents.example.com/agent/${token}` }],
    ["where an offer's receiver should stand", { offeredTo: token }],
    ["where a policy should stand", { policies: [token] }],
    ["where an operator points", { operator: { arn: "a", uniqueId: "u" }, target: `session:${token}` }],
    ["where an operator names a build", { operator: { arn: "a", uniqueId: "u" }, target: `build:${token}` }],
    ["as whom nobody registered", { denial: { code: "agent_unknown", agent: `spiffe://x/agent/${token}` } }],
  ])("%s", (_, facts) => {
    expect(toRecord({ ...bare("revoke"), ...facts }, "id").body).not.toContain(token.slice(0, 30));
  });

  property.prop([idOf(16)], { numRuns: 200 })("where it begins with an id of ours", (sid) => {
    const purpose = `use ${sid}.${token} and ${sid}${token.slice(0, 30)}`;
    const { body } = toRecord({ ...full("session.open"), session: { sid, root: sid, depth: 0 }, purpose }, "id");
    expect(body).not.toContain(token.slice(21));
  });

  test("a digest in a caller's words is not ours", () => {
    const digest = createHash("sha256").update("x").digest("base64");
    expect(toRecord({ ...full("session.open"), purpose: `key ${digest}` }, "id").body).not.toContain(digest);
  });
});
