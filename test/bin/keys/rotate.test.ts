import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../../bin/lanyard/program.ts";
import { openOperator } from "../../kit/embedded/callers.ts";
import { serveAll } from "../../kit/serve.ts";

const folder = mkdtempSync(join(tmpdir(), "lanyard-rotate-"));
const { credentials, verify } = openOperator();
const ordered: unknown[] = [];
let answer = { status: 202, body: {} as object };
let handledAfter = 0;
let refused = false;

const server = serveAll((request) => {
  const signed = verify(request);
  if ("code" in signed || signed.service !== "lambda")
    return { status: 403, body: JSON.stringify({ message: "Forbidden" }) };
  if (request.method === "POST") {
    ordered.push(JSON.parse(request.body));
    return { status: answer.status, body: JSON.stringify(answer.body) };
  }
  handledAfter -= 1;
  const keys = [{ kid: "k2", alg: "ES256", state: "active" }];
  const handled = handledAfter < 0 ? { handled: "order-1", ...(refused ? { refused: "order-1" } : {}) } : {};
  return { body: JSON.stringify({ rings: { session: { keys, ...handled } } }) };
});

beforeAll(() => {
  const { origin } = server;
  mkdirSync(join(folder, ".lanyard"));
  const deployment = { trustDomain: "x.example", variables: {} };
  const endpoints = {
    issuer: origin,
    admin: `${origin}/`,
    adminWrite: `${origin}/`,
    adminRead: `${origin}/`,
    adminRotate: `${origin}/`,
    aws: { endpoint: origin, region: "eu-west-1" },
    operator: { credentials },
    deployment,
  };
  writeFileSync(join(folder, ".lanyard/endpoints.json"), JSON.stringify(endpoints));
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  ordered.length = 0;
  answer = { status: 202, body: { order: "order-1" } };
  handledAfter = 0;
  refused = false;
});

async function lanyard(args: readonly string[], sure: boolean | "nobody" = true) {
  const [out, err]: [string[], string[]] = [[], []];
  const ask = sure === "nobody" ? {} : { ask: async () => sure };
  const terminal = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line), ...ask };
  const code = await run(args, { terminal, env: {}, folder });
  return { code, out: out.join("\n"), err: err.join("\n") };
}
const rotate = ["rotate", "--purpose", "session", "--reason", "drill"];

describe("lanyard rotate", () => {
  test("signs the order as the operator, waits until it is taken up, and says what that means", async () => {
    handledAfter = 2;
    const ended = await lanyard(rotate);
    expect(ended).toMatchObject({ code: 0, err: expect.stringMatching(/^deployment {2}stage local, /) });
    expect(ended.out).toContain("as soon as the next standby is known");
    expect(ordered).toEqual([{ rotate: { purpose: "session" }, emergency: false, reason: "drill" }]);
  });

  test("orders no emergency unless somebody is sure of it", async () => {
    expect((await lanyard([...rotate, "--emergency"], "nobody")).code).toBe(2);
    expect((await lanyard([...rotate, "--emergency"], false)).code).toBe(1);
    expect(ordered).toEqual([]);
    const sure = await lanyard([...rotate, "--emergency", "--yes", "--kid", "k".repeat(43)]);
    expect(sure).toMatchObject({ code: 0 });
    expect(sure.out).toContain("what the suspect signed is void; session signs ES256 by k2");
    expect(ordered).toEqual([
      { rotate: { purpose: "session", kid: "k".repeat(43) }, emergency: true, reason: "drill" },
    ]);
  });

  test("ends with code 1 and the reason when it is refused", async () => {
    answer = {
      status: 400,
      body: { error: "invalid_request", error_description: "an order about these keys is not carried out yet" },
    };
    expect(await lanyard(rotate)).toMatchObject({ code: 1, err: expect.stringContaining("not carried out yet") });
  });

  test("ends with code 1 when the rotator took the order up and refused it, and says that nothing was changed", async () => {
    refused = true;
    const ended = await lanyard([...rotate, "--emergency", "--yes"]);
    expect(ended).toMatchObject({ code: 1, err: expect.stringContaining("nothing was changed") });
    expect(ended.out).not.toContain("void");
  });

  test("must be told what and why", async () => {
    expect((await lanyard(["rotate", "--purpose", "session"])).code).toBe(2);
    expect((await lanyard(["rotate", "--reason", "x"])).code).toBe(2);
    expect(ordered).toEqual([]);
  });
});

test("lanyard keys shows how each key stands", async () => {
  expect((await lanyard(["keys"])).out).toMatch(/^session {2}ES256 {2}active {2}k2$/m);
  expect(JSON.parse((await lanyard(["keys", "--json"])).out)).toMatchObject({
    ok: true,
    rings: { session: { keys: [{ kid: "k2" }] } },
  });
});
