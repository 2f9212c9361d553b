import { describe, expect, it } from "vitest";
import { oidc } from "../../core/attest/oidc.ts";
import { matchSelectors } from "../../core/attest/selectors.ts";
import { createKeySets } from "../../core/keys/key-sets.ts";
import type { TrustedIssuerRegistration } from "../../core/registry/model.ts";
import { agent, agentId, registry } from "../fakes/registry.ts";
import { vectors } from "../fakes/vectors.ts";
import { MemoryWeb } from "../fakes/web.ts";

interface Case {
  readonly name: string;
  readonly issuer: string;
  readonly token: string;
  readonly expected: "allow" | "deny" | "policy";
}

const { now, audience, rules, cases } = vectors<{
  now: number;
  audience: string;
  rules: { github: Record<string, string>; kubernetes: Record<string, string> };
  cases: readonly Case[];
}>("oidc/cases.json");
const jwks = vectors<Record<string, { keys: object[] }>>("oidc/test-jwks.json");
const [github = "", eks = ""] = Object.keys(jwks);

const trusted = (issuer: string): TrustedIssuerRegistration => ({
  kind: "trusted-issuer",
  name: issuer === github ? "github" : "cluster",
  purpose: "workload",
  issuer,
  algorithms: ["RS256"],
});

/** The vectors' rules as selectors, on the anchor every registration needs. */
const billing = agent("billing", {
  selectors: [
    {
      type: "oidc",
      exact: {
        issuer: github,
        subject: "repo:octo-org/octo-repo:environment:prod",
        ...Object.fromEntries(Object.entries(rules.github).map(([name, value]) => [`claim.${name}`, value])),
      },
    },
    {
      type: "oidc",
      exact: {
        issuer: eks,
        subject: "system:serviceaccount:agents:billing",
        "claim.kubernetes.namespace": rules.kubernetes.namespace ?? "",
        "claim.kubernetes.serviceaccount.name": rules.kubernetes.serviceaccount ?? "",
      },
    },
  ],
});

/** What our own policy says where the vectors leave it to us. */
const decided = new Map([
  ["github self-hosted runner", "allow"],
  ["github public repository", "allow"],
  ["k8s two audiences", "deny"],
  ["k8s 24 h token", "deny"],
  ["k8s pod missing", "allow"],
]);

async function decide(token: string, registration = billing): Promise<string> {
  const web = new MemoryWeb();
  for (const [issuer, { keys }] of Object.entries(jwks)) web.issuer(issuer, keys);
  const keySets = createKeySets({ fetcher: web, clock: { nowMillis: () => now * 1000 }, ownIssuer: audience });
  const rows = registry(1, trusted(github), trusted(eks), registration);
  const expected = { challenge: "c", jkt: "k", issuer: audience, nowSeconds: now, registry: rows };
  const attested = await oidc({ keySets }).attest({ type: "oidc", token }, expected);
  if (!attested.ok) return "deny";
  return matchSelectors(agentId("billing"), registration, "oidc", attested.value).ok ? "allow" : "deny";
}

describe("OIDC workload tokens", () => {
  it("come as 25 vectors", () => expect(cases.length).toBe(25));

  it.each(cases.map((c) => [c.name, c] as const))("vector: %s", async (name, { token, expected }) => {
    expect(await decide(token)).toBe(expected === "policy" ? decided.get(name) : expected);
  });

  it.each([
    ["github self-hosted runner", "claim.runner_environment", "github-hosted"],
    ["github public repository", "claim.repository_visibility", "private"],
    ["k8s pod missing", "claim.kubernetes.pod.name", "billing-7f9"],
  ])("%s is refused once a selector asks for %s", async (name, claim, value) => {
    const pinned = agent("billing", {
      selectors: billing.selectors.map((s) => ({ ...s, exact: { ...s.exact, [claim]: value } })),
    });
    const token = cases.find((c) => c.name === name)?.token ?? "";
    expect(await decide(token)).toBe("allow");
    expect(await decide(token, pinned)).toBe("deny");
    const good = cases.find((c) => c.name === (name.startsWith("k8s") ? "k8s good" : "github good"))?.token ?? "";
    expect(await decide(good, pinned)).toBe("allow");
  });

  it("reads GitHub's real discovery document", async () => {
    const discovery = vectors<{ issuer: string; jwks_uri: string }>("oidc/github-discovery.real.json");
    const web = new MemoryWeb();
    web.put(`${discovery.issuer}/.well-known/openid-configuration`, discovery);
    web.put(discovery.jwks_uri, jwks[github]);
    const keySets = createKeySets({ fetcher: web, clock: { nowMillis: () => now * 1000 }, ownIssuer: audience });
    expect((await keySets.lookup(trusted(github))({ alg: "RS256", kid: "gh-test-1" })).ok).toBe(true);
  });
});
