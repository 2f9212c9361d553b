import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { expect, test } from "vitest";
import { validateRegistry } from "../../core/registry/validate.ts";

const settings = { issuer: "https://lanyard.example.com", trustDomain: "agents.example.com", cedar };
const ci = "https://token.actions.example.com";
const subject = "repo:acme/app:environment:prod";
const spiffeId = "spiffe://partner.example/ns/billing";

const agent = (name: string, selectors: unknown, state = "active") => ({
  kind: "agent",
  name,
  state,
  owner: "o@example.com",
  sponsor: "s@example.com",
  minimumAssurance: "document",
  selectors,
});
const workload = (more: object = {}) => ({
  kind: "trusted-issuer",
  name: "ci",
  purpose: "workload",
  issuer: ci,
  algorithms: ["RS256"],
  ...more,
});
const partner = (more: object = {}) => ({
  kind: "trusted-issuer",
  name: "partner",
  purpose: "spiffe",
  issuer: "spiffe://partner.example",
  jwksUri: "https://bundles.partner.example/bundle",
  algorithms: ["ES256"],
  ...more,
});
const oidc = (exact: object) => [{ type: "oidc", exact }];
const svid = (kind: "jwt" | "x509", exact: object) => [{ type: `spiffe-${kind}-svid`, exact }];

function messages(...rows: readonly object[]): readonly string[] {
  const outcome = validateRegistry(
    rows.map((value, i) => ({ file: "all.yaml", line: i + 1, value })),
    settings,
  );
  return outcome.ok ? [] : outcome.error.map((p) => `${p.path}: ${p.message}`);
}
const sound = [
  workload(),
  partner(),
  agent("builder", oidc({ issuer: ci, subject, "claim.repository_id": "74", "claim.kubernetes.pod.name": "p" })),
  agent("biller", [...svid("jwt", { spiffeId }), ...svid("x509", { spiffeId })]),
];

test("workload issuers, federated trust domains and agents that rest on them may stand", () => {
  expect(messages(...sound)).toEqual([]);
  expect(messages(workload({ audience: "api://lanyard", maxTokenLifeSeconds: 86_400 }))).toEqual([]);
});

test.each<[string, object, string]>([
  ["no subject", { issuer: ci }, "selectors.0.exact"],
  ["no issuer", { subject }, "selectors.0.exact"],
  ["claims alone", { issuer: ci, "claim.repository_id": "74" }, "selectors.0.exact"],
  ["a wildcard in its subject", { issuer: ci, subject: "repo:acme/*" }, "selectors.0.exact.subject"],
  ["an issuer nobody registered", { issuer: `${ci}/acme`, subject }, "selectors.0.exact.issuer"],
  ["a trust domain as issuer of tokens", { issuer: "https://partner.example", subject }, "selectors.0.exact.issuer"],
])("threat 15: refuses an oidc selector with %s", (_name, exact, path) => {
  expect(messages(workload(), partner(), agent("builder", oidc(exact))).some((m) => m.startsWith(`${path}:`))).toBe(
    true,
  );
});

test.each(["jwt", "x509"] as const)(
  "threat 28: refuses a %s-svid selector of no federated domain, or of a domain",
  (kind) => {
    const at = (id: string) => messages(partner(), agent("biller", svid(kind, { spiffeId: id })));
    for (const id of [
      "spiffe://other.example/x",
      "spiffe://agents.example.com/agent/x",
      "spiffe://partner.example",
      "x",
    ])
      expect(at(id).some((m) => m.startsWith("selectors.0.exact"))).toBe(true);
    expect(at(spiffeId)).toEqual([]);
  },
);

test.each<[string, unknown, unknown]>([
  [
    "one subject, one with a claim more",
    oidc({ issuer: ci, subject }),
    oidc({ issuer: ci, subject, "claim.ref": "r" }),
  ],
  [
    "claims that do not exclude each other",
    oidc({ issuer: ci, subject, "claim.a": "1" }),
    oidc({ issuer: ci, subject, "claim.b": "2" }),
  ],
  ["one SPIFFE ID", svid("jwt", { spiffeId }), svid("jwt", { spiffeId })],
  ["one SPIFFE ID by two kinds of SVID", svid("jwt", { spiffeId }), svid("x509", { spiffeId })],
])("threat 15: refuses two active agents that one workload could be: %s", (_name, a, b) => {
  const found = messages(workload(), partner(), agent("a", a), agent("b", b));
  expect(found).toEqual([expect.stringMatching(/^selectors\.0: one workload could be/)]);
  expect(messages(workload(), partner(), agent("a", a), agent("b", b, "suspended"))).toEqual([]);
});

test("threat 15: lets agents of one subject stand when a claim tells them apart", () => {
  const at = (environment: string) => oidc({ issuer: ci, subject, "claim.environment": environment });
  expect(messages(workload(), agent("a", at("prod")), agent("b", at("test")))).toEqual([]);
});

test.each<[string, object, string]>([
  ["AWS STS as audience", workload({ audience: "sts.amazonaws.com" }), "audience"],
  ["a Region's STS as audience", workload({ audience: "https://sts.eu-west-1.amazonaws.com" }), "audience"],
  ["the Kubernetes API as audience", workload({ audience: "https://kubernetes.default.svc" }), "audience"],
  ["GitHub's default audience", workload({ audience: "https://github.com/acme" }), "audience"],
  ["several audiences", workload({ audience: "a,b" }), "audience"],
  ["an audience for persons", workload({ purpose: "person", audience: "api://x" }), "audience"],
  ["an account", workload({ account: "123456789012" }), "account"],
  ["a life beyond a day", workload({ maxTokenLifeSeconds: 100_000 }), "maxTokenLifeSeconds"],
  ["plain http", workload({ issuer: "http://ci.example.com" }), "issuer"],
  ["our own issuer", workload({ issuer: settings.issuer }), "issuer"],
  ["a trust domain with a path", partner({ issuer: "spiffe://partner.example/x" }), "issuer"],
  ["a trust domain in capitals", partner({ issuer: "spiffe://Partner.example" }), "issuer"],
  ["a trust domain written as a URL", partner({ issuer: "https://partner.example" }), "issuer"],
  ["threat 28: our own trust domain", partner({ issuer: "spiffe://agents.example.com" }), "issuer"],
  ["no bundle endpoint", partner({ jwksUri: undefined }), "jwksUri"],
  ["a bundle over http", partner({ jwksUri: "http://bundles.partner.example/b" }), "jwksUri"],
  ["an audience for a trust domain", partner({ audience: "api://x" }), "audience"],
])("refuses a trusted issuer with %s", (_name, row, path) => {
  const clean = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
  expect(messages(clean).some((m) => m.startsWith(`${path}:`))).toBe(true);
});

test("threat 4: refuses a registered resource as a workload's audience", () => {
  const uri = "https://tickets.example.com";
  const resource = { kind: "resource", name: "tickets", uri, servedBy: "builder", scopes: ["tickets:read"] };
  expect(messages(...sound, resource)).toEqual([]);
  const [, ...rest] = sound;
  expect(messages(workload({ audience: uri }), ...rest, resource)).toEqual([
    "audience: must not be a registered resource",
  ]);
});

test("refuses one trust domain registered twice", () => {
  expect(messages(partner(), partner({ name: "again" })).some((m) => m.startsWith("issuer:"))).toBe(true);
});

test("an issuer off the public web may stand where its keys come from a public place, and nowhere else", () => {
  const issuer = "https://kubernetes.default.svc.cluster.local";
  const jwksUri = "https://keys.s3.eu-west-1.amazonaws.com/cluster/jwks.json";
  expect(messages(workload({ issuer, jwksUri }))).toEqual([]);
  expect(messages(workload({ issuer })).join()).toContain("say in jwksUri where its keys are public");
  expect(messages(workload({ issuer, jwksUri: "https://10.0.0.1/jwks" })).join()).toContain(
    "jwksUri: may not be fetched",
  );
  // an account's STS issuer is pinned to its own host
  expect(messages(workload({ purpose: "aws-sts", account: "111122223333", issuer, jwksUri })).join()).toContain(
    "issuer:",
  );
});

test("threat 14: no issuer's keys are our own", () => {
  for (const path of ["/.well-known/jwks.json", ""])
    expect(messages(workload({ jwksUri: `${settings.issuer}${path}` })).join()).toContain("jwksUri: must not be on");
});
