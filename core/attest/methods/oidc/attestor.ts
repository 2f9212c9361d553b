import type { Denial } from "../../../denial/denial.ts";
import { decodeUnverified, type KeyLookup } from "../../../jose/jwt.ts";
import { foreignAudienceProblem } from "../../../keys/address.ts";
import type { KeySets } from "../../../keys/key-sets.ts";
import type { Check } from "../../../model/check.ts";
import { limits } from "../../../model/limits.ts";
import type { TrustedIssuerRegistration } from "../../../model/registry.ts";
import { replayKey } from "../../../model/replay/entry.ts";
import { err, ok, type Result } from "../../../model/result.ts";
import type { RegistrySnapshot } from "../../../model/snapshot.ts";
import type { AttestedFacts, Attestor, Evidence, Expectation } from "../../contract/attestor.ts";
import { verifyJwtEvidence } from "../../formats/jwt-evidence.ts";
import { claimFacts, isAlwaysStated } from "./claims.ts";

const type = "oidc";

const invalid = (check: string, why: string) => err<Denial>({ code: "evidence_invalid", type, check, why });

/** What one OIDC token is verified against. */
export interface OidcExpectation {
  readonly issuer: TrustedIssuerRegistration;
  /** The issuer's keys. */
  readonly keys: KeyLookup;
  /** The only audience it may have. */
  readonly audience: string;
  readonly nowSeconds: number;
  readonly onCheck?: ((check: Check) => void) | undefined;
}

/** A genuine OIDC token of a workload. */
export interface OidcDocument {
  /** `issuer`, `subject` and every claim that is text. */
  readonly facts: Readonly<Record<string, string>>;
  readonly expSeconds: number;
  readonly signedPart: string;
  /** Its `jti`. */
  readonly documentId?: string;
}

/**
 * Verifies one OIDC token (OpenID Connect Core 3.1.3.7) with given keys and clock; makes no network call itself.
 * @returns its facts, or `evidence_invalid`, `evidence_expired`, `keys_unavailable`
 */
export async function verifyOidcToken(token: string, expect: OidcExpectation): Promise<Result<OidcDocument, Denial>> {
  const { issuer, keys, audience, nowSeconds, onCheck } = expect;
  const verified = await verifyJwtEvidence(token, {
    type,
    publisher: issuer.issuer,
    keys,
    // Kubernetes omits typ; an at+jwt is meant for an API and says nothing about the workload
    typ: ["", "jwt"],
    algorithms: issuer.algorithms,
    issuer: issuer.issuer,
    audience,
    requiredClaims: ["sub", "iat", "exp"],
    subjectInAnyScript: true,
    maxLifeSeconds: issuer.maxTokenLifeSeconds ?? limits.workloadTokenLifeSeconds,
    nowSeconds,
    onCheck,
  });
  if (!verified.ok) return verified;
  const { payload, expSeconds, signedPart } = verified.value;
  const { sub } = payload;
  if (sub === undefined || sub === "") return invalid("claim", "sub is empty");
  const facts = { ...claimFacts(payload), issuer: issuer.issuer, subject: sub };
  return ok({ facts, expSeconds, signedPart, ...(payload.jti === undefined ? {} : { documentId: payload.jti }) });
}

/**
 * Attestor of evidence `{ "type": "oidc", "token" }`: a token of any registered workload issuer (EKS and Kubernetes,
 * GitHub Actions, GitLab, Google, Azure). It proves what the issuer states, not who holds the token. It contains no
 * challenge, so it belongs to the first key that shows it (threat 16), and its assurance is the lowest.
 * @returns facts `issuer`, `subject` and those `claim.<name>` that some registration selects by or that name a run, a
 * pod or an app. Denials: `evidence_invalid`, `evidence_expired`, `keys_unavailable`
 */
export function oidc(deps: { readonly keySets: KeySets }): Attestor {
  return {
    type,
    attest: async (evidence, expect) => {
      const found = findIssuer(evidence, expect);
      expect.onCheck?.({
        name: "registration",
        ok: found.ok,
        detail: found.ok ? "a registered issuer of workloads' tokens" : found.error.why,
      });
      if (!found.ok) return invalid(found.error.check, found.error.why);
      const { token, issuer, audience } = found.value;
      const { nowSeconds, onCheck } = expect;
      const keys = deps.keySets.lookup(issuer);
      const verified = await verifyOidcToken(token, { issuer, keys, audience, nowSeconds, onCheck });
      return verified.ok ? ok(attested(verified.value, issuer.issuer, expect)) : verified;
    },
  };
}

interface Found {
  readonly token: string;
  readonly issuer: TrustedIssuerRegistration;
  readonly audience: string;
}

function findIssuer(evidence: Evidence, expect: Expectation): Result<Found, { check: string; why: string }> {
  const no = (check: string, why: string) => err({ check, why });
  const { token } = evidence;
  if (typeof token !== "string") return no("shape", "token is not a string");
  const said = decodeUnverified(token)?.payload.iss;
  if (typeof said !== "string") return no("shape", "token is not a JWT with an issuer");
  const issuer = expect.registry.trustedIssuer(said, "workload");
  // looked up by the exact text and compared again, so that a lenient lookup cannot make two issuers one
  if (issuer?.issuer !== said || issuer.purpose !== "workload") return no("issuer", "issuer is not registered");
  const audience = issuer.audience ?? expect.issuer;
  // checked again at each use: one careless registration would make tokens for AWS or for a resource count as evidence
  // (threat 4)
  if (audience !== expect.issuer && (foreignAudienceProblem(audience) || expect.registry.resource(audience)))
    return no("audience", "the audience registered for this issuer is somebody else's");
  return ok({ token, issuer, audience });
}

function attested(document: OidcDocument, issuer: string, expect: Expectation): AttestedFacts {
  const asked = selectedClaims(expect.registry, issuer);
  const kept = ([name]: [string, string]) => !name.startsWith("claim.") || asked.has(name) || isAlwaysStated(name);
  return {
    facts: Object.fromEntries(Object.entries(document.facts).filter(kept)),
    tags: {},
    assurance: "document",
    ...(document.documentId === undefined ? {} : { documentId: document.documentId }),
    evidenceEntry: {
      kind: "evidence",
      key: replayKey("evidence", issuer, document.signedPart),
      owner: expect.jkt,
      expiresAtSeconds: Math.ceil(document.expSeconds) + limits.foreignSkewSeconds,
    },
  };
}

const selected = new WeakMap<RegistrySnapshot, Map<string, ReadonlySet<string>>>();

/**
 * Claims that registrations select by at one issuer. Claims that no registration uses (names, addresses) are not
 * recorded.
 */
function selectedClaims(registry: RegistrySnapshot, issuer: string): ReadonlySet<string> {
  const known = selected.get(registry) ?? new Map<string, ReadonlySet<string>>();
  selected.set(registry, known);
  const cached = known.get(issuer);
  if (cached) return cached;
  const selectors = registry.agents.flatMap((a) => a.selectors);
  const names = new Set(
    selectors.filter((s) => s.type === type && s.exact.issuer === issuer).flatMap((s) => Object.keys(s.exact)),
  );
  known.set(issuer, names);
  return names;
}
