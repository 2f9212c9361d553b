import { describe, expect, it } from "vitest";
import { type JwtRules, verifyJwt } from "../../core/jose/jwt.ts";
import { createKeySets } from "../../core/keys/key-sets.ts";
import type { TrustedIssuerRegistration } from "../../core/model/registry.ts";
import { attackOutcomes } from "../../scripts/vectors/jose/jwt-attacks.ts";
import { MemoryWeb } from "../kit/memory/web.ts";
import { vectors } from "../kit/vectors.ts";
import { paths } from "./paths.ts";

interface Cases {
  readonly now: number;
  readonly issuer: string;
  readonly audience: string;
  readonly max_lifetime_s: number;
  readonly cases: readonly { id: string; category: string; name: string; token: string; expected: string }[];
}

const attacks = vectors<Cases>("jwt-attacks/cases.json");

/** Refused for a few seconds only. */
const onlyTime = ["time-13", "time-29"];

const issuer: TrustedIssuerRegistration = {
  kind: "trusted-issuer",
  name: "attacked",
  purpose: "person",
  issuer: attacks.issuer,
  algorithms: ["ES256"],
};

const rules: JwtRules = {
  typ: ["at+jwt"],
  algorithms: ["ES256"],
  issuer: attacks.issuer,
  audience: attacks.audience,
  nowSeconds: attacks.now,
  skewSeconds: 0,
  requiredClaims: ["sub", "client_id", "exp", "iat", "jti"],
  maxLifetimeSeconds: attacks.max_lifetime_s,
};

function attacked() {
  const web = new MemoryWeb();
  web.issuer(attacks.issuer, vectors<{ keys: object[] }>("jwt-attacks/jwks.json").keys);
  const clock = { nowMillis: () => attacks.now * 1000 };
  return { web, keyFor: createKeySets({ fetcher: web, clock, ownIssuer: "https://own.example.com" }).lookup(issuer) };
}

const verdict = (expected: string, id: string): "accept" | "reject" =>
  attackOutcomes(expected, id).includes("valid") ? "accept" : "reject";

describe.each(paths)("known attacks on JWTs, by $path", ({ keyMemory }) => {
  const { web, keyFor } = attacked();
  const own = [`${attacks.issuer}/.well-known/openid-configuration`, `${attacks.issuer}/jwks`];

  it.each(attacks.cases.map((c) => [verdict(c.expected, c.id), c.id, c.name, c.token] as const))(
    "%ss %s: %s",
    async (wanted, _id, _name, token) => {
      const result = await verifyJwt(token, keyFor, { ...rules, keyMemory });
      expect(result.ok ? "accept" : "reject", JSON.stringify(result).slice(0, 300)).toBe(wanted);
      // whatever a token says, only the registered issuer is ever asked
      expect(web.asked.filter((url) => !own.includes(url))).toEqual([]);
      expect(web.asked.length).toBeLessThanOrEqual(2);
      expect(({} as { admin?: unknown }).admin).toBeUndefined();
    },
  );

  it.each(attacks.cases.filter((c) => verdict(c.expected, c.id) === "reject" && !onlyTime.includes(c.id)))(
    "refuses $id with 60 s of skew too",
    async ({ token }) => {
      const result = await verifyJwt(token, attacked().keyFor, { ...rules, keyMemory, skewSeconds: 60 });
      expect(result.ok).toBe(false);
    },
  );

  it("accepts a slightly early token from a clock that is granted skew", async () => {
    const early = attacks.cases.find((c) => c.id === "time-29");
    const result = await verifyJwt(early?.token ?? "", keyFor, { ...rules, keyMemory, skewSeconds: 60 });
    expect(result.ok).toBe(true);
  });
});
