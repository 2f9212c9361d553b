import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../../bin/lanyard/program.ts";
import { openCallers } from "../../../local/emulator/iam/caller.ts";

const folder = mkdtempSync(join(tmpdir(), "lanyard-rotate-"));
const callers = openCallers();
const credentials = callers.issue({ roleArn: "arn:aws:iam::111122223333:role/operator", sessionName: "ada", tags: {} });
const ordered: unknown[] = [];
let server: Server;
let answer = { status: 202, body: {} as object };
let handledAfter = 0;
let refused = false;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const { method = "", url: target = "", headers } = request;
    const signed = callers.verify({ method, target, headers, body });
    if ("code" in signed || signed.service !== "lambda")
      return response.writeHead(403).end(JSON.stringify({ message: "Forbidden" }));
    if (method === "POST") {
      ordered.push(JSON.parse(body.toString()));
      return response.writeHead(answer.status).end(JSON.stringify(answer.body));
    }
    handledAfter -= 1;
    const keys = [{ kid: "k2", alg: "ES256", state: "active" }];
    const handled = handledAfter < 0 ? { handled: "order-1", ...(refused ? { refused: "order-1" } : {}) } : {};
    return response.writeHead(200).end(JSON.stringify({ rings: { session: { keys, ...handled } } }));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});
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
