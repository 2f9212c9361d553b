import { describe, expect, test } from "vitest";
import { folderWith, jsonFile, lanyard, setUp } from "./ground.ts";

setUp();

const registry = `kind: agent
name: planner
state: active
tools:
  - { kind: skill, name: refunds, version: "1" } # by hand
may: []
---
# answers
kind: agent
name: writer
state: active
may: []
`;
const hex = "ab".repeat(32);
const run = (file: unknown, folder: string, ...more: readonly string[]) =>
  lanyard(["tools", "import", jsonFile(file), "--registry", folder, ...more]);

/** As agent-bom writes its report (schema 1.0), as far as it concerns us and a little more. */
const agentBom = {
  ...{ schema_version: "1.0", document_type: "AI-BOM", spec_version: "1.0", ai_bom_version: "0.97.1" },
  ...{ generated_at: "2026-11-30T10:00:00+00:00", scan_sources: ["local"], summary: { total_agents: 2 } },
  agents: [
    {
      ...{ name: "claude-desktop", agent_type: "claude-desktop", config_path: "~/claude.json", status: "configured" },
      mcp_servers: [
        {
          ...{ name: "filesystem", surface: "mcp-server", fingerprint: "0f".repeat(32), transport: "stdio" },
          ...{ command: "npx", args: ["-y", "@scope/server-filesystem@2.1.0", "/data"], has_credentials: false },
          tools: [{ name: "read_file", description: "Reads a file", fingerprint: "1f".repeat(32), risk_score: 3 }],
          packages: [
            { name: "@scope/server-filesystem", version: "2.1.0", is_direct: true, parent_package: null },
            { name: "zod", version: "4.0.0", is_direct: false, parent_package: "@scope/server-filesystem" },
          ],
        },
        { name: "tickets", url: "https://tickets.example/mcp", transport: "streamable-http", tools: [], packages: [] },
        { name: "odd\u200bname", packages: [] },
      ],
    },
    { name: "writer", mcp_servers: [{ name: "tickets", packages: [{ version: "unknown", is_direct: true }] }] },
  ],
};

/** As scanners write CycloneDX 1.6: agents and what they depend on. */
const cycloneDx = (more: object = {}) => ({
  ...{ bomFormat: "CycloneDX", specVersion: "1.6", version: 1 },
  serialNumber: "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
  metadata: { timestamp: "2026-11-30T10:00:00Z" },
  components: [
    component("application", "agent-1", { name: "planner", version: "unknown", kind: "ai-agent" }),
    component("application", "server-1", { name: "tickets", kind: "mcp-server", hashes: [sha256] }),
    component("file", "skill-1", { name: "refunds", version: "1.3.0", kind: "skill", hashes: [sha256] }),
    component("library", "plugin-1", { name: "$" + "{account}", version: "2", kind: "plugin", hashes: [md5, sha256] }),
    component("file", "script-1", { name: "export.sh", kind: "script" }),
    component("library", "lib-1", { name: "zod", version: "4.0.0" }),
  ],
  dependencies: [{ ref: "agent-1", dependsOn: ["server-1", "skill-1", "plugin-1", "lib-1", "nothing"] }],
  ...more,
});
const sha256 = { alg: "SHA-256", content: hex.toUpperCase() };
const md5 = { alg: "MD5", content: "00".repeat(16) };
interface Named {
  readonly name: string;
  readonly kind?: string;
  readonly version?: string;
  readonly hashes?: readonly object[];
}
const component = (type: string, ref: string, { kind, ...more }: Named) => ({
  ...{ type, "bom-ref": ref, ...more },
  ...(kind === undefined
    ? {}
    : { properties: [{ name: kind === "ai-agent" ? "agent-bom:type" : "lanyard:kind", value: kind }] }),
});

describe("lanyard tools import", () => {
  test("brings agents' servers from a report of agent-bom, under the names they are registered by", async () => {
    const { folder, now } = folderWith(registry);
    const shown = await run(agentBom, folder, "--as", "claude-desktop=planner", "--json");
    expect(JSON.parse(shown.out)).toMatchObject({ ok: true, agents: ["planner"], unknown: [], written: false });
    expect(JSON.parse(shown.out).unplaced).toEqual(["an MCP server of claude-desktop"]);
    expect(now()).toBe(registry);
    await run(agentBom, folder, "--as", "claude-desktop=planner", "--as", "writer=writer", "--write");
    expect(now()).toBe(
      registry
        .replace(
          '{ kind: skill, name: refunds, version: "1" } # by hand',
          '{ kind: skill, name: refunds, version: "1" } # by hand\n' +
            '  - { kind: "mcp-server", name: "filesystem", version: "2.1.0" }\n  - { kind: "mcp-server", name: "tickets" }',
        )
        .replace(
          "name: writer\nstate: active\nmay: []",
          'name: writer\nstate: active\nmay: []\ntools:\n  - { kind: "mcp-server", name: "tickets" }',
        ),
    );
    const before = now();
    const again = await run(agentBom, folder, "--as", "claude-desktop=planner", "--write");
    expect([again.out, now()]).toEqual(["", before]);
  });

  test("says which agents nobody registered, and changes nothing for them", async () => {
    const { folder, now } = folderWith(registry.replaceAll("writer", "other"));
    const { code, err } = await run(agentBom, folder, "--write");
    expect([code, now()]).toEqual([0, registry.replaceAll("writer", "other")]);
    expect(err).toMatch(/claude-desktop: no agent is registered so/);
    expect(err).toMatch(/writer: no agent is registered so/);
  });

  test.each(["1.6", "1.7", "2.0"])(
    "brings servers, skills and plugins of CycloneDX %s, with digests",
    async (specVersion) => {
      const { folder, now } = folderWith(registry);
      const ended = await run(cycloneDx({ specVersion }), folder, "--write");
      expect(ended.err).toBe("script export.sh: the file does not say whose it is, or its name is unfit");
      const digests = `digests: ["sha256:${hex}"]`;
      expect(now()).toContain(
        `tools:\n  - { kind: "skill", name: "refunds", version: "1.3.0", ${digests} } # by hand\n` +
          `  - { kind: "mcp-server", name: "tickets" }\n  - { kind: "plugin", name: "$$\{account}", version: "2", ${digests} }`,
      );
    },
  );

  test("takes what stands inside an agent's component as its own", async () => {
    const { folder, now } = folderWith(registry);
    const agent = component("application", "a", { name: "writer", kind: "ai-agent" });
    const nested = component("application", "n", { name: "group" });
    const inner = component("file", "s", { name: "inside", kind: "script" });
    await run(
      cycloneDx({ components: [{ ...agent, components: [{ ...nested, components: [inner] }] }] }),
      folder,
      "--write",
    );
    expect(now()).toContain('may: []\ntools:\n  - { kind: "script", name: "inside" }\n');
  });

  test.each([
    ["CycloneDX 1.5", cycloneDx({ specVersion: "1.5" }), /1\.6 or later/],
    ["CycloneDX of no version", cycloneDx({ specVersion: null }), /1\.6 or later/],
    ["another format", { spdxVersion: "SPDX-3.0" }, /neither/],
    ["a list", [], /neither/],
    ["a member that is named twice", '{"bomFormat":"CycloneDX","bomFormat":"x"}', /named twice/],
  ])("reads no %s", async (_, file, why) => {
    const { folder, now } = folderWith(registry);
    const ended = await run(file, folder, "--write");
    expect([ended.code, now()]).toEqual([2, registry]);
    expect(ended.err).toMatch(why);
  });

  test("threat 61: gives no placeholder, line or member of the registry to who chose a name", async () => {
    const names = ["x\nstate: active", "__proto__", '"} , state: "active', "a".repeat(201), "x: [y", "constructor"];
    const servers = names.map((name) => ({ name, packages: [] }));
    const { folder, now } = folderWith(registry);
    const { code, err } = await run(
      { ...agentBom, agents: [{ name: "writer", mcp_servers: servers }] },
      folder,
      "--write",
    );
    expect([code, err.split("\n")]).toEqual([
      0,
      ["an MCP server of writer", "an MCP server of writer"].map((what) => expect.stringContaining(what)),
    ]);
    expect(now().match(/state: active/g)).toHaveLength(2);
    for (const name of ["__proto__", "constructor", "x: [y", '\\"} , state: \\"active'])
      expect(now()).toContain(`name: "${name}"`);
  });
});
