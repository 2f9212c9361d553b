import type { KeyObject } from "node:crypto";
import { isFitRsaJwk } from "../../../jose/rsa-key.ts";
import { derOf, type SpiffeBundle } from "../../../keys/spiffe-bundle.ts";
import { limits } from "../../../model/limits.ts";
import { err, ok, type Result } from "../../../model/result.ts";
import { parseSpiffeId } from "../../../text/spiffe-id.ts";
import { readAsn1, sameBytes } from "../../formats/asn1.ts";
import { type Certificate, namesMatch, readCertificate } from "../../formats/x509.ts";
import { type PathFault, pathFault } from "../../formats/x509-path.ts";

/** An X.509-SVID and its intermediates, read but not yet trusted. */
export interface SvidChain {
  readonly spiffeId: string;
  readonly leaf: Certificate;
  /** The leaf first. */
  readonly certificates: readonly Certificate[];
}

/** What is wrong with a chain. */
export interface ChainFault extends PathFault {
  readonly check: "shape" | "certificate" | "spiffe-id" | "chain" | "validity";
}

/**
 * ECDSA and RSA PKCS #1 with SHA-2 (RFC 5758 3.2, RFC 4055 5): with SHA-1, two certificates can be made to have the
 * same signature.
 */
const signatureOids = new Set([
  "1.2.840.10045.4.3.2",
  "1.2.840.10045.4.3.3",
  "1.2.840.10045.4.3.4",
  "1.2.840.113549.1.1.11",
  "1.2.840.113549.1.1.12",
  "1.2.840.113549.1.1.13",
]);

const fault = (check: ChainFault["check"], why: string) => err<ChainFault>({ check, why });

/**
 * Reads an X.509-SVID with its intermediates (SPIFFE X.509-SVID 2 to 4): the leaf has exactly one URI, the SPIFFE ID of
 * a workload, is not a CA and may sign only documents. Certificates that sign others must be CAs of the same trust
 * domain.
 * @param chain standard base64 of DER, the leaf first
 */
export function readSvidChain(chain: unknown): Result<SvidChain, ChainFault> {
  if (!Array.isArray(chain) || chain.length === 0 || chain.length > limits.svidChainCertificates)
    return fault("shape", `chain is not a list of 1 to ${limits.svidChainCertificates} certificates`);
  const certificates: Certificate[] = [];
  for (const item of chain as unknown[]) {
    const tooLong = typeof item === "string" && item.length > Math.ceil(limits.svidCertificateBytes / 3) * 4;
    const der = tooLong ? undefined : derOf(item);
    if (!der) return fault("shape", "a certificate is not base64 of sane length");
    const read = readCertificate(der);
    if (!read.ok) return fault("certificate", read.error);
    if (!signedWithSha2(der)) return fault("certificate", "a certificate is not signed with SHA-2");
    certificates.push(read.value);
  }
  const [leaf, ...authorities] = certificates;
  if (!leaf) return fault("shape", "chain is empty");
  const why = leafFault(leaf);
  if (why !== undefined) return fault("certificate", why);
  const spiffeId = leaf.uris?.length === 1 ? leaf.uris[0] : undefined;
  const id = spiffeId === undefined ? undefined : parseSpiffeId(spiffeId);
  if (spiffeId === undefined || !id || id.path === "")
    return fault("spiffe-id", "the leaf does not have exactly one URI, the SPIFFE ID of a workload");
  for (const authority of authorities) {
    const unfit = authorityFault(authority, id.trustDomain);
    if (unfit !== undefined) return fault("certificate", unfit);
  }
  return ok({ spiffeId, leaf, certificates });
}

function leafFault(leaf: Certificate): string | undefined {
  if (leaf.ca) return "the leaf is a certificate authority";
  if (leaf.keyUses?.has("keyCertSign") || leaf.keyUses?.has("cRLSign")) return "the leaf may sign certificates or CRLs";
  return leaf.keyUses?.has("digitalSignature") ? undefined : "the leaf may not sign documents";
}

function authorityFault({ ca, keyUses, uris }: Certificate, trustDomain: string): string | undefined {
  if (!ca) return "an intermediate is not a certificate authority";
  if (!keyUses?.has("keyCertSign")) return "an intermediate may not sign certificates";
  // SPIFFE X.509-SVID 3.2: the ID in a signing certificate, where there is one, is the ID of its trust domain
  return (uris ?? []).every((uri) => uri === `spiffe://${trustDomain}`)
    ? undefined
    : "an intermediate is not of the leaf's trust domain";
}

function signedWithSha2(der: Uint8Array): boolean {
  const read = readAsn1(der);
  if (!read.ok) return false;
  const [tbs, outer] = read.value.children;
  const inner = tbs?.children[2];
  if (!inner || !outer || !sameBytes(inner.bytes, outer.bytes)) return false;
  return signatureOids.has(outer.children[0]?.oid ?? "");
}

/**
 * Keys that are allowed in a path: P-256, P-384, and RSA of 2048 to 8192 bits without known weakness (`isFitRsaKey`).
 */
export function keyAllowed(key: KeyObject): boolean {
  const { namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "ec") return namedCurve === "prime256v1" || namedCurve === "secp384r1";
  if (key.asymmetricKeyType !== "rsa") return false;
  const { n = "", e = "" } = key.export({ format: "jwk" });
  return isFitRsaJwk(n, e);
}

const read = new WeakMap<SpiffeBundle, readonly Certificate[]>();

/**
 * A bundle's readable authorities, parsed once for each bundle. An unreadable one is ignored, so it anchors no path.
 */
function authoritiesOf(bundle: SpiffeBundle): readonly Certificate[] {
  const known = read.get(bundle);
  if (known) return known;
  const authorities = bundle.x509Authorities.flatMap((der) => {
    const certificate = readCertificate(der);
    return certificate.ok ? [certificate.value] : [];
  });
  read.set(bundle, authorities);
  return authorities;
}

/**
 * Evaluates a chain against the bundle of its own trust domain (RFC 5280 6.1); any authority of it may be the anchor,
 * and an authority that the chain itself contains ends the path.
 * @returns nothing when at least one path is valid
 */
export function chainFault(chain: SvidChain, bundle: SpiffeBundle, nowSeconds: number): ChainFault | undefined {
  let found: ChainFault = { check: "chain", why: "no authority of the trust domain issued it" };
  for (const anchor of authoritiesOf(bundle)) {
    const shown = chain.certificates.findIndex((c) => sameBytes(c.bytes, anchor.bytes));
    const path = shown < 0 ? chain.certificates : chain.certificates.slice(0, shown);
    const last = path[path.length - 1];
    if (!last || !namesMatch(last, anchor)) continue;
    const fault = pathFault([...path, anchor], nowSeconds, keyAllowed);
    if (!fault) return undefined;
    found = { ...fault, check: fault.expiredAtSeconds === undefined ? "chain" : "validity" };
  }
  return found;
}
