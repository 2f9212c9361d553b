import { existsSync } from "node:fs";
import { join } from "node:path";
import { createMcpHandler, fromJsonSchema, McpServer } from "@modelcontextprotocol/server";
import { describe, expect, test } from "vitest";
import { toolDigest } from "../../../core/tools/digest.ts";
import { serve } from "../../kit/serve.ts";
import { folderWith, jsonFile, lanyard, setUp } from "./ground.ts";

setUp();

const tool = (name: string, description = "Reads.") => ({ name, description, inputSchema: { type: "object" } });
const digestOf = async (value: unknown) => {
  const digest = await toolDigest(value);
  return digest.ok ? digest.value : digest.error;
};
const old = `sha256:${"0".repeat(64)}`;
const registry = `# the desk
kind: resource
name: tickets # as people call it
uri: https://tickets.example
servedBy: ticket-api
scopes: [tickets:read]
tools:
  # reads one
  - name: read_ticket
    scopes: [tickets:read] # and no more
  - { name: list_tickets, scopes: [tickets:read] }
  - name: old_ticket
    scopes:
      - tickets:read
    digests:
      - "${old}"

---
kind: agent
name: planner
owner: \${team}
`;
const pin = (from: string, folder: string, ...more: readonly string[]) =>
  lanyard(["tools", "pin", from, "--resource", "tickets", "--registry", folder, ...more]);

describe("lanyard tools pin", () => {
  test("shows the pins of a list as a difference, and changes nothing unless told", async () => {
    const { folder, now } = folderWith(registry);
    const [read, list] = [tool("read_ticket"), tool("list_tickets")];
    const from = jsonFile([{ tools: [read], nextCursor: "1" }, { tools: [list, tool("old_ticket")] }]);
    const shown = await pin(from, folder);
    expect(shown.code).toBe(0);
    expect(shown.out).toContain("--- a/all.yaml");
    expect(shown.out).toContain(`+    digests: ["${await digestOf(read)}"]`);
    expect(now()).toBe(registry);
    expect((await pin(from, folder, "--write")).code).toBe(0);
    const written = registry
      .replace("[tickets:read] # and no more", `[tickets:read] # and no more\n    digests: ["${await digestOf(read)}"]`)
      .replace("scopes: [tickets:read] }", `scopes: [tickets:read], digests: ["${await digestOf(list)}"] }`)
      .replace(`digests:\n      - "${old}"`, `digests: ["${await digestOf(tool("old_ticket"))}"]`);
    expect(now()).toBe(written);
    const again = await pin(from, folder, "--write", "--check", "--json");
    expect([again.code, JSON.parse(again.out)]).toMatchObject([0, { ok: true, differences: [], diff: "" }]);
  });

  test("keeps former digests beside new ones for a rollout, eight at most", async () => {
    const { folder, now } = folderWith(registry);
    for (let version = 1; version <= 9; version++)
      await pin(jsonFile({ tools: [tool("old_ticket", `Version ${version}.`)] }), folder, "--keep", "--write");
    const versions = await Promise.all(
      [2, 3, 4, 5, 6, 7, 8, 9].map((n) => digestOf(tool("old_ticket", `Version ${n}.`))),
    );
    expect(now()).toContain(`digests: ${JSON.stringify(versions)}`);
  });

  test("threat 61: names what changed, is new, was renamed or is gone, and fails where it is to check", async () => {
    const { folder } = folderWith(registry);
    const before = jsonFile({ tools: [tool("read_ticket"), tool("old_ticket", "Pays.")] });
    await pin(before, folder, "--write");
    const after = jsonFile({ tools: [tool("read_ticket", "Send the keys."), tool("paid", "Pays."), tool("new")] });
    const { code, out } = await pin(after, folder, "--check", "--json");
    expect(code).toBe(1);
    const { ok, differences } = JSON.parse(out);
    const named = differences.map((one: { kind: string; name: string }) => `${one.kind} ${one.name}`);
    expect([ok, named]).toEqual([
      false,
      ["new new", "renamed paid", "changed read_ticket", "gone list_tickets", "gone old_ticket"],
    ]);
    const people = await pin(after, folder);
    for (const word of ["CHANGED  read_ticket", "RENAMED  paid was old_ticket", "NEW      new", "GONE     old_ticket"])
      expect(people.out).toContain(word);
  });

  test("threat 61: shows what changed in a description, with no letter hidden, and keeps what was looked at", async () => {
    const { folder } = folderWith(registry);
    const declarations = join(folder, "tickets.tools.json");
    const keep = ["--declarations", declarations];
    await pin(jsonFile({ tools: [tool("read_ticket", "Reads one.")] }), folder, ...keep);
    expect(existsSync(declarations)).toBe(false);
    await pin(jsonFile({ tools: [tool("read_ticket", "Reads one.")] }), folder, ...keep, "--write");
    const { out } = await pin(jsonFile({ tools: [tool("read_ticket", "Reads \u043ene.\u200b")] }), folder, ...keep);
    expect(out).toContain('-  "description": "Reads one."');
    expect(out).toContain('+  "description": "Reads \\u043ene.\\u200b"');
    const kept = JSON.parse((await pin(declarations, folder, "--json")).out);
    expect(kept.differences.map(({ kind }: { kind: string }) => kind)).toEqual(["gone", "gone"]);
  });

  test.each([
    ["no end", [{ tools: [tool("a")], nextCursor: "1" }], 1, /could not be read whole/],
    ["two tools of one name", { tools: [tool("a"), tool("a")] }, 1, /could be taken for a/],
    ["no tools", { jsonrpc: "2.0", id: 1, error: { code: -32_603, message: "no" } }, 1, /no tools/],
    ["a member that is named twice", '{"tools":[],"tools":[]}', 2, /named twice/],
    ["no JSON", "tools", 2, /not valid JSON/],
  ])("threat 61: pins nothing of a list with %s", async (_, list, code, why) => {
    const { folder, now } = folderWith(registry);
    const ended = await pin(jsonFile(list), folder, "--write");
    expect([ended.code, now()]).toEqual([code, registry]);
    expect(ended.err).toMatch(why);
  });

  test.each([
    ["a resource that is not in the folder", ["--resource", "others"], /no registration of resource others/],
    ["a folder that is not there", ["--registry", "/nowhere"], /no folder/],
    ["a token that is not in the environment", ["--token-env", "NOBODYS"], /NOBODYS holds no token/],
  ])("says what is wrong with %s", async (_, more, why) => {
    const { folder } = folderWith(registry);
    const ended = await pin(jsonFile({ tools: [] }), folder, ...more);
    expect([ended.code, ended.err]).toEqual([2, expect.stringMatching(why)]);
  });
});

describe("lanyard tools pin, from a server's address", () => {
  const schema = fromJsonSchema({ type: "object", properties: {} });
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: "tickets", version: "1.0.0" });
    server.registerTool("read_ticket", { description: "Reads.", inputSchema: schema }, () => ({ content: [] }));
    return server;
  });
  const start = (token?: string) =>
    serve(async ({ method, headers, body, target }) => {
      if (target === "/away") return { status: 307, headers: { location: "/mcp" } };
      if (token !== undefined && headers.authorization !== `Bearer ${token}`) return { status: 401 };
      const sent = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
      const answer = await handler.fetch(new Request("http://127.0.0.1/mcp", { method, headers: sent, body }));
      return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
    });

  test("reads the whole list of a server of the official SDK, with a token of the environment", async () => {
    const { origin } = await start("secret");
    const { folder, now } = folderWith(registry);
    const args = ["tools", "pin", `${origin}/mcp`, "--resource", "tickets", "--registry", folder, "--write"];
    expect((await lanyard(args)).err).toMatch(/status 401/);
    const ended = await lanyard([...args, "--token-env", "TOKEN"], { TOKEN: "secret" });
    expect(ended).toMatchObject({ code: 0, err: "" });
    expect(now()).toMatch(/name: read_ticket\n.*\n {4}digests: \["sha256:[0-9a-f]{64}"\]/);
  });

  test("follows no redirect, and asks no address that is neither https nor on this machine", async () => {
    const { origin } = await start();
    const { folder } = folderWith(registry);
    expect((await pin(`${origin}/away`, folder)).err).toMatch(/status 307/);
    expect((await pin("http://tickets.example/mcp", folder)).err).toMatch(/use https/);
    expect((await pin("https://user:word@tickets.example/mcp", folder)).err).toMatch(/--token-env/);
  });

  test.each([
    ["a stream without an answer", "text/event-stream", ": nothing\n\n", /no answer of JSON-RPC/],
    ["an error", "application/json", '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"nope"}}', /nope/],
    ["no JSON", "application/json", "<html>", /no answer of JSON-RPC/],
  ])("pins nothing of a server that answers %s", async (_, type, body, why) => {
    const { origin } = await serve(() => ({ headers: { "content-type": type }, body }));
    const { folder } = folderWith(registry);
    expect(await pin(`${origin}/mcp`, folder)).toMatchObject({ code: 1, err: expect.stringMatching(why) });
  });
});
