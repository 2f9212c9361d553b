import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { fc, test as property } from "@fast-check/vitest";
import { beforeAll, describe, expect, test } from "vitest";
import { readDocuments, readRegistryFolder } from "../../bin/lanyard/folder.ts";
import { limits } from "../../core/model/limits.ts";
import type { RegistryDocument, RegistryProblem } from "../../core/model/registry-document.ts";
import { validateRegistry } from "../../core/registry/validate.ts";
import { supportDesk, variables } from "../bin/ground.ts";

type Row = Record<string, unknown> & { kind: string; name: string };

const settings = { issuer: "https://lanyard.support-desk.example", trustDomain: "agents.support-desk.example", cedar };
let valid: readonly Row[];

beforeAll(async () => {
  const folder = await readRegistryFolder(supportDesk, variables);
  if (!folder.ok) throw new Error(JSON.stringify(folder.error));
  valid = folder.value.map((d) => d.value as Row);
});

const documents = (rows: readonly unknown[]): RegistryDocument[] =>
  rows.map((value, i) => ({ file: "all.yaml", line: i + 1, value }));

function problems(rows: readonly unknown[], more: Partial<typeof settings> = {}): readonly RegistryProblem[] {
  const outcome = validateRegistry(documents(rows), { ...settings, ...more });
  return outcome.ok ? [] : outcome.error;
}

/** The valid registry with members of one registration replaced (undefined removes). */
const changed = (name: string, members: Record<string, unknown>): unknown[] =>
  valid.map((row) => (row.name === name ? { ...row, ...members } : row));

const plus = (...rows: Record<string, unknown>[]): unknown[] => [...valid, ...rows];
const messages = (rows: readonly unknown[], more: Partial<typeof settings> = {}) =>
  problems(rows, more).map((p) => `${p.path}: ${p.message}`);

const roleOf = (name: string) => `arn:aws:iam::111122223333:role/agents/${name}`;
const sts = (exact: Record<string, string>, more: object = {}) => [{ type: "aws-sts-web-identity", exact, ...more }];
const newAgent = (name: string, more: Record<string, unknown> = {}) => ({
  kind: "agent",
  name,
  state: "active",
  owner: "o@support-desk.example",
  sponsor: "s@support-desk.example",
  selectors: sts({ roleArn: roleOf(name) }),
  ...more,
});
const tickets = "https://tickets.support-desk.example";
const customers = "https://customers.support-desk.example";

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

const byDocument = { minimumAssurance: "document" };

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

describe("resources", () => {
  test.each([
    ["the issuer itself", "https://lanyard.support-desk.example"],
    ["the issuer with a slash", "https://lanyard.support-desk.example/"],
    ["a path below the issuer", "https://lanyard.support-desk.example/api"],
  ])("threat 14: refuses %s", (_, uri) => {
    expect(messages(plus({ kind: "resource", name: "evil", uri, servedBy: "ticket-api", scopes: ["evil:x"] }))).toEqual(
      ["uri: must not be the issuer or below it"],
    );
  });

  test.each([
    "https://sts.amazonaws.com",
    "https://sts.eu-west-1.amazonaws.com",
    "https://sts-fips.us-east-1.amazonaws.com",
    "https://sts.cn-north-1.amazonaws.com.cn",
    "https://sts.eu-west-1.api.aws",
  ])("threat 4: refuses AWS STS as %s", (uri) => {
    expect(messages(plus({ kind: "resource", name: "evil", uri, servedBy: "ticket-api", scopes: ["evil:x"] }))).toEqual(
      ["uri: must not be AWS STS"],
    );
  });

  test.each([
    "sts.amazonaws.com",
    "tickets",
    "/tickets",
    "http://tickets.support-desk.example",
    "http://127.0.0.1:4000",
    "https://a.example/#x",
    "https://a.example/#",
    "https://a.example/?q=1",
    "https://a.example/?",
    "https://u:p@a.example",
    "https://A.example",
    "https://a.example:443",
    "https://a.example/x/../y",
    "https://a.example/%61",
    "https://lanyard.support-desk.example/%2e%2e/x",
    "javascript:alert(1)",
    "spiffe://agents.support-desk.example/agent/x",
  ])("refuses the uri %s", (uri) => {
    const rows = plus({ kind: "resource", name: "evil", uri, servedBy: "ticket-api", scopes: ["evil:x"] });
    expect(problems(rows).map((p) => p.path)).toEqual(["uri"]);
  });

  test("takes http on this machine only where the issuer is on this machine too", () => {
    const uri = "http://127.0.0.1:4000";
    const rows = plus({ kind: "resource", name: "here", uri, servedBy: "ticket-api", scopes: ["here:x"] });
    expect(problems(rows, { issuer: "http://127.0.0.1:3000" })).toEqual([]);
    expect(problems(rows)).toHaveLength(1);
  });

  test("refuses one uri in two spellings of the last slash", () => {
    const row = { kind: "resource", name: "again", uri: `${tickets}/`, servedBy: "ticket-api", scopes: ["again:x"] };
    expect(messages(plus(row))).toEqual([expect.stringMatching(/^uri: .* is registered already at all.yaml:/)]);
  });

  test("refuses a scope that two resources declare", () => {
    const row = {
      kind: "resource",
      name: "other",
      uri: "https://other.example",
      servedBy: "ticket-api",
      scopes: ["tickets:read"],
    };
    expect(messages(plus(row))).toEqual([expect.stringMatching(/^scopes.0: scope tickets:read belongs to a resource/)]);
  });

  test("refuses a server nobody registered", () => {
    expect(messages(changed("tickets", { servedBy: "ghost" }))).toContain("servedBy: no agent is named ghost");
  });
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

describe("trust and lending", () => {
  test.each([
    ["http", { issuer: "http://login.example" }, "issuer"],
    ["an address", { issuer: "https://10.0.0.1" }, "issuer"],
    ["this machine", { issuer: "http://127.0.0.1:4000" }, "issuer"],
    ["the deployment's own issuer", { issuer: "https://lanyard.support-desk.example" }, "issuer"],
    ["keys elsewhere by http", { jwksUri: "http://login.example/keys" }, "jwksUri"],
    ["no signature algorithm", { algorithms: [] }, "algorithms"],
    ["a symmetric one", { algorithms: ["HS256"] }, "algorithms.0"],
    ["an account for persons", { account: "111122223333" }, "account"],
  ])("refuses a trusted issuer with %s", (_, members, path) => {
    const found = problems(changed("people", members)).map((p) => p.path);
    expect(found).toContain(path);
  });

  test("takes issuers on this machine where the deployment is on it", () => {
    const here = "http://127.0.0.1:4001";
    const rows = valid.map((row) => (row.name === "workloads" ? { ...row, issuer: here } : row));
    expect(problems(rows, { issuer: "http://127.0.0.1:3000" })).toEqual([]);
    expect(problems(rows).map((p) => p.path)).toEqual(["issuer"]);
  });

  test("refuses an STS issuer without its account, and one issuer for two purposes", () => {
    expect(problems(changed("workloads", { account: undefined })).map((p) => p.path)).toEqual(["account"]);
    const twice = {
      kind: "trusted-issuer",
      name: "again",
      purpose: "person",
      issuer: variables.stsIssuer,
      algorithms: ["ES384"],
    };
    expect(problems(plus(twice)).map((p) => p.path)).toEqual(["issuer"]);
  });

  test("threat 2: refuses a lending rule for an issuer nobody trusts, or with a claim that is no exact text", () => {
    expect(
      problems(changed("support-staff", { issuer: "https://login.elsewhere.example" })).map((p) => p.path),
    ).toEqual(["issuer"]);
    expect(problems(changed("support-staff", { when: { claim: "groups" } })).map((p) => p.path)).toEqual([
      "when.equals",
    ]);
  });
});

describe("entailments and details", () => {
  const entailment = "tickets-show-their-customer";
  test.each([
    ["an agent that does not serve what the token is for", { agent: "customer-api" }, "agent"],
    [
      "a scope the presented resource does not declare",
      { from: { resource: tickets, scope: "customers:read" } },
      "from.0.scopes.0",
    ],
    ["more than the agent may hold", { to: { resource: customers, scopes: ["customers:notes"] } }, "to"],
    [
      "the same resource: a token would widen itself",
      { to: { resource: tickets, scopes: ["tickets:write"] } },
      "to.resource",
    ],
    ["a detail of another resource", { details: { "customer-record": "customer-record" } }, "details.customer-record"],
    ["a detail nobody registered", { details: { "ticket-customers": "ghost" } }, "details.ticket-customers"],
  ])("threat 7: refuses %s", (_, members, path) => {
    expect(problems(changed(entailment, members)).map((p) => p.path)).toContain(path);
  });

  test("threat 7: refuses to map details whose fields are not compared alike", () => {
    const rules = { customers: "prefix", maxRecords: "max" };
    expect(messages(changed("ticket-customers", { rules })).join()).toContain("do not have the same fields");
  });

  test("threat 7: refuses to let two details become one: the second would push out the first", () => {
    const source = valid.find((row) => row.name === "ticket-customers");
    const second = { ...source, name: "ticket-owners" } as Record<string, unknown>;
    const details = { "ticket-customers": "customer-record", "ticket-owners": "customer-record" };
    expect(messages([...changed(entailment, { details }), second]).join()).toContain(
      "two details cannot both become one",
    );
  });

  test("refuses entailments that go in a circle", () => {
    const may = [{ resource: tickets, scopes: ["tickets:read"] }];
    const back = {
      kind: "entailment",
      name: "back",
      agent: "customer-api",
      from: { resource: customers, scope: "customers:read" },
      to: { resource: tickets, scopes: ["tickets:read"] },
    };
    expect(messages([...changed("customer-api", { may }), back]).join()).toContain("in a circle");
  });
});

describe("policies", () => {
  const withPolicy = (text: string) => messages(plus({ kind: "policy", name: "new", cedar: text }));
  const permit = (when: string) => `permit (principal, action, resource) when { ${when} };`;

  test.each([
    'context.asserted has purpose && context.asserted.purpose == "billing"',
    'context has asserted.purpose && context.asserted.purpose == "billing"',
    'context["asserted"] has purpose && context["asserted"]["purpose"] like "b*"',
    "!(context.asserted has purpose)",
    "if context.depth == 0 then true else context.asserted has purpose",
    "(if true then context else context).depth == 0",
  ])("threat 25: refuses a permit by the caller's own word: %s", (when) => {
    expect(withPolicy(permit(when)).join()).toContain("the caller's own word");
  });

  test("threat 25: refuses it in an unless of a permit, and takes it in a forbid", () => {
    const words = "context.asserted has purpose";
    expect(withPolicy(`permit (principal, action, resource) unless { ${words} };`).join()).toContain("own word");
    expect(withPolicy(`forbid (principal, action, resource) when { ${words} };`)).toEqual([]);
  });

  test.each([
    ["does not parse", "permit (principal, action"],
    ["is two policies", "permit (principal, action, resource); permit (principal, action, resource);"],
    ["is a template", "permit (principal == ?principal, action, resource);"],
    ["names an action there is not", 'permit (principal, action == Action::"delete", resource);'],
    ["reads a fact there is not", permit("context.trusted")],
    ["reads an optional fact without asking for it", permit('context.build == "x"')],
    ["compares a number with a text", permit('context.depth == "0"')],
    ["names an agent nobody registered", 'permit (principal == Agent::"ghost", action, resource);'],
    ["names a resource nobody registered", 'permit (principal, action, resource == Resource::"https://x.example");'],
    ["can never apply", "permit (principal, action, resource) when { context.depth > 0 && false };"],
  ])("refuses a policy that %s", (_, text) => {
    expect(withPolicy(text).length).toBeGreaterThan(0);
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
    expect(outcome).toMatchObject({ ok: false, error: [{ file: "trust.yaml", line: 14 }] });
  });
});
