import type { Denial } from "../denial.ts";
import { decodeUnverified, type JwtFailure, type VerifiedJwt, verifyJwt } from "../jwt.ts";
import { trustedUrl } from "../keys/issuer-url.ts";
import type { KeySets } from "../keys/key-sets.ts";
import { limits } from "../limits.ts";
import type { TrustedIssuerRegistration } from "../registry/model.ts";
import { err, ok, type Result } from "../result.ts";
import { markerKey } from "../session/marker.ts";
import { evidenceTags } from "../wire.ts";
import type { AttestedFacts, Attestor, Evidence, Expectation } from "./attestor.ts";
import { readStsClaims, type StsClaims } from "./sts-claims.ts";

const type = "aws-sts-web-identity";
const stsIssuer = /^https:\/\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tokens\.sts\.global\.api\.aws$/;

const invalid = (check: string, why: string) => err<Denial>({ code: "evidence_invalid", type, check, why });

/**
 * Attestor of evidence `{ "type": "aws-sts-web-identity", "token" }`: a JWT of STS GetWebIdentityToken. It proves whose
 * credentials were used, not where. Made for our issuer alone, it carries our challenge and the caller's key as request
 * tags, so it is worth nothing to a thief or a second Lanyard. Its order: the issuer is registered and of the pinned
 * host ▸ signature, times, audience ▸ claims agree with each other ▸ challenge and key.
 * @returns facts `issuer`, `account`, `roleArn`, `functionArn`?, `organization`?, `sourceRegion`?; tags are the
 * principal's. Denials: `evidence_invalid`, `evidence_expired`, `evidence_unbound`, `keys_unavailable`
 */
export function awsStsWebIdentity(deps: { readonly keySets: KeySets }): Attestor {
  return {
    type,
    attest: async (evidence, expect) => {
      const registered = findIssuer(evidence, expect);
      if (!registered.ok) return registered;
      const { token, issuer } = registered.value;
      const verified = await verifyDocument(token, issuer, deps.keySets, expect);
      if (!verified.ok) return verified;
      const claims = readStsClaims(verified.value.payload, issuer);
      if (!claims.ok) return invalid(claims.error.check, claims.error.why);
      const unbound = bindingFault(claims.value, expect);
      return unbound ? err({ code: "evidence_unbound", type, field: unbound }) : proven(claims.value, verified.value);
    },
  };
}

function findIssuer(
  evidence: Evidence,
  expect: Expectation,
): Result<{ token: string; issuer: TrustedIssuerRegistration }, Denial> {
  const { token } = evidence;
  if (typeof token !== "string") return invalid("shape", "token is not a string");
  const said = decodeUnverified(token)?.payload.iss;
  if (typeof said !== "string") return invalid("shape", "token is not a JWT with an issuer");
  const issuer = expect.registry.trustedIssuer(said, "aws-sts");
  // looked up by the very text, and compared again: a kind lookup must not make two issuers one
  if (issuer?.issuer !== said || issuer.purpose !== "aws-sts") return invalid("issuer", "issuer is not registered");
  const local = !said.startsWith("https:") && trustedUrl(said, expect.issuer).ok;
  if (!stsIssuer.test(said) && !local) return invalid("issuer", "issuer is not an account's STS issuer");
  return ok({ token, issuer });
}

async function verifyDocument(
  token: string,
  issuer: TrustedIssuerRegistration,
  keySets: KeySets,
  expect: Expectation,
): Promise<Result<VerifiedJwt, Denial>> {
  const verified = await verifyJwt(token, keySets.lookup(issuer), {
    typ: ["jwt"],
    algorithms: issuer.algorithms.filter((alg) => alg === "RS256" || alg === "ES384"),
    issuer: issuer.issuer,
    audience: expect.issuer,
    nowSeconds: expect.nowSeconds,
    skewSeconds: limits.foreignSkewSeconds,
    requiredClaims: ["sub", "iat", "exp", "jti"],
    maxAgeSeconds: limits.evidenceAgeSeconds,
    maxLifetimeSeconds: limits.evidenceLifeMaxSeconds,
  });
  return verified.ok ? verified : err(toDenial(verified.error, issuer.issuer));
}

function toDenial(failure: JwtFailure, issuer: string): Denial {
  const { why, detail, expiredAtSeconds } = failure;
  if (why === "expired") return { code: "evidence_expired", type, expiredAtSeconds: expiredAtSeconds ?? 0 };
  if (why === "keys_unavailable") return { code: "keys_unavailable", issuer, why: detail };
  return { code: "evidence_invalid", type, check: why, why: detail };
}

/** Both tags must be there: evidence that is merely genuine may have been stolen (threat 16). */
function bindingFault(claims: StsClaims, expect: Expectation): "challenge" | "jkt" | undefined {
  const said = (name: string) => (Object.hasOwn(claims.requestTags, name) ? claims.requestTags[name] : undefined);
  if (said(evidenceTags.challenge) !== expect.challenge) return "challenge";
  return said(evidenceTags.jkt) === expect.jkt ? undefined : "jkt";
}

function proven(claims: StsClaims, { payload }: VerifiedJwt): Result<AttestedFacts, Denial> {
  const { iss, jti, exp } = payload;
  if (iss === undefined || jti === undefined || exp === undefined)
    return invalid("claim", "iss, jti or exp is missing");
  return ok({
    facts: claims.facts,
    tags: claims.principalTags,
    assurance: "fresh",
    evidenceMarker: {
      kind: "evidence",
      key: markerKey("evidence", iss, jti),
      expiresAtSeconds: Math.ceil(exp) + limits.foreignSkewSeconds,
    },
  });
}
