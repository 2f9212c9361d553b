import { describe, expect, test } from "vitest";
import { type KillTarget, kill, readKill } from "../../core/admin/revoke/kill.ts";
import type { RevocationTargets } from "../../core/admin/revoke/target.ts";
import type { RevocationWrite } from "../../core/session/store.ts";
import { randomIds } from "../kit/keys.ts";
import { toRecord } from "../kit/records.ts";

const trustDomain = "agents.example.com";
const agent = `spiffe://${trustDomain}/agent/planner`;
const person = `p_${"a".repeat(32)}`;
const by = {
  operator: { arn: "arn:aws:sts::111122223333:assumed-role/operator-kill/ada", uniqueId: "AIDAEXAMPLEEXAMPLE" },
  requestId: "sts-request",
  userAgent: "lanyard-kill",
};

const nothing: RevocationTargets = {
  agents: async () => [agent],
  owners: async () => [],
  hasSessions: async () => false,
  wasRevoked: async () => false,
  hasTombstone: async () => false,
  standing: async () => ({ blocked: false, quarantined: false, automatic: false }) as never,
};
const read = (target: KillTarget, targets: Partial<RevocationTargets> = {}, reason = "misbehaves") =>
  readKill({ target, reason }, trustDomain, { ...nothing, ...targets });

/** Carries an order out over a store that only keeps what it is told to write. */
async function killed(target: KillTarget, reason?: string) {
  const order = await read(target, { hasSessions: async () => true }, reason);
  if (!order.ok) throw new Error(order.error.code);
  const writes: RevocationWrite[] = [];
  const revocations = {
    revoke: async (write: RevocationWrite) => {
      writes.push(write);
      return { ok: true, value: undefined } as const;
    },
  } as never;
  const deps = {
    clock: { nowMillis: () => 1_764_550_000_000 },
    ids: randomIds,
    toRecord,
    revocations,
    targets: nothing,
  };
  const record = await kill(order.value, by, deps);
  if (!record.ok) throw new Error(record.error.code);
  return { record: record.value, write: writes[0] as RevocationWrite, writes };
}

describe("a revocation past the functions", () => {
  test.each<[KillTarget, string]>([
    [{ agent }, `agent:${agent}`],
    [{ principal: person }, `principal:${person}`],
    [{ principal: agent }, `principal:${agent}`],
    [{ build: "sha256:4d7a" }, "build:sha256:4d7a"],
    [{ deployment: trustDomain }, "deployment"],
  ])("raises and always blocks %j, in one write with its record", async (target, subject) => {
    const { write, writes, record } = await killed(target);
    expect(writes).toHaveLength(1);
    expect(write).toEqual({
      raise: { subject, block: true, atSeconds: 1_764_550_000 },
      replayEntries: [],
      record,
    });
  });

  test("is recorded as admin-revoke's is: by whom, what, why, and the request by which CloudTrail has it", async () => {
    const { record } = await killed({ agent });
    const event = JSON.parse(record.body);
    expect(record.eventId).toMatch(/^[\w-]{22}$/);
    expect(event.actor.user).toMatchObject({ uid: by.operator.uniqueId, name: by.operator.arn, type: "Admin" });
    expect(event.unmapped.lanyard).toMatchObject({ request_id: "sts-request", target: `agent:${agent}` });
    expect(record.body).toContain("misbehaves");
  });

  test("threat 51: says nothing of a person, whose key it cannot read", async () => {
    expect((await killed({ principal: person }, "stole from the till")).record.body).not.toContain("till");
  });

  test.each<[string, KillTarget, Partial<RevocationTargets>, string | undefined]>([
    ["a registered agent", { agent }, {}, undefined],
    ["an agent of another name", { agent: `${agent}x` }, {}, "target_unknown"],
    ["an agent of another deployment", { agent: "spiffe://other.example/agent/planner" }, {}, "target_unknown"],
    ["another deployment", { deployment: "other.example" }, {}, "target_unknown"],
    ["a person who was never seen", { principal: person }, {}, "target_unknown"],
    ["a person who owns an agent", { principal: person }, { owners: async () => [person] }, undefined],
    ["a build that was never seen", { build: "sha256:4d7a" }, {}, "target_unknown"],
    ["a build with sessions", { build: "sha256:4d7a" }, { hasSessions: async () => true }, undefined],
    ["what was revoked before", { build: "sha256:4d7a" }, { wasRevoked: async () => true }, undefined],
    ["no id", { principal: "ada" }, {}, "parameter_invalid"],
    ["a session", { session: "A".repeat(22) } as KillTarget, {}, "parameter_invalid"],
  ])("threat 63: of %s is looked up first", async (_, target, targets, code) => {
    const order = await read(target, targets);
    expect(order.ok ? undefined : order.error.code).toBe(code);
  });

  test("threat 63: of what cannot be looked up is not carried out, whichever read fails", async () => {
    const broken = () => Promise.reject(new Error("no table"));
    for (const [target, targets] of [
      [{ agent: `${agent}x` }, { agents: broken }],
      [{ agent }, { wasRevoked: broken }],
      [{ principal: person }, { owners: broken }],
      [{ build: "sha256:4d7a" }, { hasSessions: broken }],
    ] as const)
      await expect(read(target, targets)).rejects.toThrow("no table");
  });

  test("needs a reason", async () => {
    expect(await read({ agent }, {}, " ")).toMatchObject({ ok: false, error: { code: "parameter_invalid" } });
  });
});
