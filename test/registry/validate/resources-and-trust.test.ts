import { describe, expect, test } from "vitest";
import { variables } from "../../kit/example.ts";
import { changed, messages, plus, problems, setUp, tickets, valid } from "./ground.ts";

setUp();

const customers = "https://customers.support-desk.example";

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
