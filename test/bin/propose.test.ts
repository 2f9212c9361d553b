import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { fc, test as property } from "@fast-check/vitest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { propose } from "../../bin/lanyard/agents/propose/proposal.ts";
import { edited, unifiedDiff } from "../../bin/lanyard/agents/propose/unified.ts";
import type { AgentRegistration } from "../../core/model/agent-registration.ts";
import { supportDesk, variables } from "../kit/example.ts";
import { patched } from "../kit/patched.ts";
import { agent, agentId, trustDomain } from "../kit/registry.ts";
import { openDeployment } from "./deployment.ts";

const scratch = mkdtempSync(join(tmpdir(), "lanyard-propose-"));
afterAll(() => rm(scratch, { recursive: true }));

const use = (granted: Readonly<Record<string, readonly string[]>>) => ({
  granted: new Map(Object.entries(granted).map(([name, pairs]) => [agentId(name), new Set(pairs)])),
  changed: new Set<string>(),
  unclear: false,
  firstMillis: 0,
});

/** What is proposed for one agent in a file of this text. */
async function proposedFor(text: string, row: AgentRegistration, granted: readonly string[]) {
  const directory = mkdtempSync(join(scratch, "one-"));
  writeFileSync(join(directory, "a.yaml"), text);
  const used = granted.length > 0 ? use({ [row.name]: granted }) : use({});
  return propose([{ file: "a.yaml", row }], used, { directory, trustDomain });
}

const t = "https://tickets.example";
const c = "https://customers.example";
const may = [
  { resource: t, scopes: ["t:read", "t:write"] },
  { resource: c, scopes: ["c:read"] },
];
const row = agent("planner", { may, lends: [{ resource: t, scopes: ["t:write"] }], quarantine: { scopes: may } });

const styles: readonly (readonly [string, string])[] = [
  [
    "lists in lines",
    `# who plans
kind: agent
name: planner
state: active # since May
may:
  - resource: ${t}
    scopes:
      - t:read
      # dangerous
      - t:write
  - resource: ${c}
    scopes: [c:read]
lends:
  - { resource: ${t}, scopes: [t:write] }
quarantine:
  scopes:
    - { resource: ${t}, scopes: [t:read, t:write] }
    - { resource: ${c}, scopes: [c:read] }
owner: ada # last`,
  ],
  [
    "lists in brackets",
    `kind: agent
name: planner
state: "active"
may: [{ resource: ${t}, scopes: [t:read, "t:write"] }, { resource: ${c}, scopes: [c:read] }]
lends: [{ resource: ${t}, scopes: [t:write] }]
quarantine: { scopes: [{ resource: ${t}, scopes: [t:read, t:write] }, { resource: ${c}, scopes: [c:read] }] }
owner: ada
---
kind: policy
name: other
`,
  ],
];

const subsets = fc.subarray([`${t} t:read`, `${t} t:write`, `${c} c:read`], { minLength: 1 });

describe.each(styles)("a registration with %s", (_, text) => {
  property.prop([subsets])("becomes what was used, by a diff that makes exactly that of the file", async (granted) => {
    const { files } = await proposedFor(text, row, granted);
    const after = files[0]?.text ?? text;
    expect(patched(text, files[0]?.diff ?? [])).toBe(after);
    const kept = (sets: readonly { resource: string; scopes: readonly string[] }[]) =>
      sets
        .map(({ resource, scopes }) => ({
          resource,
          scopes: scopes.filter((s) => granted.includes(`${resource} ${s}`)),
        }))
        .filter(({ scopes }) => scopes.length > 0);
    const [read] = after.split("\n---\n").map((one) => parse(one));
    expect([read.may, read.lends ?? [], read.quarantine.scopes]).toEqual([kept(may), kept(row.lends), kept(may)]);
    expect([read.state, read.owner, read.name]).toEqual(["active", "ada", "planner"]);
    // and every comment that does not speak of what is gone
    for (const comment of text.match(/# (who|since|last).*/g) ?? []) expect(after).toContain(comment);
  });

  test("is suspended where nothing at all was used, and nothing else in it changes", async () => {
    const { files, findings } = await proposedFor(text, row, []);
    expect(findings).toMatchObject([{ agent: "planner", kind: "dormant" }]);
    const [read, before] = [files[0]?.text ?? "", text].map((one) => parse(one.split("\n---\n")[0] ?? ""));
    expect(read).toEqual({ ...before, state: "suspended" });
    expect(files[0]?.diff.filter((line) => /^[+-](?![+-])/.test(line))).toHaveLength(2);
  });
});

test("what an entailment gives to its agent stays, used or not: without it the registry would be refused", async () => {
  const mapping = { kind: "entailment", name: "m", agent: "planner", from: { resource: "x", scope: "x" } } as const;
  const to = { resource: c, scopes: ["c:read"] };
  const registered = [
    { file: "a.yaml", row },
    { file: "a.yaml", row: { ...mapping, to, details: {} } },
  ];
  const directory = mkdtempSync(join(scratch, "mapped-"));
  writeFileSync(join(directory, "a.yaml"), styles[0]?.[1] ?? "");
  const { findings } = await propose(registered, use({ planner: [`${t} t:read`] }), { directory, trustDomain });
  expect(findings).toMatchObject([{ unused: [`${t} t:write`] }]);
});

test.each([
  ["an alias", styles[0]?.[1].replace("scopes: [c:read]", "scopes: &all [c:read]") ?? "", "anchor"],
  ["a placeholder for its name", styles[0]?.[1].replace("name: planner", "name: $" + "{who}") ?? "", "placeholder"],
])("a registration with %s is named and left to be edited by hand", async (_, text, why) => {
  const { files, findings } = await proposedFor(text, row, [`${t} t:read`]);
  expect([files, findings[0]?.left]).toEqual([[], expect.stringContaining(why)]);
});

test.each([
  ["draft", { state: "draft" as const }],
  ["suspended", { state: "suspended" as const }],
  ["without any scope", { may: [] }],
])("an agent that is %s is not proposed for anything", async (_, more) => {
  const { findings } = await proposedFor(styles[0]?.[1] ?? "", { ...row, ...more }, []);
  expect(findings).toEqual([]);
});

const lines = fc.array(fc.constantFrom("a\n", "b\n", "c: d\n", "\n"), { minLength: 1, maxLength: 40 });
property.prop([lines, fc.boolean(), fc.array(fc.tuple(fc.nat(200), fc.nat(9), fc.constantFrom("", "x", "y\nz")))])(
  "a diff makes of any text what its edits make of it",
  (some, ended, cuts) => {
    const text = ended ? some.join("") : some.join("").replace(/\n$/, "q");
    let from = 0;
    const edits = cuts.flatMap(([gap, length, by]) => {
      const [start, end] = [from + gap, from + gap + length];
      if (end > text.length || start === end) return [];
      from = end + 1;
      return [{ start, end, text: by }];
    });
    expect(patched(text, unifiedDiff("a", text, edits))).toBe(edited(text, edits));
  },
);

describe("agents propose", () => {
  let deployment: Awaited<ReturnType<typeof openDeployment>>;
  beforeAll(async () => {
    deployment = await openDeployment();
  });
  afterAll(() => deployment.close());
  const day = 86_400_000;
  const id = (name: string) => `spiffe://agents.support-desk.example/agent/${name}`;
  const line = (daysAgo: number, facts: object) =>
    JSON.stringify({
      time: Date.now() - daysAgo * day,
      metadata: { uid: "e" },
      unmapped: { lanyard: { outcome: "allowed", operation: "session.open", ...facts } },
    });
  const bucket = (...all: readonly string[]): string => {
    const folder = mkdtempSync(join(scratch, "bucket-"));
    writeFileSync(join(folder, "a.json.gz"), gzipSync(`${all.join("\n")}\n`));
    return folder;
  };
  const set = Object.entries(variables).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const lanyard = (...args: readonly string[]) => deployment.lanyard([...args, ...set]);
  const filesOf = (folder: string) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) => [one.name, readFileSync(join(one.parentPath, one.name), "utf8")]);
  const tickets = "https://tickets.support-desk.example";
  const reads = { agent: id("planner"), grants: [{ resource: tickets, scopes: ["tickets:read"], details: [] }] };
  const old = line(60, { agent: id("triage"), grants: reads.grants });

  test("proposes by a folder of records what the example's agents never used, and changes no file", async () => {
    const folder = mkdtempSync(join(scratch, "registry-"));
    await cp(supportDesk, folder, { recursive: true });
    const before = filesOf(folder);
    const events = bucket(old, line(3, reads));
    const { code, out, err } = await lanyard("agents", "propose", folder, "--days", "30", "--events", events);
    expect([code, err]).toEqual([0, expect.stringMatching(/planner: never got .*customers:/)]);
    expect(err).toMatch(/triage: got nothing in 30 days/);
    expect(out.match(/^\+state: suspended$/gm)?.length).toBeGreaterThan(0);
    expect(filesOf(folder)).toEqual(before);
  });

  test("refuses where the audit does not go back so far, and says how far it goes", async () => {
    const { code, err } = await lanyard("agents", "propose", supportDesk, "--events", bucket(old, line(1, reads)));
    expect([code, err]).toEqual([1, expect.stringContaining("--days 60 or fewer")]);
    expect((await lanyard("agents", "propose", supportDesk, "--events", bucket(line(0, reads)))).err).toContain(
      "less than a day",
    );
  });

  test("takes no refusal for use, and leaves an agent that was widened meanwhile", async () => {
    const refused = line(2, { ...reads, outcome: "denied", agent: id("researcher") });
    const changes = {
      added: [],
      removed: [],
      changed: ["agent triage"],
      values: [{ name: "agent triage", path: "may.0.scopes" }],
    };
    const applied = line(2, { operation: "registry.apply", changes });
    const events = bucket(old, refused, applied, line(1, reads));
    const { err } = await lanyard("agents", "propose", supportDesk, "--days", "30", "--events", events);
    expect(err).toMatch(/researcher: got nothing in 30 days$/m);
    expect(err).toMatch(/triage: got nothing in 30 days; left as it is, since it was registered, or may hold more/);
  });
});
