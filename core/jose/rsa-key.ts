import { bytesOfBase64url } from "../text/base64url.ts";

/** Small odd primes by which keys of the faulty Infineon generator are recognized. */
const primes = [
  ...[3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73],
  ...[79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167],
] as const;
const product = primes.reduce((all, prime) => all * BigInt(prime), 1n);

/** Residues that powers of 65537 have modulo a prime. */
function powersModulo(prime: number): ReadonlySet<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * 65_537) % prime) powers.add(power);
  return powers;
}
const powers = primes.map((prime) => [BigInt(prime), powersModulo(prime)] as const);

const bitsMin = 2_048n;
const bitsMax = 8_192n;

/**
 * True when signatures by an RSA public key can be trusted (FIPS 186-5 5.1, A.1.1; RFC 7518 3.3): 2048 to 8192 bits,
 * and an odd exponent above 2^16. With exponent 1 anybody can sign, and with a small one a signature that is checked
 * leniently can be forged. Keys of the Infineon library are refused too (ROCA, CVE-2017-15361), since they can be
 * factored. All of them are powers of 65537 modulo every small prime; of other keys only one in 2^27 is, by chance.
 * @param modulus `n`
 * @param exponent `e`
 */
export function isFitRsaKey(modulus: bigint, exponent: bigint): boolean {
  if (modulus < 1n << (bitsMin - 1n) || modulus >= 1n << bitsMax || modulus % 2n === 0n) return false;
  if (exponent <= 65_536n || exponent >= 1n << 256n || exponent % 2n === 0n) return false;
  // one long division, then only short ones
  const residue = modulus % product;
  return !powers.every(([prime, residues]) => residues.has(Number(residue % prime)));
}

/** As {@link isFitRsaKey}, for a JWK's members `n` and `e`, base64url. */
export const isFitRsaJwk = (n: string, e: string): boolean => isFitRsaKey(integerOf(n), integerOf(e));

/** An unsigned integer, big-endian (RFC 7518 2). */
function integerOf(text: string): bigint {
  let hex = "0x0";
  for (const byte of bytesOfBase64url(text) ?? []) hex += byte.toString(16).padStart(2, "0");
  return BigInt(hex);
}
