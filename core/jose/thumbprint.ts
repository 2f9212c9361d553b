import type { JWK } from "jose";

/**
 * What the RFC 7638 thumbprint of a public key is the SHA-256 of: its required members in their one order.
 * @param jwk read by `publicJwkFor`, so that every member is there and needs no escaping
 */
export function thumbprintInput({ kty, crv, x, y, n, e }: JWK): string {
  if (kty === "RSA") return `{"e":"${e}","kty":"RSA","n":"${n}"}`;
  if (kty === "EC") return `{"crv":"${crv}","kty":"EC","x":"${x}","y":"${y}"}`;
  return `{"crv":"${crv}","kty":"${kty}","x":"${x}"}`;
}
