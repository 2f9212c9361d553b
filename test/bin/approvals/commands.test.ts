import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../../bin/lanyard/program.ts";
import { openOperator } from "../../kit/embedded/callers.ts";
import { serveAll } from "../../kit/serve.ts";

const folder = mkdtempSync(join(tmpdir(), "lanyard-approvals-"));
const { credentials, verify } = openOperator();
const asked: string[] = [];
const id = `ap_${"A".repeat(22)}`;
const digest = "D".repeat(43);
const line = {
  kind: "session",
  ...{ id, digest, group: "people/release", needed: 2, agent: "spiffe://x.example/agent/deployer", principal: "p_ada" },
  ...{ createdAtSeconds: 1_785_542_400, expiresAtSeconds: 1_785_543_300 },
};
const request = {
  ...line,
  ...{ action: "open", actors: [line.agent], depth: 0, lifeSeconds: 300, state: "open", you: { may: true } },
  grants: [
    {
      ...{
        resource: "https://deploy.example",
        scopes: ["deploy:production"],
        details: [{ type: "service", name: "api" }],
      },
      reaches: {
        tools: ["deploy"],
        roles: [{ arn: "arn:aws:iam::111122223333:role/lanyard/target/deploy", actions: ["s3:PutObject"] }],
        onward: [{ resource: "https://build.example", scopes: ["build:read"] }],
      },
    },
  ],
  ...{ policies: { "deploy-with-approval": "x" }, meanings: {}, decisions: [] },
  agentSays: "trust me\u001b[2J",
};
const changeId = `tc_${"B".repeat(22)}`;
const change = {
  ...{ kind: "tool-change", id: changeId, digest, group: "people/release", needed: 1, agent: line.agent },
  ...{
    server: "https://orders.example",
    tool: "read_order",
    toolDigest: `sha256:${"1".repeat(64)}`,
    change: "changed",
  },
  ...{ createdAtSeconds: 1_785_542_400, expiresAtSeconds: 1_788_134_400 },
};
const declared = (description: string) =>
  JSON.stringify({ name: "read_order", description, inputSchema: { type: "object" } });
const shownChange = {
  ...change,
  ...{ former: declared("Reads an order."), definition: declared("Reads \u0430n order.\u001b[2J") },
  ...{ pinned: [`sha256:${"0".repeat(64)}`], scopes: ["orders:read"] },
  ...{ decisions: [], state: "open", you: { may: true } },
};
const server = serveAll((call) => {
  if ("code" in verify(call)) return { status: 403, body: JSON.stringify({ message: "Forbidden" }) };
  asked.push(`${call.method} ${call.path} ${call.body}`.trim());
  if (call.method === "POST") return { body: JSON.stringify({ decided: { id }, approvals: 1, needed: 2 }) };
  return {
    body: JSON.stringify(
      call.path === "/approvals"
        ? {
            groups: ["people/release"],
            items: [
              { ...line, grants: request.grants, approvals: 0 },
              { ...change, approvals: 0 },
            ],
          }
        : call.path.endsWith(changeId)
          ? shownChange
          : request,
    ),
  };
});

beforeAll(() => {
  const { origin } = server;
  mkdirSync(join(folder, ".lanyard"));
  const at = `${origin}/`;
  const endpoints = {
    ...{ issuer: origin, admin: at, adminWrite: at, adminRead: at, approve: at },
    ...{ aws: { endpoint: origin, region: "eu-west-1" }, operator: { credentials } },
    deployment: { trustDomain: "x.example", variables: {} },
  };
  writeFileSync(join(folder, ".lanyard/endpoints.json"), JSON.stringify(endpoints));
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  asked.length = 0;
});

async function lanyard(args: readonly string[], sure: boolean | "nobody" = true) {
  const [out, err]: [string[], string[]] = [[], []];
  const ask = sure === "nobody" ? {} : { ask: async () => sure };
  const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text), ...ask };
  const code = await run(["approvals", ...args], { terminal, env: {}, folder });
  return { code, out: out.join("\n"), err: err.join("\n") };
}
const posted = () => asked.filter((one) => one.startsWith("POST"));

describe("lanyard approvals", () => {
  test("lists what waits, as lines and as JSON", async () => {
    expect((await lanyard(["list"])).out).toMatch(/ap_A{22}.*deploy:production.*0 of 2/);
    const { out } = await lanyard(["list", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ ok: true, items: [{ id, digest }, { id: changeId }] });
  });

  test("shows scopes, details and what they reach, and the agent's word last, as such, and harmless", async () => {
    const { code, out } = await lanyard(["show", id]);
    expect(code).toBe(0);
    for (const part of ["deploy:production", '"name":"api"', "tools    deploy", "s3:PutObject", "build:read", digest])
      expect(out).toContain(part);
    expect(out).toContain("the agent says (its own word): trust me\ufffd[2J");
    expect(JSON.parse((await lanyard(["show", id, "--json"])).out)).toMatchObject({ approval: { digest } });
  });

  test("threat 69: shows of a changed tool each line that differs, and no letter of it that hides or commands", async () => {
    expect((await lanyard(["list"])).out).toMatch(/tc_B{22}.*tool read_order, changed.*0 of 1/);
    const { code, out } = await lanyard(["show", changeId]);
    expect(code).toBe(0);
    expect(out).toContain('-  "description": "Reads an order."');
    expect(out).toContain('+  "description": "Reads \\u0430n order.\\u001b[2J"');
    for (const part of ["https://orders.example", "orders:read", shownChange.toolDigest, shownChange.pinned[0], digest])
      expect(out).toContain(part);
    expect((await lanyard(["approve", changeId])).out).toBe(`approved ${changeId}: 1 of 2`);
    expect(posted()).toEqual([`POST /approvals/${changeId} {"verdict":"approve","shown":"${digest}"}`]);
  });

  test("decides by the digest of what it showed, once somebody is sure", async () => {
    const { code, out, err } = await lanyard(["approve", id]);
    expect({ code, out }).toEqual({ code: 0, out: `approved ${id}: 1 of 2` });
    expect(err).toContain("deploy:production");
    expect((await lanyard(["refuse", id])).out).toBe(`refused ${id}`);
    expect(posted()).toEqual([
      `POST /approvals/${id} {"verdict":"approve","shown":"${digest}"}`,
      `POST /approvals/${id} {"verdict":"refuse","shown":"${digest}"}`,
    ]);
  });

  test("threat 59: decides nothing that nobody saw: no answer, nobody to ask, or --yes without a digest", async () => {
    expect((await lanyard(["approve", id], false)).code).toBe(1);
    expect((await lanyard(["approve", id], "nobody")).code).toBe(2);
    expect((await lanyard(["approve", id, "--yes"])).code).toBe(2);
    expect((await lanyard(["approve", "x/../y", "--yes", "--shown", digest])).code).toBe(2);
    expect(posted()).toEqual([]);
    const other = "E".repeat(43);
    await lanyard(["approve", id, "--yes", "--shown", other]);
    expect(posted()).toEqual([`POST /approvals/${id} {"verdict":"approve","shown":"${other}"}`]);
  });
});
