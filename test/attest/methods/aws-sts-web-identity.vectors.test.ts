import { describe, expect, it } from "vitest";
import { awsStsWebIdentity } from "../../../core/attest/methods/aws-sts-web-identity/attestor.ts";
import { readStsClaims } from "../../../core/attest/methods/aws-sts-web-identity/claims.ts";
import { createKeySets } from "../../../core/keys/key-sets.ts";
import type { TrustedIssuerRegistration } from "../../../core/model/registry.ts";
import { MemoryWeb } from "../../kit/memory/web.ts";
import { registry } from "../../kit/registry.ts";
import { vectors } from "../../kit/vectors.ts";

const { now, issuer, audience, cases } = vectors<{
  now: number;
  issuer: string;
  audience: string;
  cases: readonly { name: string; token: string; expected: string }[];
}>("sts-web-identity/tokens.json");

const account: TrustedIssuerRegistration = {
  kind: "trusted-issuer",
  name: "account",
  purpose: "aws-sts",
  issuer,
  algorithms: ["RS256", "ES384"],
  account: "123456789012",
};

describe("GetWebIdentityToken documents of the vectors", () => {
  const web = new MemoryWeb();
  web.put(`${issuer}/.well-known/openid-configuration`, vectors("sts-web-identity/test-discovery.json"));
  web.put(`${issuer}/.well-known/jwks.json`, vectors("sts-web-identity/test-jwks.json"));
  const clock = { nowMillis: () => now * 1000 };
  const attestor = awsStsWebIdentity({
    keySets: createKeySets({ fetcher: web, clock, ownIssuer: audience }),
  });

  // genuine documents are refused too, but only at the very last step: they carry no challenge of ours
  it.each(cases.map((c) => [c.expected.startsWith("valid") ? "genuine but unbound" : "invalid", c.name, c] as const))(
    "are %s: %s",
    async (wanted, _name, c) => {
      const result = await attestor.attest(
        { type: "aws-sts-web-identity", token: c.token },
        { challenge: "ours", jkt: "k", issuer: audience, nowSeconds: now, registry: registry(1, account) },
      );
      if (result.ok) throw new Error("no vector carries a challenge of ours");
      const { error } = result;
      const unbound = error.code === "evidence_unbound" && error.field === "challenge";
      expect(unbound ? "genuine but unbound" : "invalid", JSON.stringify(error)).toBe(wanted);
      expect(["evidence_unbound", "evidence_invalid", "evidence_expired"]).toContain(error.code);
      expect(web.asked.every((url) => url.startsWith(`${issuer}/.well-known/`))).toBe(true);
    },
  );

  const { samples } = vectors<{ samples: readonly { source: string; payload: Record<string, unknown> }[] }>(
    "sts-web-identity/payloads.json",
  );
  it.each(samples.map((s) => [s.source, s.payload] as const))("have readable claims: %s", (_source, payload) => {
    const said = payload["https://sts.amazonaws.com/"] as { aws_account?: string } | undefined;
    const result = readStsClaims(payload, {
      ...account,
      issuer: String(payload.iss),
      account: said?.aws_account ?? "",
    });
    // redacted samples stop at their placeholder ARN, never at the shape of a claim
    if (!result.ok) expect(["subject", "account"]).toContain(result.error.check);
    else expect(result.value.facts.roleArn).toBe(payload.sub);
  });
});
