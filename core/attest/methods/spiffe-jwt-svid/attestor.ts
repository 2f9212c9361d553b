import type { Denial } from "../../../denial/denial.ts";
import { decodeUnverified, type KeyLookup } from "../../../jose/jwt.ts";
import type { SpiffeBundles } from "../../../keys/spiffe-bundles.ts";
import type { Check } from "../../../model/check.ts";
import { limits } from "../../../model/limits.ts";
import type { TrustedIssuerRegistration } from "../../../model/registry.ts";
import { replayKey } from "../../../model/replay/entry.ts";
import { err, ok, type Result } from "../../../model/result.ts";
import { parseSpiffeId } from "../../../text/spiffe-id.ts";
import type { Attestor } from "../../contract/attestor.ts";
import { verifyJwtEvidence } from "../../formats/jwt-evidence.ts";
import { foreignWorkload, workloadFacts } from "../../formats/spiffe-domain.ts";

const type = "spiffe-jwt-svid";

const invalid = (check: string, why: string) => err<Denial>({ code: "evidence_invalid", type, check, why });

/** What one JWT-SVID is verified against. */
export interface JwtSvidExpectation {
  /** The federated trust domain it must belong to. */
  readonly domain: TrustedIssuerRegistration;
  /** JWT authorities of that domain. */
  readonly keys: KeyLookup;
  /** The only audience it may have: our issuer. */
  readonly audience: string;
  readonly nowSeconds: number;
  readonly onCheck?: ((check: Check) => void) | undefined;
}

/** A genuine JWT-SVID. */
export interface JwtSvid {
  /** `spiffeId`, `trustDomain`. */
  readonly facts: Readonly<Record<string, string>>;
  readonly expSeconds: number;
  readonly signedPart: string;
  /** Its `jti`. */
  readonly documentId?: string;
}

/**
 * Verifies one JWT-SVID with given keys and clock; makes no network call itself. The rules are the standard's, and
 * stricter where it leaves a choice: `kid` required, no header beside `alg`, `kid`, `typ`, a sole audience, an hour at
 * most (or what the trust domain is registered with).
 * @returns its facts, or `evidence_invalid`, `evidence_expired`, `keys_unavailable`
 */
export async function verifyJwtSvid(token: string, expect: JwtSvidExpectation): Promise<Result<JwtSvid, Denial>> {
  const { domain, keys, audience, nowSeconds, onCheck } = expect;
  const typ = decodeUnverified(token)?.header.typ;
  if (typ !== undefined && typ !== "JWT" && typ !== "JOSE") {
    onCheck?.({ name: "type", ok: false, detail: "typ is neither JWT nor JOSE" });
    return invalid("typ", "typ is neither JWT nor JOSE");
  }
  const verified = await verifyJwtEvidence(token, {
    type,
    publisher: domain.issuer,
    keys,
    typ: ["", "jwt", "jose"],
    algorithms: domain.algorithms,
    exactHeaders: ["alg", "kid", "typ"],
    audience,
    requiredClaims: ["sub", "aud", "exp"],
    maxLifeSeconds: domain.maxTokenLifeSeconds ?? limits.workloadTokenLifeSeconds,
    nowSeconds,
    onCheck,
  });
  if (!verified.ok) return verified;
  const { payload, expSeconds, signedPart } = verified.value;
  const id = payload.sub === undefined ? undefined : parseSpiffeId(payload.sub);
  // keys of one domain never sign for another: the same path in two domains names two workloads
  const fits = id !== undefined && id.path !== "" && `spiffe://${id.trustDomain}` === domain.issuer;
  onCheck?.({
    name: "spiffe-id",
    ok: fits,
    detail: fits ? "of this trust domain" : "sub is no workload of this domain",
  });
  if (!fits || payload.sub === undefined) return invalid("spiffe-id", "sub is no workload of this trust domain");
  const named = payload.jti === undefined ? {} : { documentId: payload.jti };
  return ok({ facts: workloadFacts(payload.sub, domain), expSeconds, signedPart, ...named });
}

/**
 * Attestor of evidence `{ "type": "spiffe-jwt-svid", "token" }`: a JWT-SVID of a federated trust domain (SPIFFE
 * JWT-SVID 3 and 4). It proves what the domain states, not who holds the SVID. So it belongs to the first key that
 * shows it (threat 16), and its assurance is the lowest. It is evidence for attestation only; a client assertion is
 * verified with our own keys alone.
 * @returns facts `spiffeId`, `trustDomain`. Denials: `evidence_invalid`, `evidence_expired`, `keys_unavailable`
 */
export function spiffeJwtSvid(deps: { readonly bundles: SpiffeBundles }): Attestor {
  return {
    type,
    attest: async (evidence, expect) => {
      const { token } = evidence;
      const said = typeof token === "string" ? decodeUnverified(token) : undefined;
      const found = said
        ? foreignWorkload(said.payload.sub, expect)
        : err({ check: "shape", why: "token is not a JWT" });
      const detail = found.ok ? "a federated trust domain" : found.error.why;
      expect.onCheck?.({ name: "registration", ok: found.ok, detail });
      if (!found.ok || typeof token !== "string") return invalid(found.ok ? "shape" : found.error.check, detail);
      const { domain } = found.value;
      const { issuer: audience, nowSeconds, onCheck, jkt } = expect;
      const keys = deps.bundles.lookup(domain);
      const svid = await verifyJwtSvid(token, { domain, keys, audience, nowSeconds, onCheck });
      if (!svid.ok) return svid;
      return ok({
        facts: svid.value.facts,
        tags: {},
        assurance: "document",
        ...(svid.value.documentId === undefined ? {} : { documentId: svid.value.documentId }),
        evidenceEntry: {
          kind: "evidence",
          key: replayKey("evidence", domain.issuer, svid.value.signedPart),
          owner: jkt,
          expiresAtSeconds: Math.ceil(svid.value.expSeconds) + limits.foreignSkewSeconds,
        },
      });
    },
  };
}
