import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { usesOf } from "../../../bin/lanyard/tools/uses.ts";
import type { Registration } from "../../../core/model/registry.ts";
import { agent, inBase, tickets } from "../../kit/registry.ts";
import { openDeployment } from "../deployment.ts";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const rows: readonly Registration[] = [
  {
    ...inBase("resource", "tickets"),
    tools: [
      { name: "read_ticket", scopes: ["tickets:read"], digests: [digest("a")] },
      { name: "close_ticket", scopes: ["tickets:read", "tickets:write"] },
    ],
  },
  agent("reader", { may: [{ resource: tickets, scopes: ["tickets:read"] }] }),
  agent("closer", {
    may: [{ resource: tickets, scopes: ["tickets:read", "tickets:write"] }],
    tools: [
      { kind: "mcp-server", name: "desk", resource: tickets, digests: [digest("c")] },
      { kind: "skill", name: "refunds", version: "1.2.0", digests: [digest("b")] },
    ],
  }),
];
const found = (sought: Parameters<typeof usesOf>[1]) =>
  usesOf(rows, sought).map(({ agent, name }) => `${agent} ${name}`);

test.each([
  [
    "this server",
    { server: "tickets" },
    ["reader read_ticket", "closer read_ticket", "closer close_ticket", "closer desk"],
  ],
  ["this server, by its URI", { server: tickets, agent: "reader" }, ["reader read_ticket"]],
  ["this tool", { tool: "close_ticket" }, ["closer close_ticket"]],
  ["this tool in another case", { tool: "Close_ticket" }, []],
  ["this skill", { tool: "refunds" }, ["closer refunds"]],
  ["this version", { at: "1.2.0" }, ["closer refunds"]],
  ["this digest", { at: digest("a") }, ["reader read_ticket", "closer read_ticket"]],
  ["a server's set of tools", { at: digest("c") }, ["closer desk"]],
  ["nothing that there is", { server: "others" }, []],
])("lanyard tools tells which agents use %s", (_, sought, uses) => {
  expect(found(sought)).toEqual(uses);
});

let deployment: Awaited<ReturnType<typeof openDeployment>>;
beforeEach(async () => {
  deployment = await openDeployment();
});
afterEach(() => deployment.close());

test("lanyard tools reads the registry that is in force, and lists in every format", async () => {
  const folder = join(deployment.folder, "registry");
  await deployment.lanyard(["apply", "examples/support-desk"]);
  await deployment.lanyard(["export", folder]);
  await writeFile(
    join(folder, "held.yaml"),
    `kind: agent\nname: held\nstate: draft\nowner: o\nsponsor: s\nselectors: [{ type: aws-lambda-url-iam, exact: { roleArn: "arn:aws:iam::111122223333:role/held" } }]\ntools:\n  - { kind: skill, name: refunds, version: "2", digests: ["${digest("d")}"] }\n`,
  );
  expect(await deployment.lanyard(["apply", folder])).toMatchObject({ code: 0 });
  const json = await deployment.lanyard(["tools", "--tool", "refunds", "--json"]);
  expect(JSON.parse(json.out)).toEqual({
    ok: true,
    tools: [{ agent: "held", state: "draft", kind: "skill", name: "refunds", version: "2", digests: [digest("d")] }],
  });
  expect((await deployment.lanyard(["tools", "--at", "2", "-o", "id"])).out).toBe("held");
  expect((await deployment.lanyard(["tools"])).out).toMatch(/^AGENT +STATE +KIND +NAME/);
});
