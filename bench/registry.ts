import { fileURLToPath } from "node:url";
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { readRegistryFolder } from "../bin/lanyard/registry/folder.ts";
import type { Registration } from "../core/model/registry.ts";
import { registryDifference } from "../core/model/registry-difference.ts";
import { applyRegistry, documentsOf } from "../core/registry/apply.ts";
import { validateRegistry } from "../core/registry/validate.ts";
import { createRegistryStore } from "../lambdas/aws/dynamodb/registry/registry-writer.ts";
import { randomIds } from "../test/kit/keys.ts";
import { toRecord } from "../test/kit/records.ts";
import { openCloud } from "../test/lambdas/tables.ts";
import { median } from "./measure.ts";
import type { Bench, Row } from "./row.ts";

const section = "registry";
const sizes = [10, 100, 1_000];
const runs = 3;
const folder = fileURLToPath(new URL("../examples/back-office", import.meta.url));
const variables = {
  account: "111122223333",
  identityProvider: "https://idp.example",
  stsIssuer: "https://sts.example",
};
const settings = { issuer: "https://id.example", trustDomain: "agents.example.com", cedar };
const operator = { arn: "arn:aws:sts::111122223333:assumed-role/operator/ada", uniqueId: "AROAEXAMPLE" };

/** The example's registrations, and so many agents more, each with an anchor and scopes of its own. */
async function registryOf(agents: number): Promise<readonly unknown[]> {
  const read = await readRegistryFolder(folder, variables);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const more = Array.from({ length: agents }, (_, n) => ({
    kind: "agent",
    name: `worker-${n}`,
    state: "active",
    owner: "team@back-office.example",
    sponsor: "head@back-office.example",
    selectors: [
      { type: "aws-sts-web-identity", exact: { roleArn: `arn:aws:iam::111122223333:role/agents/worker-${n}` } },
    ],
    may: [{ resource: "https://deploy.back-office.example", scopes: n % 2 ? ["builds:read"] : ["builds:promote"] }],
    maxLifetimeSeconds: 300 + (n % 600),
  }));
  return [...read.value.map(({ value }) => value), ...more];
}

const valid = (values: readonly unknown[]): readonly Registration[] => {
  const rows = validateRegistry(documentsOf(values), settings);
  if (!rows.ok) throw new Error(JSON.stringify(rows.error.slice(0, 3)));
  return rows.value;
};

async function millisOf(work: () => unknown): Promise<number> {
  const taken: number[] = [];
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    await work();
    taken.push(performance.now() - started);
  }
  return median(taken);
}

/** What applying so many agents takes, step by step and as a whole. */
async function benchApply(agents: number): Promise<Readonly<Record<string, number>>> {
  const cloud = await openCloud();
  const registry = createRegistryStore(cloud.client, cloud.tables);
  const deps = { ...settings, registry, clock: { nowMillis: () => Date.now() }, ids: randomIds, toRecord };
  const apply = async (values: readonly unknown[]) => {
    const facts = { timeMillis: Date.now(), requestId: "bench" };
    const applied = await applyRegistry({ documents: documentsOf(values), operator, facts }, deps);
    if (!applied.ok) throw new Error(JSON.stringify(applied.error));
    return applied.value.difference;
  };
  const values = await registryOf(agents);
  const rows = valid(values);
  let life = 600;
  const last = values.at(-1) as object;
  const changed = () => [...values.slice(0, -1), { ...last, maxLifetimeSeconds: life++ }];
  const validate = await millisOf(() => valid(values));
  const difference = await millisOf(() => registryDifference([], rows));
  const started = performance.now();
  const first = await apply(values);
  const whole = performance.now() - started;
  if (first.added.length !== values.length) throw new Error("not everything was added");
  const one = await millisOf(async () => {
    if ((await apply(changed())).changed.length !== 1) throw new Error("one agent should have changed");
  });
  await cloud.close();
  return { validate, difference, "apply, all of them new": whole, "apply, one of them changed": one };
}

async function measureRegistry(): Promise<Row[]> {
  await benchApply(10); // loads what is loaded once
  const found: Row[] = [];
  const before = new Map<string, number>();
  for (const agents of sizes)
    for (const [step, value] of Object.entries(await benchApply(agents))) {
      const less = before.get(step);
      const ratio = less === undefined ? {} : { ratio: { of: `${agents / 10} agents`, value: value / less } };
      found.push({ section, name: `${step}: ${agents.toLocaleString("en")} agents`, value, unit: "ms", ...ratio });
      before.set(step, value);
    }
  return found;
}

/**
 * Wall time of an apply, as admin-write does it, by the number of agents. The store is the embedded one, on this machine:
 * what grows with the registry shows, not what DynamoDB takes.
 */
export const registryApply: Bench = { name: "registry", measure: measureRegistry };
