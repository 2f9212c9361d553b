import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { evidenceTypes } from "../../core/attest/methods.ts";
import { selectorProblems } from "../../core/registry/selectors.ts";
import { validateRegistry } from "../../core/registry/validate.ts";

const settings = { issuer: "https://lanyard.example", trustDomain: "agents.example", cedar };
const roleArn = "arn:aws:iam::111122223333:role/agents/worker";
const pathless = "arn:aws:iam::111122223333:role/worker";
const functionArn = "arn:aws:lambda:eu-west-1:111122223333:function:worker";
const roleId = "AROAEXAMPLEEXAMPLE12";
const github = "https://token.actions.githubusercontent.com";
const people = "https://login.example.com";
const zeros = "0".repeat(96);

const trust = [
  { kind: "trusted-issuer", name: "people", purpose: "person", issuer: people, algorithms: ["RS256"] },
  { kind: "trusted-issuer", name: "ci", purpose: "workload", issuer: github, algorithms: ["RS256"] },
  {
    ...{ kind: "trusted-issuer", name: "mesh", purpose: "spiffe", issuer: "spiffe://mesh.example" },
    ...{ jwksUri: "https://mesh.example/bundle", algorithms: ["ES256"] },
  },
];
const agent = (name: string, type: string, exact: object, more: object = {}) => ({
  ...{ kind: "agent", name, state: "active", owner: "o@e.example", sponsor: "s@e.example" },
  ...{ minimumAssurance: "document", selectors: [{ type, exact }], ...more },
});
const problems = (...rows: readonly object[]): readonly string[] => {
  const all = [...trust, ...rows];
  const outcome = validateRegistry(
    all.map((value, at) => ({ file: "all.yaml", line: at + 1, value })),
    settings,
  );
  return outcome.ok ? [] : outcome.error.map(({ path, message }) => `${path}: ${message}`);
};

describe("a registration that could never match is refused", () => {
  test.each([
    ["a fact its kind never states", "aws-sts-web-identity", { roleArn, roleId }, "never states roleId"],
    [
      "a function that a signed request does not tell",
      "aws-sts-caller-identity",
      { roleArn: pathless, functionArn },
      "never",
    ],
    ["a misspelt fact", "ecs-task", { roleArn, Cluster: "main" }, "never states Cluster"],
    [
      "a claim without its prefix",
      "oidc",
      { issuer: github, subject: "repo:a", ref: "refs/heads/main" },
      "claim.<name>",
    ],
    [
      "a claim inside another",
      "oidc",
      { issuer: github, subject: "repo:a", "claim.realm_access.roles": "x" },
      "inside another",
    ],
    [
      "a claim of the token's own machinery",
      "oidc",
      { issuer: github, subject: "repo:a", "claim.aud": "x" },
      "never states",
    ],
    ["a control character", "oidc", { issuer: github, subject: "repo:a\u0007" }, "control or format"],
    ["a mark that turns the writing round", "oidc", { issuer: github, subject: "repo:a\u202e" }, "control or format"],
    ["an account of eleven digits", "ecs-task", { roleArn, account: "11112222333" }, "is not a account"],
  ])("%s", (_, type, exact, message) => {
    expect(problems(agent("worker", type, exact)).join("\n")).toContain(message);
  });

  test("tags where the kind carries none", () => {
    const selectors = [{ type: "aws-sts-caller-identity", exact: { roleArn: pathless }, tags: { team: "a" } }];
    expect(problems(agent("worker", "ecs-task", { roleArn }, { selectors })).join()).toContain("carries no tags");
  });

  test("an assurance that its evidence never reaches", () => {
    const row = agent("worker", "oidc", { issuer: github, subject: "repo:a" }, { minimumAssurance: "fresh" });
    expect(problems(row).join()).toContain("proves document at best");
    expect(problems({ ...row, minimumAssurance: "document" })).toEqual([]);
  });

  test.each([
    ["kubernetes", { "claim.kubernetes.namespace": "agents" }],
    ["google", { "claim.google.compute_engine.zone": "a" }],
    ["github", { "claim.ref": "refs/heads/機能追加", "claim.environment": "Prüfung" }],
  ])("but not the claims of %s, in whatever script", (_, claims) => {
    expect(problems(agent("worker", "oidc", { issuer: github, subject: "repo:größer", ...claims }))).toEqual([]);
  });

  test.each([
    ["a lending rule by a claim inside another", { claim: "realm_access.roles", equals: "x" }, "inside another"],
    ["a lending rule with a control character", { claim: "tid", equals: "a\u0000" }, "control or format"],
    ["a lending rule with half a character", { claim: "tid", equals: "a\ud800" }, "control or format"],
  ])("%s", (_, when, message) => {
    const rule = {
      kind: "lending",
      name: "l",
      issuer: people,
      when,
      lends: [{ resource: "https://x.example", scopes: ["a"] }],
    };
    expect(problems(rule).join("\n")).toContain(message);
  });

  test("a claim that is named by a URL, dots and all, is one", () => {
    const claim = "https://example.com/roles";
    expect(
      problems({ kind: "lending", name: "l", issuer: people, when: { claim, equals: "x" }, lends: [] }).join(),
    ).not.toContain("inside another");
  });

  property.prop([
    fc.constantFrom(...evidenceTypes.keys()),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
  ])("no fact but what its kind states is taken", (type, fact) => {
    const known = evidenceTypes.get(type)?.states(fact) === true;
    const found = selectorProblems({ type, exact: { [fact]: "x" } }).some(([path]) => path === `exact.${fact}`);
    if (!known) expect(found).toBe(true);
  });
});

const kinds: readonly (readonly [string, object])[] = [
  ["aws-sts-web-identity", { roleArn }],
  ["aws-sts-caller-identity", { roleArn: pathless }],
  ["aws-lambda-url-iam", { roleArn: pathless }],
  ["ecs-task", { roleArn }],
];

describe("threat 38: one role's credentials are no two agents", () => {
  const pairs = kinds.flatMap((a, at) => kinds.slice(at).map((b) => [a[0], b[0], a[1], b[1]] as const));
  test.each(pairs)("by %s and %s", (one, other, a, b) => {
    expect(problems(agent("a", one, a), agent("b", other, b)).join()).toContain("could be this and active agent a");
    expect(problems(agent("a", one, a), agent("b", other, b, { state: "draft" }))).toEqual([]);
  });

  test.each([
    ["a role's unique id, which may be that role's", "aws-sts-caller-identity", { roleId }],
    ["the name a session was given", "aws-sts-caller-identity", { roleArn: pathless, sessionName: "other" }],
    ["the Region it asks", "aws-sts-caller-identity", { roleArn: pathless, region: "us-east-1" }],
    ["the function that has the role", "aws-sts-web-identity", { functionArn }],
  ])("told apart by %s", (_, type, exact) => {
    const first = agent("a", "aws-sts-web-identity", { roleArn, sourceRegion: "eu-west-1" });
    expect(problems(first, agent("b", type, exact)).join()).toContain("could be this and active agent a");
  });

  test.each([
    ["other roles", { roleArn: "arn:aws:iam::111122223333:role/agents/other" }],
    ["a role of another account", { roleArn: "arn:aws:iam::444455556666:role/agents/worker" }],
    ["a function of another account", { functionArn: functionArn.replace("111122223333", "444455556666") }],
  ])("but %s are", (_, exact) => {
    expect(problems(agent("a", "ecs-task", { roleArn }), agent("b", "aws-sts-web-identity", exact))).toEqual([]);
  });

  test("two functions of one role are two, and so are two families of tasks", () => {
    const of = (name: string) => ({ roleArn, functionArn: `${functionArn}-${name}` });
    expect(problems(agent("a", "aws-sts-web-identity", of("a")), agent("b", "aws-sts-web-identity", of("b")))).toEqual(
      [],
    );
    const task = (family: string) => ({ roleArn, family });
    expect(problems(agent("a", "ecs-task", task("a")), agent("b", "ecs-task", task("b")))).toEqual([]);
  });

  test("a SPIFFE ID is one agent's by either SVID, and by an OIDC token about it", () => {
    const spiffeId = "spiffe://mesh.example/worker";
    const x509 = agent("a", "spiffe-x509-svid", { spiffeId });
    for (const other of [
      agent("b", "spiffe-jwt-svid", { spiffeId }),
      agent("b", "oidc", { issuer: github, subject: spiffeId }),
    ])
      expect(problems(x509, other).join()).toContain("could be this and active agent a");
    expect(problems(x509, agent("b", "oidc", { issuer: github, subject: `${spiffeId}-2` }))).toEqual([]);
    expect(problems(x509, agent("b", "oidc", { issuer: github, subject: "repo:a" }))).toEqual([]);
  });

  test("an enclave and a boot image are no rivals", () => {
    const tpm = { pcr4: zeros, pcr7: zeros, pcr12: zeros };
    expect(problems(agent("a", "aws-nitro-enclave", { pcr0: zeros }), agent("b", "aws-nitro-tpm", tpm))).toEqual([]);
  });
});
