/** Which records are the canary's: what it does every few minutes is marked, and nothing else ever is. */
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { createRefusalAggregate } from "../../core/audit/aggregate.ts";
import { startAudit } from "../../core/audit/context.ts";
import type { AuditFacts, AuditRecord } from "../../core/audit/record.ts";
import type { Denial } from "../../core/denial/denial.ts";
import { canary, isCanary } from "../../core/model/canary.ts";
import type { Call } from "../../core/model/wire.ts";
import { toRecord } from "../kit/records.ts";
import { denials as samples } from "../kit/samples/denials.ts";
import { bare, full } from "./samples.ts";

const own = `spiffe://agents.example.com/agent/${canary.agent}`;
const clock = { nowMillis: () => 1_785_542_400_123 };
const call = { method: "POST", path: "/", url: "https://x", headers: {}, requestId: "r" } as unknown as Call;
const denials = Object.values(samples).flat() as readonly Denial[];
const factsOf = (facts: AuditFacts) => JSON.parse(toRecord(facts, "DDDDDDDDDDDDDDDDDDDDDD").body).unmapped.lanyard;

test("a record is marked once the agent has proved that it is the canary, and not for naming it", () => {
  const audit = startAudit(call, "session.open", clock);
  audit.add({ agent: own });
  expect(audit.facts.canary).toBeUndefined();
  audit.authenticated = true;
  expect(audit.facts.canary).toBe(true);
  expect(factsOf({ ...audit.facts, outcome: "allowed" }).canary).toBe(true);
});

property.prop([fc.string(), fc.constantFrom("", "a/", "-")])(
  "no other name is the canary's, whatever it begins or ends with",
  (text, between) => {
    fc.pre(text !== "");
    expect(isCanary(`${own}${text}`)).toBe(false);
    expect(isCanary(`spiffe://agents.example.com/agent/${text}${between}${canary.agent}`)).toBe(false);
  },
);

describe("what is refused to the canary", () => {
  const refused = (denial: Denial): AuditFacts => ({ ...bare("introspect"), agent: own, canary: true, denial });

  test("is marked where its own session is over, which it asks for", () => {
    const dead = denials.find(({ code }) => code === "parent_dead") as Denial;
    expect(factsOf(refused(dead)).canary).toBe(true);
  });

  test.each(denials.filter(({ code }) => code !== "parent_dead").map((denial) => [denial.code, denial] as const))(
    "%s is shown like anybody's: somebody may have taken it over",
    (_, denial) => expect(factsOf(refused(denial)).canary).toBeUndefined(),
  );

  test("is shown where it holds another agent's token", () => {
    const dead = denials.find(({ code }) => code === "parent_dead") as Denial;
    expect(factsOf({ ...refused(dead), owner: "spiffe://agents.example.com/agent/planner" }).canary).toBeUndefined();
  });
});

test("a count of several kinds is not left out of answers for the canary that it began with", async () => {
  const written: AuditRecord[] = [];
  const outbox = { put: async (record: AuditRecord) => void written.push(record) };
  const aggregate = createRefusalAggregate({ outbox, ids: { id: () => "x", secret: () => "" }, toRecord, clock });
  const dead = denials.find(({ code }) => code === "parent_dead") as Denial;
  for (let i = 0; i < 1_024; i++)
    await aggregate.add({ ...bare("introspect"), denial: { code: `c${i}` } as unknown as Denial });
  await aggregate.add({ ...bare("introspect"), assurance: "fresh", agent: own, canary: true, denial: dead });
  const last = JSON.parse(written.at(-1)?.body ?? "{}");
  expect(last.unmapped.lanyard.agent).toBe(own);
  expect(last.unmapped.lanyard.canary).toBeUndefined();
});

test("no record of another agent has the mark", () => {
  expect(factsOf(full("session.open")).canary).toBeUndefined();
});
