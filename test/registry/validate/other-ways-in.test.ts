import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { changed, messages, plus, setUp, sts, valid } from "./ground.ts";

setUp();

const people = () => String(valid.find((row) => row.kind === "trusted-issuer" && row.purpose === "person")?.issuer);
/** The example, whose people's provider asserts identities. */
const asserting = () => plus();
/** The same where it does not, so that nobody has an alias there. */
const silent = () =>
  plus().map((row) => {
    const { identityAssertions: _i, aliases: _a, ...rest } = row as Record<string, unknown>;
    return rest;
  });
const newKey = (kid = "k1") => ({
  ...generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" }),
  kid,
  alg: "ES256",
  use: "sig",
});
const comer = (more: object = {}) => ({
  kind: "agent",
  name: "laptop",
  state: "active",
  owner: "team@support-desk.example",
  sponsor: "boss@support-desk.example",
  selectors: [],
  keys: [newKey()],
  minimumAssurance: "document",
  ...more,
});

describe("an agent that comes with keys", () => {
  test("needs no selector; one with neither is refused", () => {
    expect(messages(plus(comer()))).toEqual([]);
    const { keys: _, ...none } = comer();
    expect(messages(plus(none))).toEqual(["selectors: needs a selector or `keys`: nobody could ever be this agent"]);
  });

  test("is refused where it could never get in: by keys alone nobody proves code, or more than a document", () => {
    expect(messages(plus(comer({ minimumAssurance: "fresh" })))).toEqual([
      "minimumAssurance: must be document for an agent without selectors: a key proves no more",
    ]);
    expect(messages(plus(comer({ code: { releases: ["sha256:1"] } })))).toEqual([
      "code: needs selectors: a key proves nothing of the code",
    ]);
    // beside selectors a key may be there to sign cards with
    const selectors = sts({ roleArn: "arn:aws:iam::111122223333:role/agents/laptop" });
    expect(messages(plus(comer({ selectors, minimumAssurance: "fresh" })))).toEqual([]);
  });

  test.each([
    ["a private key", { ...newKey(), d: "AAAA" }, "keys.0"],
    ["a key of another algorithm", { ...newKey(), alg: "RS256" }, "keys.0"],
    ["a point with a byte too few", { ...newKey(), x: "AAAA" }, "keys.0"],
    ["a key for encryption", { ...newKey(), use: "enc" }, "keys.0.use"],
    ["HMAC", { kty: "oct", kid: "k1", alg: "HS256", k: "AAAA" }, "keys.0.kty"],
    ["a key without a name", { ...newKey(), kid: undefined }, "keys.0.kid"],
  ])("may not list %s", (_, key, path) => {
    const [first = ""] = messages(plus(comer({ keys: [key] })));
    expect(first.startsWith(path)).toBe(true);
  });

  test("may not have another agent's key, under whatever name, nor two of one name", () => {
    const key = newKey();
    const second = comer({ name: "tablet", keys: [{ ...key, kid: "other" }] });
    expect(messages(plus(comer({ keys: [key] }), second))).toEqual([
      expect.stringContaining("keys.0: key other is an agent's already at"),
    ]);
    expect(messages(plus(comer({ keys: [newKey(), newKey()] })))).toEqual(["keys.1: k1 is listed twice"]);
  });

  test("signs cards with them when it says so, and not without any", () => {
    expect(messages(plus(comer({ signsCards: true })))).toEqual([]);
    const { keys: _, ...none } = comer({ signsCards: true });
    expect(messages(plus({ ...none, selectors: valid.find((row) => row.kind === "agent")?.selectors }))).toContain(
      "signsCards: needs `keys`: a card is signed with a registered key",
    );
  });

  test("is refused with all others that sign cards when their keys are more than one row holds", () => {
    const many = (signsCards: object) =>
      Array.from({ length: 700 }, (_, i) => {
        const keys = Array.from({ length: 4 }, (_, n) => newKey(`${n}`));
        return comer({ name: `laptop-${i}`, keys, ...signsCards });
      });
    expect(messages(plus(...many({})))).toEqual([]);
    expect(messages(plus(...many({ signsCards: true })))).toEqual([
      expect.stringMatching(/^signsCards: the keys of agents that sign cards take \d+ bytes; at most 262144$/),
    ]);
  });

  test("may not list more than four", () => {
    const keys = Array.from({ length: 5 }, (_, i) => newKey(`k${i}`));
    expect(messages(plus(comer({ keys })))).toHaveLength(1);
  });
});

describe("an alias", () => {
  const alias = (clientId = "c-1", issuer = people()) => comer({ aliases: [{ issuer, clientId }] });

  test("needs an issuer of persons whose identity assertions count", () => {
    expect(messages([...asserting(), alias()])).toEqual([]);
    expect(messages([...silent(), alias()])).toEqual([expect.stringContaining("aliases.0.issuer: ")]);
  });

  test("threat 2: belongs to one agent, and never looks like the id of one", () => {
    const second = { ...alias(), name: "tablet" };
    expect(messages([...asserting(), alias(), { ...second, keys: [newKey()] }])).toEqual([
      expect.stringContaining("aliases.0: alias c-1 at"),
    ]);
    expect(messages([...asserting(), alias("spiffe://agents.support-desk.example/agent/planner")])).toEqual([
      "aliases.0.clientId: must not look like the id of an agent",
    ]);
  });
});

test("tokens of other applications are accepted by agents that serve something, of issuers of persons alone", () => {
  const accepts = (issuer: string) => ({ acceptsTokensOf: [{ issuer, clients: ["mcp-host"] }] });
  expect(messages(changed("ticket-api", accepts(people())))).toEqual([]);
  expect(messages(plus(comer(accepts(people()))))).toEqual([
    "acceptsTokensOf: is for agents that serve a resource: no token could be for this one",
  ]);
  expect(messages(changed("ticket-api", accepts("https://nobody.example")))).toEqual([
    "acceptsTokensOf.0.issuer: https://nobody.example is no trusted issuer of persons' tokens",
  ]);
});

test("calls without a proof are for agents that demand no more than a document, and can show one", () => {
  expect(messages(plus(comer({ withoutProof: true })))).toEqual([]);
  expect(
    messages(
      plus(
        comer({
          withoutProof: true,
          minimumAssurance: "audience",
          selectors: sts({ roleArn: "arn:aws:iam::111122223333:role/agents/laptop" }),
        }),
      ),
    ),
  ).toEqual(["withoutProof: needs minimumAssurance: document, which is all it is"]);
  const { keys: _, ...attesting } = comer({
    selectors: sts({ roleArn: "arn:aws:iam::111122223333:role/agents/laptop" }),
    withoutProof: true,
  });
  expect(messages(plus(attesting))).toEqual([expect.stringContaining("withoutProof: needs `keys`")]);
});

test("identity assertions are for issuers of people", () => {
  const workloads = {
    kind: "trusted-issuer",
    name: "ci",
    purpose: "workload",
    issuer: "https://ci.example",
    algorithms: ["RS256"],
    identityAssertions: true,
  };
  expect(messages(plus(workloads))).toEqual(["identityAssertions: is for issuers of people only"]);
});

describe("an owner", () => {
  const owned = (owner: unknown) => messages(changed("planner", { owner }));

  test("is a text, or a person of a trusted issuer of people", () => {
    expect(owned("team@support-desk.example")).toEqual([]);
    expect(owned({ issuer: people(), sub: "olga" })).toEqual([]);
  });

  test.each<[string, () => unknown]>([
    ["of an issuer that nobody trusts for people", () => ({ issuer: "https://other.example", sub: "olga" })],
    ["without a name", () => ({ issuer: people(), sub: "" })],
    ["with more than issuer and name", () => ({ issuer: people(), sub: "olga", email: "olga@support-desk.example" })],
    ["in a text that looks like a person's id", () => `p_${"a".repeat(32)}`],
  ])("%s is refused", (_, owner) => {
    expect(owned(owner())).toHaveLength(1);
  });
});
