import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import type { AuditEvent } from "../bin/lanyard/audit/events.ts";
import { replay } from "../bin/lanyard/policy/replay.ts";
import { askedColumn } from "../core/audit/columns.ts";
import type { PolicyQuestion } from "../core/model/decision.ts";
import type { Registration } from "../core/model/registry.ts";
import { createSnapshot } from "../core/model/snapshot.ts";
import { createCedarEngine } from "../core/policy/cedar.ts";
import { agentId, baseRows, tickets, trustDomain } from "../test/kit/registry.ts";
import { measure, type Row } from "./measure.ts";

const section = "policy";
const replayed = 100_000;

const question = (n: number): PolicyQuestion => ({
  action: n % 5 === 0 ? "access" : "open",
  agent: agentId(["planner", "researcher", "triage"][n % 3] ?? "planner"),
  principal: { id: `p_${String(n % 500).padStart(32, "a")}`, kind: "person", groups: [] },
  grant: { resource: tickets, scopes: n % 2 ? ["tickets:read"] : ["tickets:read", "tickets:write"], details: [] },
  depth: n % 4,
  assurance: "fresh",
  evidence: { type: "aws-sts-web-identity", facts: { account: "123456789012", region: "eu-west-1" } },
  nowSeconds: 1_785_542_400 + n,
  asserted: {},
});

/** One permit of everything, and forbids that each look at something a request has. */
const registryOf = (policies: number) => {
  const forbids = Array.from(
    { length: policies - 1 },
    (_, n): Registration => ({
      kind: "policy",
      name: `forbid-${n}`,
      cedar: `forbid (principal, action, resource) when { context.depth > ${20 + n} && context.scopes.contains("s${n}") };`,
    }),
  );
  const permit: Registration = { kind: "policy", name: "permit", cedar: "permit (principal, action, resource);" };
  return createSnapshot(1, trustDomain, [...baseRows.filter((row) => row.kind !== "policy"), permit, ...forbids]);
};

async function* recorded(): AsyncGenerator<AuditEvent> {
  for (let n = 0; n < replayed; n++)
    yield {
      time: 1_785_542_400_000 + n,
      metadata: { uid: `e${n}` },
      unmapped: { lanyard: { asked: [askedColumn(question(n))] } },
    };
}

/** What a decision costs by the number of policies, and how long a replay of many recorded ones takes. */
export async function benchPolicy(): Promise<Row[]> {
  const rows: Row[] = [];
  let ten = Number.NaN;
  for (const policies of [10, 100, 1_000]) {
    const [engine, registry] = [createCedarEngine(cedar), registryOf(policies)];
    const { cpuMicros } = await measure(policies > 100 ? 100 : 500, async (n) => {
      if (!engine.decide(registry, question(n)).allowed) throw new Error("the benchmark's question was refused");
    });
    ten = policies === 10 ? cpuMicros : ten;
    const ratio = policies === 10 ? {} : { ratio: { of: "10 policies", value: cpuMicros / ten } };
    rows.push({ section, name: `decision, ${policies} policies`, value: cpuMicros / 1000, unit: "ms CPU", ...ratio });
  }
  const started = performance.now();
  const found = await replay({ events: recorded(), registry: registryOf(100) }, createCedarEngine(cedar));
  const seconds = (performance.now() - started) / 1000;
  const name = `plan over ${replayed.toLocaleString("en")} recorded decisions (${found.asked.toLocaleString("en")} distinct), 100 policies`;
  rows.push({ section, name, value: seconds, unit: "s" });
  return rows;
}
