import { z } from "zod";
import { oidc } from "../../../core/attest/methods/oidc/attestor.ts";
import { matchSelectors } from "../../../core/attest/selectors.ts";
import { createKeySets } from "../../../core/keys/key-sets.ts";
import type { AgentRegistration } from "../../../core/model/agent-registration.ts";
import type { TrustedIssuerRegistration } from "../../../core/model/registry.ts";
import { MemoryWeb } from "../../../test/kit/memory/web.ts";
import { agent, agentId, registry } from "../../../test/kit/registry.ts";
import { accepts, denialText, type Evaluated, eachCase, type Outcome, topic } from "../document.ts";

/** What our own policy says where the notes leave it to us. */
export const decidedOidc: ReadonlyMap<string, Outcome> = new Map<string, Outcome>([
  ["github self-hosted runner", "valid"],
  ["github public repository", "valid"],
  ["k8s two audiences", "invalid"],
  ["k8s 24 h token", "invalid"],
  ["k8s pod missing", "valid"],
]);

const claims = z.record(z.string(), z.string());

/** Tokens of workloads, two issuers and the rules that a registration holds them to. */
const oidcShape = z.looseObject({
  now: z.number(),
  audience: z.string(),
  jwks: z.string(),
  rules: z.looseObject({ github: claims, kubernetes: claims }),
  cases: z.array(z.unknown()),
});
const tokenCase = z.looseObject({ name: z.string(), token: z.string(), expected: z.string() });

type Cases = z.infer<typeof oidcShape>;
/** What a registration holds its workloads to. */
export type OidcRules = Pick<Cases["rules"], "github" | "kubernetes">;
type KeysByIssuer = Readonly<Record<string, { readonly keys: readonly object[] }>>;

const trusted = (issuer: string, index: number): TrustedIssuerRegistration => ({
  kind: "trusted-issuer",
  name: `issuer-${index}`,
  purpose: "workload",
  issuer,
  algorithms: ["RS256"],
});

/** The notes' rules as selectors, on the anchor every registration needs. */
export function billingAgent({ rules }: { readonly rules: OidcRules }, jwks: KeysByIssuer): AgentRegistration {
  const issuers = Object.keys(jwks);
  const github = issuers.find((issuer) => issuer.includes("github")) ?? "";
  const cluster = issuers.find((issuer) => issuer !== github) ?? "";
  const named = Object.entries(rules.github).map(([name, value]) => [`claim.${name}`, value]);
  return agent("billing", {
    selectors: [
      {
        type: "oidc",
        exact: {
          issuer: github,
          subject: "repo:octo-org/octo-repo:environment:prod",
          ...Object.fromEntries(named),
        },
      },
      {
        type: "oidc",
        exact: {
          issuer: cluster,
          subject: "system:serviceaccount:agents:billing",
          "claim.kubernetes.namespace": rules.kubernetes.namespace ?? "",
          "claim.kubernetes.serviceaccount.name": rules.kubernetes.serviceaccount ?? "",
        },
      },
    ],
  });
}

/** Evaluates one token: attested, and of this registration. */
export async function evaluateOidc(
  token: string,
  { now, audience }: Pick<Cases, "now" | "audience">,
  { jwks, registration }: { readonly jwks: KeysByIssuer; readonly registration: AgentRegistration },
): Promise<Evaluated> {
  const web = new MemoryWeb();
  for (const [issuer, { keys }] of Object.entries(jwks)) web.issuer(issuer, keys);
  const keySets = createKeySets({ fetcher: web, clock: { nowMillis: () => now * 1000 }, ownIssuer: audience });
  const rows = registry(1, ...Object.keys(jwks).map(trusted), registration);
  const expected = { challenge: "c", jkt: "k", issuer: audience, nowSeconds: now, registry: rows };
  const attested = await oidc({ keySets }).attest({ type: "oidc", token }, expected);
  if (!attested.ok) return { outcome: "invalid", reason: denialText(attested.error) };
  const matched = matchSelectors(agentId("billing"), registration, { type: "oidc", ...attested.value });
  if (matched.ok) return { outcome: "valid", reason: `subject ${attested.value.facts.subject}` };
  const missed = matched.error.code === "selector_mismatch" ? matched.error.missing : "";
  return { outcome: "invalid", reason: `selector_mismatch: ${missed}` };
}

/** OIDC tokens of workloads, held to the notes' rules. */
export const oidcTokens = topic(/^cases\.json$/, oidcShape, (given, folder, file) => {
  const jwks = folder.json(given.jwks) as KeysByIssuer;
  const registration = billingAgent(given, jwks);
  return eachCase(given.cases, { folder, file, shape: tokenCase }, ({ name, token, expected }) => ({
    file: folder.label(file, name),
    said: expected,
    expected: accepts(expected, decidedOidc.get(name)),
    evaluate: () => evaluateOidc(token, given, { jwks, registration }),
  }));
});
