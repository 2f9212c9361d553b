import { z } from "zod";
import { type JwtRules, verifyJwt } from "../../core/jwt.ts";
import { createKeySets } from "../../core/keys/key-sets.ts";
import type { TrustedIssuerRegistration } from "../../core/registry/model.ts";
import { MemoryWeb } from "../../test/fakes/web.ts";
import { accepts, eachCase, judged, type Outcome, topic } from "./document.ts";

/** Where the notes leave it to us: what we chose. */
export const chosenAttacks: ReadonlyMap<string, Outcome> = new Map<string, Outcome>([
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
  max_lifetime_s: z.number(),
  jwks: z.string(),
  cases: z.array(z.unknown()),
});
const attack = z.looseObject({ id: z.string(), name: z.string(), token: z.string(), expected: z.string() });

/** What the attacked verifier expects; an id's choice also decides where a note's word says both. */
export const attackOutcomes = (said: string, id: string): readonly Outcome[] => {
  const chosen = chosenAttacks.get(id);
  return said.startsWith("reject") && chosen === undefined ? ["invalid"] : accepts(said, chosen);
};

/** Known attacks on JWTs, against the verifier of every token; no document may make it ask anybody but the issuer. */
export const jwtAttacks = topic(/^cases\.json$/, shape, (given, folder, file) => {
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
  web.issuer(given.issuer, (folder.json(given.jwks) as { keys: readonly object[] }).keys);
  const clock = { nowMillis: () => nowSeconds * 1000 };
  const keys = createKeySets({ fetcher: web, clock, ownIssuer: "https://own.example.com" }).lookup(issuer);
  const judge = async (token: string) => {
    const verified = await verifyJwt(token, keys, rules);
    const stray = web.asked.find((url) => !url.startsWith(`${given.issuer}/`));
    if (stray !== undefined) throw new Error(`the token made the verifier ask ${stray}`);
    return judged(
      verified,
      ({ payload }) => `subject ${payload.sub}`,
      ({ why, detail }) => `${why}: ${detail}`,
    );
  };
  return eachCase(given.cases, { folder, file, shape: attack }, ({ id, name, token, expected }) => ({
    file: folder.label(file, `${id} ${name}`),
    said: expected,
    expected: attackOutcomes(expected, id),
    judge: () => judge(token),
  }));
});
