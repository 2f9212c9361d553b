import { describe, expect, test } from "vitest";
import { changed, messages, plus, setUp, sts, valid } from "./ground.ts";

setUp();

const people = () => valid.find((row) => row.kind === "trusted-issuer" && row.purpose === "person");
const issuer = () => String(people()?.issuer);
const client = "approvals-app";
const grouped = { claim: "groups", names: ["support", "release"], absent: "none" };
/** The example, whose people's provider has a group and a client for approvals. */
const approving = (more: object = {}): unknown[] =>
  changed(String(people()?.name), { groups: grouped, approvals: { clients: [client] }, ...more });
const group = () => `${String(people()?.name)}/release`;
const approver = (more: object = {}) => ({
  kind: "approver",
  name: "ada",
  person: { issuer: issuer(), sub: "ada" },
  iam: { uniqueId: "AROAEXAMPLEEXAMPLE11", session: "ada@support-desk.example" },
  groups: [group()],
  ...more,
});
const told = (...rows: object[]) => messages([...approving(), ...rows]);

describe("who approves", () => {
  test("is a person, known to IAM as a user or as a named session of a role", () => {
    expect(told(approver())).toEqual([]);
    expect(told(approver({ iam: { uniqueId: "AIDAEXAMPLEEXAMPLE11" } }))).toEqual([]);
  });

  test.each([
    [
      "a role without a session, which is everybody who may assume it",
      { iam: { uniqueId: "AROAEXAMPLEEXAMPLE11" } },
      "iam",
    ],
    ["a user with a session", { iam: { uniqueId: "AIDAEXAMPLEEXAMPLE11", session: "ada" } }, "iam"],
    ["a role by its name", { iam: { uniqueId: "arn:aws:iam::111122223333:role/ada", session: "ada" } }, "iam.uniqueId"],
    ["an issuer that nobody trusts", { person: { issuer: "https://other.example", sub: "ada" } }, "person.issuer"],
    ["a group that nobody declares", { groups: ["staff/owners"] }, "groups.0"],
    ["no group", { groups: [] }, "groups"],
  ])("is refused with %s", (_what, more, path) => {
    const found = told(approver(more));
    expect(found.some((one) => one.startsWith(`${path}: `))).toBe(true);
  });

  test("is one person for one caller of AWS, and one person may have several", () => {
    const second = approver({ name: "bob", person: { issuer: issuer(), sub: "bob" } });
    expect(told(approver(), second)).toEqual([
      "iam: AROAEXAMPLEEXAMPLE11:ada@support-desk.example is an approver already at all.yaml:" +
        String(valid.length + 1),
    ]);
    const other = { uniqueId: "AIDAEXAMPLEEXAMPLE11" };
    expect(told(approver(), approver({ name: "ada-user", iam: other }))).toEqual([]);
  });

  test("threat 58: is never an agent: no agent is admitted by the role's unique id", () => {
    const rogue = changed("planner", { selectors: sts({ roleId: "AROAEXAMPLEEXAMPLE11" }) }) as { name: string }[];
    const rows = approving().map((row, i) => (rogue[i]?.name === "planner" ? rogue[i] : row));
    expect(messages([...rows, approver()])).toContain(
      "selectors.0.exact.roleId: is a role that people approve by: an agent may never be one",
    );
  });
});

describe("threat 58: a client for approvals", () => {
  const namedBy = (members: Record<string, unknown>) =>
    messages(
      approving().map((row) =>
        (row as { name: string }).name === "planner" ? { ...(row as object), ...members } : row,
      ),
    );

  test("is named by no agent, in whatever list", () => {
    const own = namedBy({ clients: [{ issuer: issuer(), clientId: client }] });
    expect(own.join()).toContain(`client ${client} of ${issuer()}`);
    const host = namedBy({ acceptsTokensOf: [{ issuer: issuer(), clients: ["other", client] }] });
    expect(host).toContain(
      `acceptsTokensOf.0.clients.1: client ${client} of ${issuer()} is for approvals: no agent may name it`,
    );
    const alias = namedBy({ aliases: [{ issuer: issuer(), clientId: client }] });
    expect(alias).toContain(
      `aliases.0.clientId: client ${client} of ${issuer()} is for approvals: no agent may name it`,
    );
  });

  test("is of an issuer of people that declares groups, since groups approve", () => {
    const bare = approving().map((row) => {
      const { groups: _, ...rest } = row as Record<string, unknown>;
      return rest.kind === "trusted-issuer" ? rest : (row as object);
    });
    expect(messages(bare)).toContain("approvals: its people are in no group, and groups approve: declare groups");
    const sts = {
      kind: "trusted-issuer",
      name: "acct",
      purpose: "workload",
      issuer: "https://w.example",
      algorithms: ["RS256"],
    };
    expect(messages(plus({ ...sts, approvals: { clients: [client] } }))).toContain(
      "approvals: is for issuers of people only",
    );
  });
});
