import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { readDocuments, readRegistryFolder } from "../../../bin/lanyard/registry/folder.ts";
import { limits } from "../../../core/model/limits.ts";
import { validateRegistry } from "../../../core/registry/validate.ts";
import { supportDesk, variables } from "../../kit/example.ts";
import { changed, documents, messages, plus, problems, settings, setUp, sts, tickets, valid } from "./ground.ts";

setUp();

const roleOf = (name: string) => `arn:aws:iam::111122223333:role/agents/${name}`;

const newAgent = (name: string, more: Record<string, unknown> = {}) => ({
  kind: "agent",
  name,
  state: "active",
  owner: "o@support-desk.example",
  sponsor: "s@support-desk.example",
  selectors: sts({ roleArn: roleOf(name) }),
  ...more,
});

const byDocument = { minimumAssurance: "document" };

test("the example is valid, every kind in it, and its defaults are the strict ones", () => {
  const outcome = validateRegistry(documents(valid), settings);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  expect(new Set(outcome.value.map((r) => r.kind)).size).toBe(7);
  const api = outcome.value.find((r) => r.name === "customer-api");
  expect(api).toMatchObject({ clients: [], may: [], lends: [], audiences: [], minimumAssurance: "fresh" });
});

test("an empty registry is refused", () => {
  expect(problems([])).toHaveLength(1);
});

describe("shape", () => {
  test.each([
    ["an unknown member", { sudo: true }, "sudo"],
    [
      "an unknown member deep inside",
      { may: [{ resource: tickets, scopes: ["tickets:read"], all: true }] },
      "may.0.all",
    ],
    ["a missing owner", { owner: undefined }, "owner"],
    ["an empty sponsor", { sponsor: "" }, "sponsor"],
    ["no selectors: nothing would match, or everything", { selectors: [] }, "selectors"],
    ["a state nobody knows", { state: "enabled" }, "state"],
    ["a depth beyond the bound no registration can lift", { maxDepth: 65 }, "maxDepth"],
    ["a life beyond the longest", { maxLifetimeSeconds: 43_201 }, "maxLifetimeSeconds"],
    ["a review day that does not exist", { reviewBy: "2027-02-30" }, "reviewBy"],
    ["a review day written otherwise", { reviewBy: "31.01.2027" }, "reviewBy"],
    ["a review at some hour", { reviewBy: "2027-01-31T12:00:00Z" }, "reviewBy"],
    ["no silence at all", { dormantAfterDays: 0 }, "dormantAfterDays"],
    ["half a day of silence", { dormantAfterDays: 0.5 }, "dormantAfterDays"],
    ["a silence of an agent that may hold nothing", { may: [], clients: [], dormantAfterDays: 30 }, "dormantAfterDays"],
    ["a key replaced while it may work", { ...byDocument, replacesKeyAfterSeconds: 359 }, "replacesKeyAfterSeconds"],
    [
      "a key replaced after any document",
      { ...byDocument, replacesKeyAfterSeconds: 90_001 },
      "replacesKeyAfterSeconds",
    ],
    ["half a second of a key's silence", { ...byDocument, replacesKeyAfterSeconds: 400.5 }, "replacesKeyAfterSeconds"],
    ["keys of fresh evidence replaced", { replacesKeyAfterSeconds: 600 }, "replacesKeyAfterSeconds"],
    ["a wildcard scope", { may: [{ resource: tickets, scopes: ["tickets:*"] }] }, "may.0.scopes.0"],
  ])("refuses %s and says where", (_, members, path) => {
    expect(problems(changed("planner", members)).map((p) => p.path)).toEqual([path]);
  });

  test("takes a silence after which a key is replaced, no shorter than a working agent's", () => {
    const least = limits.identityTokenLifeSeconds + limits.foreignSkewSeconds;
    for (const replacesKeyAfterSeconds of [least, limits.workloadTokenLifeMaxSeconds])
      expect(problems(changed("planner", { ...byDocument, replacesKeyAfterSeconds }))).toEqual([]);
  });

  test("takes a review day, a leap day too, and days of silence", () => {
    expect(problems(changed("planner", { reviewBy: "2028-02-29", dormantAfterDays: 1 }))).toEqual([]);
  });

  test.each(["Planner", "a//b", "/a", "a/", "..", "a/../b", "a b", "a%2fb", "é", "", "a?b", "a#b"])(
    "refuses %j as an agent's name: no path of a SPIFFE ID",
    (name) => {
      expect(problems(plus(newAgent("x", { name }))).map((p) => p.path)).toEqual(["name"]);
    },
  );

  test("refuses a name that makes the SPIFFE ID longer than 200 characters", () => {
    const name = "a".repeat(200 - `spiffe://${settings.trustDomain}/agent/`.length);
    expect(problems(plus(newAgent(name, { selectors: sts({ roleArn: roleOf("long") }) })))).toEqual([]);
    const longer = newAgent(`${name}a`, { selectors: sts({ roleArn: roleOf("long") }) });
    expect(problems(plus(longer)).map((p) => p.path)).toEqual(["name"]);
  });

  test("reports every shape problem at once, each at its document's line", () => {
    const rows = changed("planner", { owner: 1, sudo: true }).concat({ kind: "agnet", name: "x" });
    expect(problems(rows).map((p) => p.line)).toEqual([
      valid.findIndex((r) => r.name === "planner") + 1,
      valid.findIndex((r) => r.name === "planner") + 1,
      rows.length,
    ]);
  });

  property.prop([fc.anything({ maxDepth: 3 })], { numRuns: 100 })(
    "never throws, whatever a document holds",
    (value) => {
      expect(problems([value]).length).toBeGreaterThan(0);
    },
  );
});

describe("agents", () => {
  test.each([
    ["an ARN with a wildcard", { roleArn: "arn:aws:iam::111122223333:role/agents/*" }, "selectors.0.exact.roleArn"],
    [
      "a wildcard beside an exact anchor",
      { roleArn: roleOf("x"), functionArn: "arn:aws:lambda:eu-west-1:111122223333:function:*" },
      "selectors.0.exact.functionArn",
    ],
    [
      "a session's ARN for a role's",
      { roleArn: "arn:aws:sts::111122223333:assumed-role/x/y" },
      "selectors.0.exact.roleArn",
    ],
    ["no anchor", { account: "111122223333" }, "selectors.0.exact"],
    ["nothing at all", {}, "selectors.0.exact"],
    ["an empty anchor", { roleArn: "" }, "selectors.0.exact.roleArn"],
  ])("threat 15: refuses a selector of %s", (_, exact, path) => {
    expect(
      problems(plus(newAgent("x", { selectors: sts(exact as Record<string, string>) }))).map((p) => p.path),
    ).toContain(path);
  });

  test("threat 15: refuses a selector that rests on tags alone", () => {
    const selectors = sts({}, { tags: { agent: "x" } });
    expect(problems(plus(newAgent("x", { selectors }))).map((p) => p.path)).toContain("selectors.0.exact");
  });

  test("refuses a type of evidence nothing here can attest", () => {
    const selectors = [{ type: "shared-secret", exact: { roleArn: roleOf("x") } }];
    expect(problems(plus(newAgent("x", { selectors }))).map((p) => p.path)).toEqual(["selectors.0.type"]);
  });

  test.each([
    ["the same role", { roleArn: roleOf("triage") }, undefined],
    ["the same role, told apart only by tags its callers choose", { roleArn: roleOf("triage") }, { agent: "x" }],
    [
      "a function that may run under the other's role",
      { functionArn: "arn:aws:lambda:eu-west-1:111122223333:function:x" },
      undefined,
    ],
  ])("threat 15: refuses two active agents that one workload could be: %s", (_, exact, tags) => {
    const twin = newAgent("twin", { selectors: sts(exact as Record<string, string>, tags ? { tags } : {}) });
    expect(messages(plus(twin)).join()).toContain("one workload could be this and active agent triage");
  });

  test("threat 15: lets a suspended twin be, and functions under one role told apart by their ARN", () => {
    const fn = (name: string) => ({
      roleArn: roleOf("shared"),
      functionArn: `arn:aws:lambda:eu-west-1:111122223333:function:${name}`,
    });
    const twin = newAgent("twin", { state: "suspended", selectors: sts({ roleArn: roleOf("triage") }) });
    expect(
      problems(plus(twin, newAgent("a", { selectors: sts(fn("a")) }), newAgent("b", { selectors: sts(fn("b")) }))),
    ).toEqual([]);
  });

  test("threat 2: refuses one client for two agents, since either could use the other's persons' tokens", () => {
    const clients = [{ issuer: variables.identityProvider, clientId: "planner-app" }];
    expect(messages(plus(newAgent("x", { clients })))).toEqual([
      expect.stringMatching(/^clients.0: client planner-app/),
    ]);
  });

  test("threat 2: refuses a client of an issuer nobody trusts for persons, an STS issuer included", () => {
    for (const issuer of ["https://login.elsewhere.example", variables.stsIssuer])
      expect(problems(plus(newAgent("x", { clients: [{ issuer, clientId: "x" }] }))).map((p) => p.path)).toEqual([
        "clients.0.issuer",
      ]);
  });

  test.each([
    "sts.amazonaws.com",
    "STS.AMAZONAWS.COM",
    "https://anything.example",
    "HTTP://x",
    tickets,
    "a b",
    "a,b",
    " sts.amazonaws.com",
  ])("threat 4: refuses the audience %j for identity tokens", (audience) => {
    const found = problems(plus(newAgent("x", { audiences: [audience] })));
    expect(new Set(found.map((p) => p.path))).toEqual(new Set(["audiences.0"]));
  });

  test("refuses a scope no resource declares, and lending more than one may hold", () => {
    const may = [{ resource: tickets, scopes: ["tickets:read", "tickets:fly"] }];
    expect(messages(plus(newAgent("x", { may })))).toEqual([
      `may.0.scopes.1: ${tickets} declares no scope tickets:fly`,
    ]);
    const lends = [{ resource: tickets, scopes: ["tickets:read"] }];
    expect(messages(plus(newAgent("x", { lends })))).toEqual([
      expect.stringMatching(/^lends: beyond what agent x may hold/),
    ]);
  });

  test("refuses two registrations of one name and kind, and says where the first is", () => {
    const at = valid.findIndex((r) => r.name === "triage") + 1;
    const twin = newAgent("triage", { state: "draft" });
    expect(messages(plus(twin))).toEqual([`name: agent triage is registered already at all.yaml:${at}`]);
  });
});

describe("files", () => {
  /** A placeholder as a file writes it. */
  const hole = (name: string) => `$\{${name}}`;
  const read = (text: string, given: Record<string, string> = {}) => readDocuments("a.yaml", text, given);
  const refused = (text: string, given: Record<string, string> = {}) => {
    const outcome = read(text, given);
    return outcome.ok ? [] : outcome.error.map((p) => p.line);
  };

  test("gives each value the line it stands on, over several documents", () => {
    const outcome = read("kind: policy\nname: a\n---\nkind: agent\nmay:\n  - scopes:\n      - x\n      - y\n");
    if (!outcome.ok) throw new Error("refused");
    expect(outcome.value.map((d) => d.line)).toEqual([1, 4]);
    expect(outcome.value[1]?.lines?.get("may.0.scopes.1")).toBe(8);
  });

  test.each([
    ["a repeated key", "a: 1\nb: 2\na: 3\n", [3]],
    ["an unknown placeholder", `a: 1\nb: x${hole("nobody")}y\n`, [2]],
    ["a placeholder named like something every object has", `a: ${hole("constructor")}\n`, [1]],
    ["an unclosed quote", "a: 1\nb: 'x\n", [3]],
    ["a custom tag", "a: 1\nb: !!js/function 'x'\n", [2]],
  ])("refuses %s with its line", (_, text, lines) => {
    expect(refused(text)).toEqual(lines);
  });

  test("puts variables in as text, never as YAML, and takes a doubled dollar for a dollar", () => {
    const outcome = read(`a: "${hole("v")}"\nb: ${hole("v")}-$${hole("v")}\n`, { v: "x: [1]\n---\nkind: agent" });
    if (!outcome.ok) throw new Error("refused");
    expect(outcome.value.map((d) => d.value)).toEqual([
      { a: "x: [1]\n---\nkind: agent", b: `x: [1]\n---\nkind: agent-${hole("v")}` },
    ]);
  });

  test("refuses a billion laughs without expanding them", () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(", ")}]`,
    );
    expect(refused(["l0: &l0 [x]", ...levels].join("\n")).length).toBeGreaterThan(0);
  });

  test("says so when there is no folder, or nothing in it", async () => {
    const outcome = await readRegistryFolder("/nowhere/at/all", {});
    expect(outcome).toMatchObject({ ok: false, error: [{ message: "there is no such folder" }] });
  });

  test("every placeholder of the example that nobody gives is a problem with file and line", async () => {
    const outcome = await readRegistryFolder(supportDesk, { ...variables, stsIssuer: undefined as unknown as string });
    expect(outcome).toMatchObject({ ok: false, error: [{ file: "trust.yaml", line: 15 }] });
  });
});
