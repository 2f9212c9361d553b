import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { createAdminWriteEndpoint } from "../../core/endpoints/admin-write.ts";
import { deployRegistry } from "../../core/endpoints/registry-applier.ts";
import { limits } from "../../core/model/limits.ts";
import type { Registration } from "../../core/model/registry.ts";
import type { DetailsTypeRegistration } from "../../core/model/resource-registration.ts";
import type { Call } from "../../core/model/wire.ts";
import { applyRegistry, documentsOfRows } from "../../core/registry/apply.ts";
import { registryDigest } from "../../core/registry/digest.ts";
import { type FormerType, formerTypesAfter, typeProblems } from "../../core/registry/former-types.ts";
import { randomIds } from "../kit/keys.ts";
import { MemoryRegistry } from "../kit/memory/registry-store.ts";
import { toRecord } from "../kit/records.ts";
import { agent, customers, declared, trustDomain } from "../kit/registry.ts";

const hour = 3_600_000;
const ada = { arn: "arn:aws:sts::111122223333:assumed-role/operator/ada", uniqueId: "AROAEXAMPLE" };
const roleArn = "arn:aws:iam::123456789012:role/customer-api";
const base: readonly Registration[] = [
  agent("customer-api", { selectors: [{ type: "aws-sts-web-identity", exact: { roleArn } }] }),
  { kind: "resource", name: "customers", uri: customers, servedBy: "customer-api", scopes: ["customers:read"] },
];
const texts = { type: "array", items: { type: "string" } };
const only = (more: Partial<DetailsTypeRegistration> = {}): DetailsTypeRegistration => ({
  kind: "details-type",
  name: "records",
  resource: customers,
  ...declared({ customers: texts }, { customers: "one_of" }),
  ...more,
});
const allBut = only(declared({ customers: texts }, { customers: "not" }));
const wider = only(
  declared({ customers: texts, maxRecords: { type: "number" } }, { customers: "one_of", maxRecords: "max" }),
);

let registry: MemoryRegistry;
let now: number;
beforeEach(() => {
  registry = new MemoryRegistry();
  now = 1_785_542_400_000;
});
const deps = () => ({
  registry,
  clock: { nowMillis: () => now },
  ids: randomIds,
  toRecord,
  issuer: "https://issuer.example",
  trustDomain,
  cedar,
});
const apply = (...types: readonly Registration[]) => {
  const documents = documentsOfRows([...base, ...types]);
  return applyRegistry({ documents, operator: ada, facts: { timeMillis: now, requestId: "r" } }, deps());
};
const problems = async (outcome: ReturnType<typeof apply>) => {
  const done = await outcome;
  if (done.ok) return [];
  return done.error.code === "registry_invalid" ? done.error.problems.map((p) => p.message) : [done.error.code];
};
/** Puts versions in place, each of which must be taken. */
const applied = async (...versions: readonly (readonly Registration[])[]) => {
  for (const types of versions) expect(await problems(apply(...types))).toEqual([]);
};
const aNewName = expect.stringContaining("register the new meaning under a new name");

describe("threat 33: a details type means one thing under its name", () => {
  test.each([
    ["another rule", allBut],
    ["another field", wider],
    [
      "a looser schema",
      only(
        declared({ customers: { type: "array", items: { type: "string", maxLength: 9 } } }, { customers: "one_of" }),
      ),
    ],
    ["a field that is required", only(declared({ customers: texts }, { customers: "one_of" }, ["customers"]))],
  ])("so that an apply is refused that gives it %s, and told what to do", async (_, type) => {
    await applied([only()]);
    expect(await problems(apply(type))).toEqual([aNewName]);
    expect(await registry.applied()).toBe(1);
    // beside the old one, under another name, it is welcome
    await applied([only(), { ...type, name: "records-2" }]);
  });

  test("while what only explains it, and which scopes want it, may change", async () => {
    await applied([only()]);
    const { schema } = only();
    await applied([only({ schema: { ...schema, description: "which customers", title: "Records" } })]);
    await applied([only({ requiredFor: ["customers:read"] })]);
    // a field that is called like a keyword is a field all the same
    const titled = (title: string) => declared({ title: { type: "string", [title]: 3 } }, { title: "exact" });
    await applied([only(), only({ name: "t", ...titled("maxLength") })]);
    expect(await problems(apply(only(), only({ name: "t", ...titled("minLength") })))).toEqual([aNewName]);
  });

  test("for twelve hours after it was taken out, whatever was applied in between", async () => {
    await applied([only()], []);
    expect(await problems(apply(allBut))).toEqual([aNewName]);
    now += 6 * hour;
    await applied([only({ name: "unrelated" })]);
    now += 6 * hour - 1;
    expect(await problems(apply(allBut))).toEqual([aNewName]);
    now += 1;
    await applied([allBut]);
  });

  test("and coming back with its meaning it is taken, and remembered from when it goes again", async () => {
    await applied([only()], []);
    now += 11 * hour;
    await applied([only()], []);
    now += 11 * hour;
    expect(await problems(apply(allBut))).toEqual([aNewName]);
    expect(registry.entries.at(-1)?.formerTypes?.map(({ name }) => name)).toEqual(["records"]);
    now += hour;
    await applied([allBut]);
    expect(registry.entries.at(-1)).not.toHaveProperty("formerTypes");
  });

  test("by every door: rollback, and a dry run, of admin-write", async () => {
    await applied([only()], []);
    now += 12 * hour;
    await applied([allBut]);
    const admin = createAdminWriteEndpoint({
      ...deps(),
      outbox: { put: async () => undefined },
      aggregate: { add: async () => undefined, standsAlone: () => true },
    } as never);
    const call = (path: string, method: string, body: object) =>
      admin(
        {
          method,
          path,
          url: path,
          contentType: "application/json",
          body: JSON.stringify(body),
          dpop: [],
          requestId: "r",
        } as Call,
        ada,
      );
    const back = await call("/rollback", "POST", { to: 1, reason: "it was better" });
    expect([back.status, JSON.parse(back.body).problems[0].message]).toEqual([422, aNewName]);
    const dry = await call("/registry", "PUT", { registrations: [...base, only()], dryRun: true });
    expect(dry.status).toBe(422);
    // one without the type at all is no exchange
    expect((await call("/rollback", "POST", { to: 2, reason: "without it" })).status).toBe(200);
  });

  test("by the stack's door: a deployment fails, and its rollback leaves what counts", async () => {
    const stackId = "arn:aws:cloudformation:eu-west-1:111122223333:stack/lanyard-prod-service/6f1f-1";
    const deploy = (rows: readonly Registration[], step: "create" | "update" = "update") => {
      const digest = registryDigest(rows);
      const folder = { digest, documents: documentsOfRows(rows) };
      return deployRegistry({ step, digest, force: false, folder, stackId, requestId: "r" }, deps());
    };
    expect((await deploy([...base, only()], "create")).ok).toBe(true);
    expect(await deploy([...base, allBut])).toMatchObject({
      ok: false,
      error: { denial: { code: "registry_invalid" } },
    });
    expect((await deploy(base)).ok).toBe(true);
    now += 12 * hour;
    expect((await deploy([...base, allBut])).ok).toBe(true);
    expect(await deploy([...base, only()])).toMatchObject({ ok: true, value: { outcome: "left" } });
  });

  test("for any history: while a token by it may live, a name never gets a second meaning", () => {
    const meanings = [only(), allBut, wider];
    const step = fc.record({
      types: fc.array(fc.tuple(fc.constantFrom("a", "b"), fc.constantFrom(...meanings)), { maxLength: 2 }),
      waitHours: fc.constantFrom(0, 1, 6, 12),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let [rows, former, at]: [readonly Registration[], readonly FormerType[], number] = [[], [], 0];
        const lastSeen = new Map<string, { rules: string; at: number }>();
        for (const { types, waitHours } of steps) {
          at += waitHours * hour;
          for (const row of rows)
            if (row.kind === "details-type") lastSeen.set(row.name, { rules: JSON.stringify(row.rules), at });
          const next = [...new Map(types.map(([name, type]) => [name, { ...type, name }])).values()];
          const before = { rows, former, nowMillis: at };
          const clashes = next.some(({ name, rules }) => {
            const seen = lastSeen.get(name);
            const remembered = seen && at - seen.at < limits.sessionLifeMaxSeconds * 1000;
            return remembered && seen.rules !== JSON.stringify(rules);
          });
          expect(typeProblems(before, next, documentsOfRows(next)).length > 0).toBe(clashes);
          if (clashes) continue;
          former = formerTypesAfter(before, next);
          rows = next;
        }
      }),
    );
  });

  test("no more are taken out in that time than are remembered", async () => {
    const many = Array.from({ length: limits.formerDetailsTypes + 1 }, (_, at) => only({ name: `t${at}` }));
    await applied(many);
    expect(await problems(apply())).toEqual([expect.stringContaining("details types would be taken out")]);
    await applied(many.slice(0, 1));
    expect(registry.entries.at(-1)?.formerTypes).toHaveLength(limits.formerDetailsTypes);
  });
});
