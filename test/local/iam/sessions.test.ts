import { describe, expect, it } from "vitest";
import { type Policies, readPolicy, refusal, type Statement } from "../../../local/emulator/iam/policy.ts";

const [home, away] = ["111122223333", "444455556666"];
const roleArn = `arn:aws:iam::${home}:role/agents/worker`;
const sessionArn = `arn:aws:sts::${home}:assumed-role/worker/s-1`;
const bucket = "arn:aws:s3:::bucket/a";
const variable = (name: string) => `$\{${name}}`;

const allow = (more: Partial<Statement> = {}): Statement => ({ Effect: "Allow", Action: "*", Resource: "*", ...more });
const deny = (more: Partial<Statement> = {}): Statement => ({ ...allow(more), Effect: "Deny" });
const aws = (AWS: string | string[]) => ({ Principal: { AWS } });

const ask = (policies: Partial<Policies>, more: Partial<Parameters<typeof refusal>[0]> = {}) =>
  refusal(
    {
      principalArn: roleArn,
      sessionArn,
      account: home,
      action: "s3:GetObject",
      resource: bucket,
      context: {},
      ...more,
    },
    { identity: [], ...policies },
  );
const passes = (...asked: Parameters<typeof ask>) => ask(...asked) === undefined;
const held = (Condition: Statement["Condition"], values: Record<string, string | string[]>) =>
  passes(
    { identity: [allow({ Condition: Condition ?? {} })] },
    { context: Object.fromEntries(Object.entries(values).map(([key, value]) => [key.toLowerCase(), [value].flat()])) },
  );

describe("session policies", () => {
  it("narrow the role's own, and allow nothing by themselves", () => {
    expect(passes({ identity: [allow()], session: [[allow({ Action: "s3:GetObject" })]] })).toBe(true);
    expect(ask({ identity: [allow()], session: [[allow({ Action: "s3:PutObject" })]] })).toMatch(
      /because no session policy allows the s3:GetObject action$/,
    );
    expect(passes({ identity: [], session: [[allow()]] })).toBe(false);
  });

  it("intersect when they are stacked, in any order", () => {
    const [reading, writing] = [[allow({ Action: "s3:Get*" })], [allow({ Action: "s3:Put*" })]];
    for (const session of [
      [reading, writing],
      [writing, reading],
      [reading, [allow()], [deny()]],
    ])
      expect(passes({ identity: [allow()], session })).toBe(false);
    expect(passes({ identity: [allow()], session: [reading, [allow()], reading] })).toBe(true);
  });

  it("do not limit what a resource's policy gives the session itself or everybody, but by an explicit deny", () => {
    const session = [[allow({ Action: "s3:PutObject" })]];
    for (const named of [aws(sessionArn), { Principal: "*" }, aws("*")]) {
      const resource = [allow(named)];
      expect(passes({ session, resource })).toBe(true);
      expect(passes({ session, resource, boundary: [] })).toBe(true);
      expect(ask({ session: [[allow(), deny({ NotAction: "s3:PutObject" })]], resource })).toMatch(
        /with an explicit deny in a session policy$/,
      );
      expect(passes({ session, resource: [...resource, deny(aws(roleArn))] })).toBe(false);
    }
  });

  it("limit what a resource's policy gives the role, and so does its boundary", () => {
    const resource = [allow(aws(roleArn))];
    expect(passes({ resource })).toBe(true);
    expect(passes({ resource, session: [[allow({ Action: "s3:PutObject" })]] })).toBe(false);
    expect(passes({ resource, boundary: [allow({ Action: "s3:PutObject" })] })).toBe(false);
    expect(passes({ resource, boundary: [allow()], session: [[allow()]] })).toBe(true);
  });

  it.each([
    ["another session of the role", `${sessionArn}x`],
    ["the same name at another role", `arn:aws:sts::${home}:assumed-role/other/s-1`],
    ["the session in another account", sessionArn.replace(home, away)],
    ["the role without its path", `arn:aws:iam::${home}:role/worker`],
    ["a pattern", `arn:aws:sts::${home}:assumed-role/worker/*`],
  ])("and a resource's policy that names %s gives nothing", (_name, principal) => {
    expect(passes({ resource: [allow(aws(principal))] })).toBe(false);
  });
});

describe("two accounts", () => {
  const foreign = { resourceAccount: away };
  it.each([
    ["the account", `arn:aws:iam::${home}:root`],
    ["the account by its number", home],
    ["the role", roleArn],
    ["the session", sessionArn],
    ["everybody", "*"],
  ])("both have to allow, the resource by naming %s", (_name, principal) => {
    const resource = [allow(aws(principal))];
    expect(passes({ identity: [allow()], resource }, foreign)).toBe(true);
    expect(passes({ identity: [allow()] }, foreign)).toBe(false);
    expect(passes({ identity: [], resource }, foreign)).toBe(false);
    expect(passes({ identity: [allow()], resource, session: [[deny()]] }, foreign)).toBe(false);
    expect(passes({ identity: [allow()], resource, session: [[]] }, foreign)).toBe(false);
    expect(passes({ identity: [allow()], resource, boundary: [] }, foreign)).toBe(false);
  });

  it("are not mistaken for each other", () => {
    expect(passes({ identity: [allow()], resource: [allow(aws(`arn:aws:iam::${away}:root`))] }, foreign)).toBe(false);
  });
});

describe("whoever has no role", () => {
  const provider = `arn:aws:iam::${home}:oidc-provider/id.example`;
  it("may what names it, and has nothing else", () => {
    const anonymous = { principal: {} };
    expect(passes({ resource: [allow({ Principal: "*" })] }, anonymous)).toBe(true);
    expect(passes({ identity: [allow()], resource: [allow(aws(home))] }, anonymous)).toBe(false);
    const token = { principal: { federated: provider } };
    expect(passes({ resource: [allow({ Principal: { Federated: provider } })] }, token)).toBe(true);
    expect(passes({ resource: [allow({ Principal: { Federated: `${provider}x` } })] }, token)).toBe(false);
    expect(passes({ resource: [allow(aws("*"))] }, token)).toBe(false);
  });
});

describe("NotPrincipal", () => {
  const but = (...names: string[]) => ({ ...deny({ NotPrincipal: { AWS: names } }) });
  it("spares whom it names by account, role and session, and nobody else", () => {
    const root = `arn:aws:iam::${home}:root`;
    const resource = (...names: string[]) => [allow({ Principal: "*" }), but(...names)];
    expect(passes({ resource: resource(root, roleArn, sessionArn) })).toBe(true);
    for (const names of [[root], [roleArn], [root, roleArn], [roleArn, sessionArn], [`${root}x`, roleArn, sessionArn]])
      expect(passes({ resource: resource(...names) })).toBe(false);
    expect(passes({ resource: resource(root, roleArn, sessionArn) }, { principal: {} })).toBe(false);
  });

  it("is refused beside Allow, where it would let everybody else in", () => {
    expect(() => readPolicy({ Statement: [allow({ NotPrincipal: { AWS: home } })] }, "a bucket")).toThrow(/Allow/);
  });
});

describe("variables", () => {
  it("stand for their value to the letter, wildcards in it included", () => {
    const wanted = { StringLike: { "s3:prefix": `${variable("aws:PrincipalTag/team")}/*` } };
    expect(held(wanted, { "aws:PrincipalTag/team": "blue", "s3:prefix": "blue/1" })).toBe(true);
    expect(held(wanted, { "aws:PrincipalTag/team": "*", "s3:prefix": "blue/1" })).toBe(false);
    expect(held(wanted, { "aws:PrincipalTag/team": "b?ue", "s3:prefix": "blue/1" })).toBe(false);
    const resource = [allow({ Resource: `arn:aws:s3:::bucket/${variable("aws:PrincipalTag/team")}` })];
    const tagged = (team: string) => ({ context: { "aws:principaltag/team": [team] } });
    expect(passes({ identity: resource }, tagged("a"))).toBe(true);
    expect(passes({ identity: resource }, tagged("*"))).toBe(false);
  });

  it("escape what would be a wildcard or the start of a variable", () => {
    const wanted = (text: string) => ({ StringLike: { k: text } });
    expect(held(wanted(`a${variable("*")}`), { k: "a*" })).toBe(true);
    expect(held(wanted(`a${variable("*")}`), { k: "ab" })).toBe(false);
    expect(held(wanted(`a${variable("?")}`), { k: "a?" })).toBe(true);
    expect(held(wanted(`a${variable("?")}`), { k: "ab" })).toBe(false);
    expect(held(wanted(`${variable("$")}{x}`), { k: variable("x") })).toBe(true);
  });

  it("without a value, or with several, equal nothing, so that only a negation holds", () => {
    const text = variable("aws:PrincipalTag/none");
    expect(held({ StringEquals: { k: text } }, { k: text })).toBe(false);
    expect(held({ StringLike: { k: `*${text}` } }, { k: "a" })).toBe(false);
    expect(held({ StringNotEquals: { k: text } }, { k: "a" })).toBe(true);
    expect(held({ StringEquals: { k: variable("many") } }, { k: "a", many: ["a", "a"] })).toBe(false);
    expect(held({ StringEquals: { k: variable("aws:PrincipalTag/none, 'blue'") } }, { k: "blue" })).toBe(true);
  });

  it("are not filled by a policy of the old version, which is refused instead", () => {
    const statement = allow({ Resource: `arn:aws:s3:::${variable("aws:userid")}` });
    expect(() => readPolicy({ Version: "2008-10-17", Statement: statement }, "a role")).toThrow(/2012-10-17/);
    expect(() => readPolicy({ Statement: statement }, "a role")).toThrow(/2012-10-17/);
    expect(readPolicy({ Version: "2012-10-17", Statement: statement }, "a role")).toHaveLength(1);
  });
});

describe("moments, addresses and ARNs", () => {
  const at = (operator: string, wanted: string) =>
    held({ [operator]: { "aws:CurrentTime": wanted } }, { "aws:CurrentTime": "2026-11-30T16:00:00Z" });
  it.each([
    ["DateGreaterThan", "2026-11-30T15:59:59Z", true],
    ["DateGreaterThan", "2026-11-30T16:00:00Z", false],
    ["DateGreaterThanEquals", "2026-11-30T16:00:00Z", true],
    ["DateLessThan", "2026-11-30T17:00:00+01:00", false],
    ["DateLessThan", "2026-11-30T17:00:01+01:00", true],
    ["DateLessThanEquals", "1796054400", true],
    ["DateEquals", "2026-11-30T16:00:00.000Z", true],
    ["DateNotEquals", "2026-11-30T16:00:00Z", false],
  ])("%s %s", (operator, wanted, expected) => {
    expect(at(operator, wanted)).toBe(expected);
  });

  it.each([
    ["IpAddress", "10.0.0.0/8", "10.1.2.3", true],
    ["IpAddress", "10.0.0.0/8", "11.1.2.3", false],
    ["IpAddress", "10.0.0.0/8", "2001:db8::1", false],
    ["IpAddress", "2001:db8::/32", "2001:db8::1", true],
    ["NotIpAddress", "10.0.0.0/8", "11.1.2.3", true],
    ["IpAddress", "10.1.2.3", "10.1.2.3", true],
  ])("%s %s of %s", (operator, wanted, actual, expected) => {
    expect(held({ [operator]: { "aws:SourceIp": wanted } }, { "aws:SourceIp": actual })).toBe(expected);
  });

  it("let no wildcard of an ARN reach over a colon", () => {
    const wanted = { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/worker" } };
    expect(held(wanted, { "aws:PrincipalArn": `arn:aws:iam::${home}:role/worker` })).toBe(true);
    expect(held(wanted, { "aws:PrincipalArn": `arn:aws:iam::${home}:role/a:role/worker` })).toBe(false);
    expect(held({ ArnLike: { "aws:PrincipalArn": "*" } }, { "aws:PrincipalArn": roleArn })).toBe(false);
  });
});
