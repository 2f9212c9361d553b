import { constants, type KeyObject, verify } from "node:crypto";
import type { Denial } from "../../../denial/denial.ts";
import { derOf, type SpiffeBundle } from "../../../keys/spiffe-bundle.ts";
import type { SpiffeBundles } from "../../../keys/spiffe-bundles.ts";
import { limits } from "../../../model/limits.ts";
import type { TrustedIssuerRegistration } from "../../../model/registry.ts";
import { replayKey } from "../../../model/replay/entry.ts";
import { err, ok, type Result } from "../../../model/result.ts";
import { type SvidBinding, svidBindingText } from "../../../model/wire.ts";
import type { Attestor, Evidence, Expectation } from "../../contract/attestor.ts";
import { foreignWorkload, workloadFacts } from "../../formats/spiffe-domain.ts";
import { type ChainFault, chainFault, readSvidChain, type SvidChain } from "./chain.ts";

const type = "spiffe-x509-svid";

/** The bytes that an X.509-SVID's key must sign: {@link svidBindingText} in UTF-8. */
export const svidBindingBytes = (binding: SvidBinding): Uint8Array => Buffer.from(svidBindingText(binding), "utf8");

/** A genuine X.509-SVID whose holder signed for this request. */
export interface X509Svid {
  /** `spiffeId`, `trustDomain`. */
  readonly facts: Readonly<Record<string, string>>;
}

/** What one X.509-SVID is verified against. */
export interface X509SvidExpectation extends SvidBinding, Pick<Expectation, "nowSeconds" | "onCheck"> {
  readonly domain: TrustedIssuerRegistration;
  readonly bundle: SpiffeBundle;
}

/**
 * Verifies one X.509-SVID with a given bundle and clock; makes no network call itself.
 * @returns its facts, or `evidence_invalid`, `evidence_expired`
 */
export function verifyX509Svid(evidence: Evidence, expect: X509SvidExpectation): Result<X509Svid, Denial> {
  const chain = readSvidChain(evidence.chain);
  tell(expect, "certificates", chain.ok ? undefined : chain.error);
  if (!chain.ok) return refused(chain.error);
  const { domain } = expect;
  if (!chain.value.spiffeId.startsWith(`${domain.issuer}/`))
    return refused({ check: "spiffe-id", why: "of another trust domain" });
  return verifyHolder(chain.value, evidence.signature, expect);
}

function verifyHolder(chain: SvidChain, signature: unknown, expect: X509SvidExpectation): Result<X509Svid, Denial> {
  const fault = chainFault(chain, expect.bundle, expect.nowSeconds);
  tell(expect, "path", fault);
  if (fault) return refused(fault);
  const signed = signsBinding(chain.leaf.publicKey, signature, svidBindingBytes(expect));
  const why = "the SVID's key did not sign this challenge, key and issuer";
  tell(expect, "binding", signed ? undefined : { why });
  if (!signed) return refused({ check: "binding", why });
  return ok({ facts: workloadFacts(chain.spiffeId, expect.domain) });
}

/** ECDSA with the curve's own SHA-2, DER-encoded; RSASSA-PSS with SHA-256 and a salt of 32 bytes. */
function signsBinding(key: KeyObject, signature: unknown, bytes: Uint8Array): boolean {
  const given = typeof signature === "string" && signature.length <= 2_048 ? derOf(signature) : undefined;
  if (!given) return false;
  try {
    if (key.asymmetricKeyType === "ec") {
      const hash = key.asymmetricKeyDetails?.namedCurve === "secp384r1" ? "sha384" : "sha256";
      return verify(hash, bytes, { key, dsaEncoding: "der" }, given);
    }
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    return key.asymmetricKeyType === "rsa" && verify("sha256", bytes, { key, padding, saltLength: 32 }, given);
  } catch {
    return false;
  }
}

const tell = ({ onCheck }: Pick<Expectation, "onCheck">, name: string, fault: { why: string } | undefined): void =>
  onCheck?.({ name, ok: fault === undefined, detail: fault?.why ?? "as expected" });

function refused({ check, why, expiredAtSeconds }: Omit<ChainFault, "check"> & { readonly check: string }) {
  return err<Denial>(
    expiredAtSeconds === undefined
      ? { code: "evidence_invalid", type, check, why }
      : { code: "evidence_expired", type, expiredAtSeconds },
  );
}

/**
 * Attestor of evidence `{ "type": "spiffe-x509-svid", "chain", "signature" }`: an X.509-SVID of a federated trust
 * domain and a signature of its key over our challenge, the caller's key and our issuer. It proves that the caller
 * holds the SVID's key now; the path is validated against the bundle of the id's own trust domain only.
 * @returns facts `spiffeId`, `trustDomain`. Denials: `evidence_invalid`, `evidence_expired`, `keys_unavailable`
 */
export function spiffeX509Svid(deps: { readonly bundles: SpiffeBundles }): Attestor {
  return {
    type,
    attest: async (evidence, expect) => {
      const chain = readSvidChain(evidence.chain);
      tell(expect, "certificates", chain.ok ? undefined : chain.error);
      if (!chain.ok) return refused(chain.error);
      const found = foreignWorkload(chain.value.spiffeId, expect);
      tell(expect, "registration", found.ok ? undefined : found.error);
      if (!found.ok) return refused(found.error);
      const { domain } = found.value;
      // a chain that no held authority issued may come from a newer one, so the bundle is fetched again, at most once
      // in a pause
      const newest = await deps.bundles.take(
        domain,
        (bundle) => chainFault(chain.value, bundle, expect.nowSeconds)?.check !== "chain",
      );
      if (!newest.value)
        return err({ code: "keys_unavailable", issuer: domain.issuer, why: newest.failure ?? "no bundle at hand" });
      const { challenge, jkt, issuer, nowSeconds, onCheck } = expect;
      const settings = { challenge, jkt, issuer, nowSeconds, domain, bundle: newest.value };
      const svid = verifyHolder(chain.value, evidence.signature, onCheck ? { ...settings, onCheck } : settings);
      if (!svid.ok) return svid;
      return ok({
        facts: svid.value.facts,
        tags: {},
        assurance: "fresh",
        evidenceEntry: {
          kind: "evidence",
          key: replayKey("evidence", domain.issuer, challenge),
          expiresAtSeconds: nowSeconds + limits.challengeLifeSeconds + limits.foreignSkewSeconds,
        },
      });
    },
  };
}
