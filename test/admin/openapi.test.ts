import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { Validator } from "@cfworker/json-schema";
import { describe, expect, test } from "vitest";
import { openApi } from "../../core/admin/openapi/document.ts";
import { readRoutes } from "../../core/endpoints/admin-read.ts";
import { createAdminWriteEndpoint } from "../../core/endpoints/admin-write.ts";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import { agentId, inBase, tickets, trustDomain } from "../kit/registry.ts";
import { issuer } from "../kit/world/ground.ts";
import { openReading, operator } from "./reading.ts";

// biome-ignore lint/suspicious/noExplicitAny: the document is looked into freely by tests
const document = JSON.parse(JSON.stringify(openApi)) as any;
// biome-ignore lint/suspicious/noExplicitAny: as above
const operations: [string, string, any][] = Object.entries<any>(document.paths).flatMap(([path, of]) =>
  Object.entries<object>(of).map(([method, operation]) => [method, path, operation] as [string, string, object]),
);
const reads = operations.filter(([method]) => method === "get");

describe("the OpenAPI document", () => {
  test("tells of exactly the paths and parameters that are answered", () => {
    const told = reads.map(([, path, { parameters }]) => [
      path,
      parameters
        .filter((p: { in: string }) => p.in === "query")
        .map((p: { name: string }) => p.name)
        .sort(),
    ]);
    expect(Object.fromEntries(told)).toEqual(
      Object.fromEntries(readRoutes.map(({ template, parameters }) => [template, [...parameters].sort()])),
    );
  });

  test("has every reference it makes, and every schema it has is used", () => {
    const references = [...JSON.stringify(document).matchAll(/"#\/components\/(\w+)\/(\w+)"/g)];
    for (const [, kind = "", name = ""] of references) expect(document.components[kind]).toHaveProperty(name);
    const used = new Set(references.map(([, , name]) => name));
    expect(Object.keys(document.components.schemas).filter((name) => !used.has(name))).toEqual([]);
  });

  test("names every operation once, and every path's name as a parameter", () => {
    const ids = operations.map(([, , { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, path, { parameters = [] }] of operations) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(parameters.filter((p: { in: string }) => p.in === "path").map((p: { name: string }) => p.name)).toEqual(
        named,
      );
    }
  });

  test.each(reads.flatMap(([, path, { parameters }]) => parameters.map((p: object) => [path, p])))(
    "%s: the schema of %j takes only what is answered",
    async (path, parameter) => {
      const {
        name,
        in: where,
        schema,
      } = parameter as { name: string; in: string; schema: { pattern?: string; maximum?: number } };
      if (where === "path") {
        const route = readRoutes.find((each) => each.template === path);
        for (const text of ["planner", "a/b", "A".repeat(22), "A".repeat(23), "", "Ä", "a//b", "offer#x"])
          expect([text, route?.pattern.test(String(path).replace(`{${name}}`, text))]).toEqual([
            text,
            new RegExp(schema.pattern ?? "").test(text),
          ]);
      }
      if (schema.maximum !== undefined) {
        const { get } = await openReading();
        expect((await get(`${path}?${name}=${schema.maximum + 1}`)).status).toBe(400);
      }
    },
  );
});

describe("answers are as it says", () => {
  test("every one of them", async () => {
    const bounds = { calls: { day: 9 }, money: { currency: "EUR", hour: 500 }, shards: 2 };
    const triage = { ...inBase("agent", "triage"), budgets: [{ name: "ledger", resources: [tickets], ...bounds }] };
    const { get, open, handOn, of, world } = await openReading(triage);
    world.store.budgets.emptied.add(`ledger#agent/${of("triage").id}#2026-08-01#1`);
    world.store.budgets.add(`ledger#agent/${of("triage").id}#2026-08-01#1`, "calls", 1);
    const token = await open();
    const child = String(decodeUnverified(await handOn("planner", token, "researcher"))?.payload.sid);
    const dead = String(decodeUnverified(await open("eve"))?.payload.sid);
    await world.order({ revoke: { session: dead }, reason: "r" });
    const root = String(decodeUnverified(token)?.payload.sid);
    const vend = { root, sid: child, agent: of("researcher").id, role: "files", account: "111122223333" };
    const arn = "arn:aws:iam::111122223333:role/lanyard/target/Files";
    world.store.vends.set(child, { ...vend, arn, accessKeyId: "ASIAEXAMPLEEXAMPLE12", endsAtSeconds: 1 });
    const asked: Record<string, readonly string[]> = {
      "/openapi.json": ["/openapi.json"],
      "/registry": ["/registry", "/registry?version=1"],
      "/registry/versions": ["/registry/versions"],
      "/agents": ["/agents?limit=2"],
      "/agents/{name}": ["/agents/planner", "/agents/sleeper"],
      "/principals": ["/principals"],
      "/people/{id}/key": [`/people/p_${"a".repeat(32)}/key`, `/people/${[...world.store.people.keys()][0]}/key`],
      "/sessions": [
        `/sessions?agent=${of("planner").id}&dead=true`,
        `/sessions?agent=${of("researcher").id}&tree=true`,
        `/sessions?deployment=${trustDomain}`,
        `/sessions?root=${root}`,
      ],
      "/sessions/{sid}": [`/sessions/${child}`, `/sessions/${dead}`],
      "/budgets": [`/budgets?agent=${of("triage").id}`, `/budgets?session=${root}`],
      "/tool-changes": ["/tool-changes"],
      "/canary": ["/canary"],
      "/leaf": ["/leaf?event=denied%23x", "/leaf?event=AAAAAAAAAAAAAAAAAAAAAA"],
      "/reach": [`/reach?agent=${of("planner").id}`, `/reach?session=${root}`],
    };
    expect(Object.keys(asked).sort()).toEqual(readRoutes.map(({ template }) => template).sort());
    for (const [path, targets] of Object.entries(asked))
      for (const target of targets) {
        const { status, body } = await get(target);
        expect([target, status]).toEqual([target, 200]);
        const schema = document.paths[path].get.responses["200"].content["application/json"].schema;
        const { valid, errors } = new Validator({ ...schema, components: document.components }, "2020-12").validate(
          body,
        );
        expect([target, valid ? [] : errors]).toEqual([target, []]);
      }
  });

  test("a refusal too", async () => {
    const { get } = await openReading();
    const { body } = await get("/sessions");
    const schema = { $ref: "#/components/schemas/Refusal", components: document.components };
    expect(new Validator(schema, "2020-12").validate(body).valid).toBe(true);
    expect(new Validator(schema, "2020-12").validate({ error: "x" }).valid).toBe(false);
  });
});

describe("what writes", () => {
  test("stands where admin-write answers, and with no other method", async () => {
    const { world, registry, deps } = await openReading();
    const endpoint = createAdminWriteEndpoint({ ...deps, registry, issuer, cedar });
    const writes = operations.filter(([, , { servers }]) => servers?.[0]?.url === "{adminWrite}");
    expect(writes.length).toBe(3);
    for (const [method, template] of writes) {
      const path = template.replace("{name}", "planner");
      const ask = async (verb: string) =>
        (await endpoint(world.call("{}", [], { method: verb, path, contentType: "application/json" }), operator))
          .status;
      // an empty object is read and found wanting: it got as far as the operation
      expect([template, await ask(method.toUpperCase())]).toEqual([template, 400]);
      expect([template, await ask("DELETE")]).toEqual([template, 405]);
    }
  });

  test("an order as it says is taken by admin-revoke", async () => {
    const { world, open } = await openReading();
    await open();
    const schema = document.paths["/"].post.requestBody.content["application/json"].schema;
    const order = { revoke: { agent: agentId("planner") }, reason: "r", cutOnly: true };
    expect(new Validator(schema, "2020-12").validate(order).valid).toBe(true);
    expect((await world.order(order)).status).toBe(200);
    const both = { revoke: { agent: "x" }, lift: { agent: "x" }, reason: "r" };
    expect(new Validator(schema, "2020-12").validate(both).valid).toBe(false);
    expect((await world.order(both)).status).toBe(400);
  });
});
