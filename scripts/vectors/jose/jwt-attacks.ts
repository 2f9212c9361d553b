import { z } from "zod";
import { importKey as importKeyWeb } from "../../../core/jose/import-key.web.ts";
import { type JwtRules, verifyJwt } from "../../../core/jose/jwt.ts";
import { createKeyMemory } from "../../../core/jose/key-memory.ts";
import { createKeySets } from "../../../core/keys/key-sets.ts";
import type { TrustedIssuerRegistration } from "../../../core/model/registry.ts";
import { tokenTyp } from "../../../core/model/wire.ts";
import { MemoryWeb } from "../../../test/kit/memory/web.ts";
import { accepts, type Evaluated, eachCase, evaluated, type Outcome, topic } from "../document.ts";
import { evaluateAccessToken } from "../oauth/access-tokens.ts";

/** Where the notes leave it to us: what we chose, of a bare JWT by an exact clock. */
const chosenAttacks: ReadonlyMap<string, Outcome> = new Map<string, Outcome>([
  ["time-02", "valid"], // a fraction of a second is a NumericDate (RFC 7519 2)
  ["time-27", "valid"],
  ["time-29", "invalid"], // our own tokens get no skew; with 60 s it is accepted
  ["audience-08", "invalid"],
  ["audience-19", "invalid"],
  ["subject-13", "valid"], // another case is another subject
  ["json-07", "invalid"],
  ["json-08", "invalid"],
  ["claims-04", "valid"], // one odd scope name, which nobody registered
  ["claims-11", "valid"], // nested actors are history, never permission
]);

const shape = z.looseObject({
  now: z.number(),
  issuer: z.string(),
  audience: z.string(),
  expected_typ: z.string(),
  allowed_alg: z.array(z.string()).default(["ES256"]),
  max_lifetime_s: z.number(),
  jwks: z.string(),
  cases: z.array(z.unknown()),
});
const attack = z.looseObject({
  id: z.string(),
  name: z.string(),
  token: z.string(),
  expected: z.string(),
  proof: z.string().optional(),
  method: z.string().optional(),
  url: z.string().optional(),
});

/** What the attacked verifier expects; an id's choice also decides where a note's word says both. */
export const attackOutcomes = (said: string, id: string): readonly Outcome[] => {
  const chosen = chosenAttacks.get(id);
  return said.startsWith("reject") && chosen === undefined ? ["invalid"] : accepts(said, chosen);
};

/** Where a resource server decides otherwise than {@link chosenAttacks}. */
const chosenAccess: ReadonlyMap<string, Outcome> = new Map<string, Outcome>([
  ["time-29", "policy"], // a resource server believes the next ten seconds
]);

/**
 * What a resource server makes of it. A good token of somebody else's is `policy`: the notes know no session of ours,
 * and without one nothing is let in. One that must be refused has to be seen for what it is before that.
 */
function accessOutcomes(said: string, id: string): readonly Outcome[] {
  const chosen = chosenAccess.get(id);
  if (chosen !== undefined) return [chosen];
  if (said.startsWith("policy") && !chosenAttacks.has(id)) return ["policy", "invalid"];
  const bare = attackOutcomes(said, id);
  return bare.includes("valid") ? [...new Set<Outcome>([...bare, "policy"])] : bare;
}

const webMemory = createKeyMemory(importKeyWeb);

type Note = z.infer<typeof shape>;

/** Any other JWT, by the check that stands under every verifier; no document may make it ask anybody but the issuer. */
function bareEvaluate(given: Note, keySet: readonly object[]): (token: string) => Promise<Evaluated> {
  const { now: nowSeconds, audience } = given;
  const issuer: TrustedIssuerRegistration = {
    kind: "trusted-issuer",
    name: "attacked",
    purpose: "person",
    issuer: given.issuer,
    algorithms: ["ES256"],
  };
  const rules: JwtRules = {
    typ: [given.expected_typ],
    algorithms: ["ES256"],
    issuer: given.issuer,
    audience,
    nowSeconds,
    skewSeconds: 0,
    requiredClaims: ["sub", "client_id", "exp", "iat", "jti"],
    maxLifetimeSeconds: given.max_lifetime_s,
  };
  const web = new MemoryWeb();
  web.issuer(given.issuer, keySet);
  const clock = { nowMillis: () => nowSeconds * 1000 };
  const keys = createKeySets({ fetcher: web, clock, ownIssuer: "https://own.example.com" }).lookup(issuer);
  return async (token) => {
    const verified = await verifyJwt(token, keys, rules);
    const byWeb = await verifyJwt(token, keys, { ...rules, keyMemory: webMemory });
    if (byWeb.ok !== verified.ok) throw new Error("node:crypto and WebCrypto disagree");
    const stray = web.asked.find((url) => !url.startsWith(`${given.issuer}/`));
    if (stray !== undefined) throw new Error(`the token made the verifier ask ${stray}`);
    return evaluated(
      verified,
      ({ payload }) => `subject ${payload.sub}`,
      ({ why, detail }) => `${why}: ${detail}`,
    );
  };
}

/** Known attacks on JWTs: access tokens against the verifier of resource servers, others against the bare check. */
export const jwtAttacks = topic(/^cases\.json$/, shape, (given, folder, file) => {
  const { keys } = folder.json(given.jwks) as { keys: readonly object[] };
  const access = given.expected_typ === tokenTyp.access;
  const bare = bareEvaluate(given, keys);
  const note = { ...given, keys, algorithms: given.allowed_alg };
  return eachCase(given.cases, { folder, file, shape: attack }, ({ id, name, token, expected, ...shown }) => ({
    file: folder.label(file, `${id} ${name}`),
    said: expected,
    expected: access ? accessOutcomes(expected, id) : attackOutcomes(expected, id),
    evaluate: () => (access ? evaluateAccessToken(note, { token, ...shown }) : bare(token)),
  }));
});
