import type { KeyObject } from "node:crypto";
import { type Certificate, namesMatch } from "./x509.ts";

/** Why a path is not valid. */
export interface PathFault {
  readonly why: string;
  /** Set when nothing is wrong except that a certificate has expired. */
  readonly expiredAtSeconds?: number;
}

/**
 * Evaluates a certification path (RFC 5280 6.1) from the end certificate to a root that is trusted already. Names must
 * chain, every signature must verify and every certificate must be valid now. A certificate that signs another must be
 * a CA that may do so (keyCertSign, pathLenConstraint). The end certificate must not be a CA and must be allowed to
 * sign documents (digitalSignature).
 * @param path the end first, the root last
 * @param keyAllowed which keys are allowed in the path
 * @returns nothing when the path is valid
 */
export function pathFault(
  path: readonly Certificate[],
  nowSeconds: number,
  keyAllowed: (key: KeyObject) => boolean,
): PathFault | undefined {
  const [end, ...authorities] = path;
  if (!end || authorities.length === 0) return { why: "the path has no issuer" };
  if (path.some((c) => !keyAllowed(c.publicKey))) return { why: "a key in the path is not of the allowed kind" };
  if (end.ca || end.keyUses?.has("keyCertSign")) return { why: "the last certificate is an authority's" };
  if (!end.keyUses?.has("digitalSignature")) return { why: "the last certificate may not sign documents" };
  for (const [below, authority] of authorities.entries()) {
    const why = authorityFault(authority, below) ?? linkFault(path[below], authority);
    if (why !== undefined) return { why };
  }
  return validityFault(path, nowSeconds);
}

/** @param below number of intermediates between it and the end certificate */
function authorityFault(authority: Certificate, below: number): string | undefined {
  if (!authority.ca) return "an issuer is not a certificate authority";
  if (!authority.keyUses?.has("keyCertSign")) return "an issuer may not sign certificates";
  return authority.pathLength !== undefined && authority.pathLength < below
    ? "the path is longer than allowed"
    : undefined;
}

function linkFault(certificate: Certificate | undefined, authority: Certificate): string | undefined {
  if (!certificate || !namesMatch(certificate, authority)) return "a certificate names another issuer";
  return certificate.signedBy(authority.publicKey) ? undefined : "a certificate's signature is wrong";
}

function validityFault(path: readonly Certificate[], nowSeconds: number): PathFault | undefined {
  // no skew: even the shortest-lived of these certificates live for hours, and the document's own age is checked
  // separately
  if (!path.every((c) => c.notBeforeSeconds <= nowSeconds)) return { why: "a certificate is not valid yet" };
  const expiredAtSeconds = Math.min(...path.map((c) => c.notAfterSeconds));
  return nowSeconds <= expiredAtSeconds ? undefined : { why: "a certificate has expired", expiredAtSeconds };
}
