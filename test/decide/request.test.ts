import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formOf, readAsked } from "../../core/authzen/request.ts";
import type { Call } from "../../core/model/wire.ts";
import { randomIds } from "../kit/keys.ts";
import { ask, no, pathOf, question, session, setUp, tickets, toolCall, world } from "./ground.ts";

setUp();

const sid = randomIds.id();
const body = () => JSON.stringify(question(sid));

describe("a body", () => {
  test("threat 62: of which the gateway sent a part only is answered no", async () => {
    const mine = await session();
    const sent = await ask(question(mine.sid), pathOf.one, { more: { isPartial: true } });
    expect([sent.status, sent.text]).toEqual([200, no]);
    expect(world.aggregated.at(-1)?.denial?.code).toBe("body_partial");
  });

  test("of a megabyte is answered no", async () => {
    const big = toolCall(sid, "read_ticket", { note: "x".repeat(1_000_000) });
    expect((await ask(big)).text).toBe(no);
    expect(world.aggregated.at(-1)?.denial?.code).toBe("body_too_large");
  });

  test.each([
    ["nested too deep", `{"subject":${"[".repeat(5_000)}`],
    ["with a member named twice", body().replace('"arguments":{}', '"arguments":{"a":1,"a":2}')],
    [
      "with a member named twice, once by an escape",
      body().replace('"arguments":{}', '"arguments":{"a":1,"\\u0061":2}'),
    ],
    ["that names two subjects", `${body().slice(0, -1)},"subject":{"type":"session","id":"${randomIds.id()}"}}`],
    ["that is no JSON", "subject=x"],
    ["that is empty", ""],
    ["that is no object", "[]"],
  ])("%s is refused as no request, and nothing is looked at", async (_, text) => {
    const { status, answer } = await ask(text);
    expect([status, answer.error]).toEqual([400, "invalid_request"]);
    expect(world.store.calls).not.toContain("readLiveness");
  });

  test("of another type, to another path or by another method is refused", async () => {
    expect((await ask(question(sid), pathOf.one, { call: { contentType: "text/plain" } })).status).toBe(400);
    expect((await ask(question(sid), "/access/v1/evaluation/")).status).toBe(404);
    expect((await ask(question(sid), pathOf.one, { call: { method: "GET" } })).status).toBe(405);
  });
});

test("the answer repeats the request's id, where it has one", async () => {
  const named = await ask(question(sid), pathOf.one, { more: { requestId: "abc-1" } });
  expect(named.headers).toEqual({ "X-Request-ID": "abc-1" });
});

test("whatever JSON comes, it is read or refused as a value, and never in another form than the path's", () => {
  const call = (path: string, text: string): Call => ({
    ...{ method: "POST", url: `https://d.example${path}`, path, contentType: "application/json" },
    ...{ body: text, dpop: [], requestId: "r" },
  });
  const part = fc.oneof(fc.constantFrom(question(sid)), fc.jsonValue());
  const member = fc.constantFrom("subject", "action", "resource", "context", "evaluations", "options", "properties");
  const paths = fc.constantFrom(...Object.values(pathOf), "/access/v1/search/resource", "/access/v1/search/action");
  fc.assert(
    fc.property(paths, fc.dictionary(member, part), (path, value) => {
      const text = JSON.stringify({ ...question(sid), ...value });
      const read = readAsked(call(path, text), { isPartial: false });
      expect(read.ok || typeof read.error.code).toBeTruthy();
      expect(formOf(path).kind).toBe(path.includes("search") ? "search" : "evaluation");
    }),
  );
});

test("a question is one of a tool of a server: the server is named by exactly its URI", async () => {
  const mine = await session();
  for (const server of [undefined, 7, "", tickets.toUpperCase(), `${tickets}/`, `${tickets}#`, `${tickets}:443`]) {
    const resource = { type: "tool", id: "read_ticket", properties: { server } };
    expect([server, (await ask(question(mine.sid, { resource }))).text]).toEqual([server, no]);
  }
});
