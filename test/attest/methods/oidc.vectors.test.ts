import { describe, expect, it } from "vitest";
import { createKeySets } from "../../../core/keys/key-sets.ts";
import type { TrustedIssuerRegistration } from "../../../core/model/registry.ts";
import { billingAgent, decidedOidc, evaluateOidc } from "../../../scripts/vectors/evidence/oidc.ts";
import { MemoryWeb } from "../../kit/memory/web.ts";
import { agent } from "../../kit/registry.ts";
import { vectors } from "../../kit/vectors.ts";

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
const [github = ""] = Object.keys(jwks);

const trusted = (issuer: string): TrustedIssuerRegistration => ({
  kind: "trusted-issuer",
  name: issuer === github ? "github" : "cluster",
  purpose: "workload",
  issuer,
  algorithms: ["RS256"],
});

const billing = billingAgent({ rules }, jwks);
const decide = async (token: string, registration = billing): Promise<string> =>
  (await evaluateOidc(token, { now, audience }, { jwks, registration })).outcome;

describe("OIDC workload tokens", () => {
  it("come as 25 vectors", () => expect(cases.length).toBe(25));

  it.each(cases.map((c) => [c.name, c] as const))("vector: %s", async (name, { token, expected }) => {
    const wanted = decidedOidc.get(name) ?? (expected === "allow" ? "valid" : "invalid");
    expect(await decide(token)).toBe(wanted);
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
    expect(await decide(token)).toBe("valid");
    expect(await decide(token, pinned)).toBe("invalid");
    const good = cases.find((c) => c.name === (name.startsWith("k8s") ? "k8s good" : "github good"))?.token ?? "";
    expect(await decide(good, pinned)).toBe("valid");
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
