import type { JWK } from "jose";
import { bytesOfBase64url } from "../text/base64url.ts";
import { isFitRsaJwk } from "./rsa-key.ts";

interface KeyShape {
  readonly kty: "EC" | "RSA" | "OKP";
  readonly crv?: string;
  /** Members that the public key consists of, each base64url. */
  readonly members: readonly ("x" | "y" | "n" | "e")[];
  /**
   * Bytes of each member, where a curve gives them (RFC 7518 6.2.1.2, RFC 8037 2). A shorter member is not another
   * spelling of the same key.
   */
  readonly bytes?: number;
}

const ec = (crv: string, bytes: number): KeyShape => ({ kty: "EC", crv, members: ["x", "y"], bytes });
const ed25519: KeyShape = { kty: "OKP", crv: "Ed25519", members: ["x"], bytes: 32 };
const rsa: KeyShape = { kty: "RSA", members: ["n", "e"] };

/** RFC 7518 3.1, RFC 8037 3.1, RFC 9864 2.2: each algorithm has one kind of key. */
const shapes = new Map<string, KeyShape>([
  ["ES256", ec("P-256", 32)],
  ["ES384", ec("P-384", 48)],
  ["Ed25519", ed25519],
  ["EdDSA", ed25519],
  ["RS256", rsa],
  ["PS256", rsa],
]);

/** RFC 7518 6: a party that publishes one of these has leaked its private key, or wants HMAC with public material. */
const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/**
 * Reads a stranger's JWK (RFC 7517) as a public key for exactly one algorithm: the key's own `kty`, `crv`, `alg`, `use`
 * and `key_ops` must all allow it, so that no header can make a key serve another algorithm (RFC 8725 3.1).
 * @returns a fresh JWK with only the members of the key, undefined for anything else
 */
export function publicJwkFor(alg: string, value: unknown): JWK | undefined {
  const shape = shapes.get(alg);
  if (!shape || typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const jwk = value as Readonly<Record<string, unknown>>;
  if (privateMembers.some((member) => Object.hasOwn(jwk, member))) return undefined;
  if (jwk.kty !== shape.kty || (shape.crv !== undefined && jwk.crv !== shape.crv)) return undefined;
  if (jwk.alg !== undefined && jwk.alg !== alg) return undefined;
  if (jwk.use !== undefined && jwk.use !== "sig") return undefined;
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes("verify"))) return undefined;
  const clean: JWK = { kty: shape.kty, alg, ...(shape.crv === undefined ? {} : { crv: shape.crv }) };
  for (const member of shape.members) {
    const part = jwk[member];
    if (typeof part !== "string" || part.length > 1024) return undefined;
    const bytes = bytesOfBase64url(part)?.length;
    if (bytes === undefined || (shape.bytes !== undefined && bytes !== shape.bytes)) return undefined;
    clean[member] = part;
  }
  // anybody can forge signatures of such a key, even if an honest issuer published it
  if (shape.kty === "RSA" && !isFitRsaJwk(clean.n ?? "", clean.e ?? "")) return undefined;
  return clean;
}

/**
 * What the RFC 7638 thumbprint of a public key is the SHA-256 of: its required members in the order that the RFC
 * prescribes.
 * @param jwk from {@link publicJwkFor}, so that every member is present and needs no escaping
 */
export function thumbprintInput({ kty, crv, x, y, n, e }: JWK): string {
  if (kty === "RSA") return `{"e":"${e}","kty":"RSA","n":"${n}"}`;
  if (kty === "EC") return `{"crv":"${crv}","kty":"EC","x":"${x}","y":"${y}"}`;
  return `{"crv":"${crv}","kty":"${kty}","x":"${x}"}`;
}
