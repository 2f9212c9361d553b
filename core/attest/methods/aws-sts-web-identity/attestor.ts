import type { Denial } from "../../../denial/denial.ts";
import { decodeUnverified, type JwtFailure, type KeyLookup, type VerifiedJwt, verifyJwt } from "../../../jose/jwt.ts";
import { trustedUrl } from "../../../keys/issuer-url.ts";
import type { KeySets } from "../../../keys/key-sets.ts";
import type { Check } from "../../../model/check.ts";
import { limits } from "../../../model/limits.ts";
import type { TrustedIssuerRegistration } from "../../../model/registry.ts";
import { replayKey } from "../../../model/replay/entry.ts";
import { err, ok, type Result } from "../../../model/result.ts";
import { evidenceTags } from "../../../model/wire.ts";
import type { AttestedFacts, Attestor, Evidence, Expectation } from "../../contract/attestor.ts";
import { tellJwtChecks } from "../../formats/jwt-evidence.ts";
import { readStsClaims, type StsClaims } from "./claims.ts";

const type = "aws-sts-web-identity";
const stsIssuer = /^https:\/\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tokens\.sts\.global\.api\.aws$/;

const invalid = (check: string, why: string) => err<Denial>({ code: "evidence_invalid", type, check, why });

/**
 * What one document is verified against. A binding is checked only where its expected value is given; the attestor
 * gives all.
 */
export interface StsWebIdentityOptions {
  /** The issuer it must come from, with its account. */
  readonly issuer: TrustedIssuerRegistration;
  readonly keys: KeyLookup;
  /** The only audience it may have; undefined only where the answer decides nothing (`lanyard attest --explain`). */
  readonly audience: string | undefined;
  readonly challenge: string | undefined;
  /** RFC 7638 thumbprint of the key the caller proved. */
  readonly jkt: string | undefined;
  readonly nowSeconds: number;
  readonly onCheck?: ((check: Check) => void) | undefined;
}

/** A genuine document. */
export interface StsWebIdentity {
  readonly claims: StsClaims;
  readonly payload: VerifiedJwt["payload"];
}

/**
 * Attestor of evidence `{ "type": "aws-sts-web-identity", "token" }`: a JWT of STS GetWebIdentityToken. It proves whose
 * credentials were used, not where. It is made for our issuer alone and carries our challenge and the caller's key as
 * request tags, so it is useless to a thief and at a second deployment (threat 16). Its order: the issuer is registered
 * and on the pinned host ▸ signature, times, audience ▸ claims agree with each other ▸ challenge and key.
 * @returns facts `issuer`, `account`, `roleArn`, `functionArn`?, `organization`?, `sourceRegion`?; tags are the
 * principal's. Denials: `evidence_invalid`, `evidence_expired`, `evidence_unbound`, `keys_unavailable`
 */
export function awsStsWebIdentity(deps: { readonly keySets: KeySets }): Attestor {
  return {
    type,
    attest: async (evidence, expect) => {
      const registered = findIssuer(evidence, expect);
      const detail = registered.ok ? "a registered account's STS issuer" : registered.error.why;
      expect.onCheck?.({ name: "registration", ok: registered.ok, detail });
      if (!registered.ok) return invalid(registered.error.check, registered.error.why);
      const { token, issuer } = registered.value;
      const { challenge, jkt, nowSeconds, onCheck } = expect;
      const keys = deps.keySets.lookup(issuer);
      const options = { issuer, keys, audience: expect.issuer, challenge, jkt, nowSeconds, onCheck };
      const verified = await verifyStsWebIdentity(token, options);
      return verified.ok ? proven(verified.value) : verified;
    },
  };
}

/**
 * Verifies one GetWebIdentityToken document with given keys and clock; makes no network call itself.
 * @returns its claims, or `evidence_invalid`, `evidence_expired`, `evidence_unbound`, `keys_unavailable`
 */
export async function verifyStsWebIdentity(
  token: string,
  options: StsWebIdentityOptions,
): Promise<Result<StsWebIdentity, Denial>> {
  const { issuer, onCheck } = options;
  const verified = await verifyDocument(token, options);
  tellJwtChecks(onCheck, verified.ok ? undefined : verified.error);
  if (!verified.ok) return err(toDenial(verified.error, issuer.issuer));
  const { payload } = verified.value;
  const claims = readStsClaims(payload, issuer);
  if (!claims.ok) {
    onCheck?.({ name: claims.error.check, ok: false, detail: claims.error.why });
    return invalid(claims.error.check, claims.error.why);
  }
  onCheck?.({ name: "workload", ok: true, detail: "a role, and its account agrees wherever it stands" });
  const unbound = bindingFault(claims.value, options);
  return unbound ? err({ code: "evidence_unbound", type, field: unbound }) : ok({ claims: claims.value, payload });
}

interface Fault {
  readonly check: string;
  readonly why: string;
}

function findIssuer(
  evidence: Evidence,
  expect: Expectation,
): Result<{ token: string; issuer: TrustedIssuerRegistration }, Fault> {
  const no = (check: string, why: string) => err<Fault>({ check, why });
  const { token } = evidence;
  if (typeof token !== "string") return no("shape", "token is not a string");
  const said = decodeUnverified(token, limits.stsDocumentBytes)?.payload.iss;
  if (typeof said !== "string") return no("shape", "token is not a JWT with an issuer");
  const issuer = expect.registry.trustedIssuer(said, "aws-sts");
  // looked up by the exact text and compared again, so that a lenient lookup cannot make two issuers one
  if (issuer?.issuer !== said || issuer.purpose !== "aws-sts") return no("issuer", "issuer is not registered");
  const local = !said.startsWith("https:") && trustedUrl(said, expect.issuer).ok;
  if (!isAccountIssuer(said) && !local) return no("issuer", "issuer is not an account's STS issuer");
  return ok({ token, issuer });
}

/** True for the issuer URL of some account's outbound identity federation. */
export const isAccountIssuer = (issuer: string): boolean => stsIssuer.test(issuer);

function verifyDocument(token: string, options: StsWebIdentityOptions): Promise<Result<VerifiedJwt, JwtFailure>> {
  const { issuer, keys, audience = null, nowSeconds } = options;
  return verifyJwt(token, keys, {
    typ: ["jwt"],
    algorithms: issuer.algorithms.filter((alg) => alg === "RS256" || alg === "ES384"),
    issuer: issuer.issuer,
    audience,
    nowSeconds,
    skewSeconds: limits.foreignSkewSeconds,
    maxBytes: limits.stsDocumentBytes,
    requiredClaims: ["sub", "iat", "exp", "jti"],
    maxAgeSeconds: limits.evidenceAgeSeconds,
    maxLifetimeSeconds: limits.evidenceLifeMaxSeconds,
  });
}

function toDenial(failure: JwtFailure, issuer: string): Denial {
  const { why, detail, expiredAtSeconds } = failure;
  if (why === "expired") return { code: "evidence_expired", type, expiredAtSeconds: expiredAtSeconds ?? 0 };
  if (why === "keys_unavailable") return { code: "keys_unavailable", issuer, why: detail };
  return { code: "evidence_invalid", type, check: why, why: detail };
}

/** Both tags must be there: evidence that is genuine but not bound to this request may be stolen (threat 16). */
function bindingFault({ requestTags }: StsClaims, options: StsWebIdentityOptions): "challenge" | "jkt" | undefined {
  for (const field of ["challenge", "jkt"] as const) {
    if (options[field] === undefined) continue;
    const name = evidenceTags[field];
    const bound = Object.hasOwn(requestTags, name) && requestTags[name] === options[field];
    const detail = bound ? `request tag ${name} is the expected one` : `request tag ${name} is not the expected one`;
    options.onCheck?.({ name: field, ok: bound, detail });
    if (!bound) return field;
  }
  return undefined;
}

function proven({ claims, payload }: StsWebIdentity): Result<AttestedFacts, Denial> {
  const { iss, jti, exp } = payload;
  if (iss === undefined || jti === undefined || exp === undefined)
    return invalid("claim", "iss, jti or exp is missing");
  return ok({
    facts: claims.facts,
    tags: claims.principalTags,
    assurance: "fresh",
    documentId: jti,
    evidenceEntry: {
      kind: "evidence",
      key: replayKey("evidence", iss, jti),
      expiresAtSeconds: Math.ceil(exp) + limits.foreignSkewSeconds,
    },
  });
}
