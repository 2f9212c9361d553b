/**
 * Signs a digest that was computed elsewhere, as KMS does for `MessageType: DIGEST`. `crypto.sign` cannot: it hashes
 * its input again, even with a null algorithm. Not constant in time: for a harness only.
 */
import { constants, createECDH, type KeyObject, privateEncrypt, randomBytes } from "node:crypto";

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const sha256DigestInfo = Buffer.from("3031300d060960864801650304020105000420", "hex");

/**
 * ECDSA over P-256.
 * @param digest 32 bytes
 * @param privateKey an EC key on P-256
 * @returns the signature as DER, as KMS gives it
 */
export function signP256Digest(digest: Buffer, privateKey: KeyObject): Buffer {
  const { d = "" } = privateKey.export({ format: "jwk" });
  const secret = toBigInt(Buffer.from(d, "base64url"));
  for (;;) {
    const nonce = randomBytes(32);
    const k = toBigInt(nonce);
    if (k === 0n || k >= order) continue;
    const point = createECDH("prime256v1");
    point.setPrivateKey(nonce);
    const r = toBigInt(point.getPublicKey().subarray(1, 33)) % order;
    const s = mod(inverse(k) * (toBigInt(digest) + r * secret));
    if (r !== 0n && s !== 0n) return derSequence(derInteger(r), derInteger(s));
  }
}

/** RSASSA-PKCS1-v1_5 over a SHA-256 digest. */
export function signRsaDigest(digest: Buffer, privateKey: KeyObject): Buffer {
  const padding = constants.RSA_PKCS1_PADDING;
  return privateEncrypt({ key: privateKey, padding }, Buffer.concat([sha256DigestInfo, digest]));
}

function inverse(value: bigint): bigint {
  let [a, b, x, y] = [value, order, 1n, 0n];
  while (a !== 0n) {
    const quotient = b / a;
    [a, b] = [b % a, a];
    [x, y] = [y - quotient * x, x];
  }
  return mod(y);
}

function mod(value: bigint): bigint {
  return ((value % order) + order) % order;
}

function toBigInt(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString("hex")}`);
}

/** DER INTEGER: the fewest bytes that hold the number, with a zero before a leading bit. */
export function derInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  const body = (bytes[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
  return Buffer.concat([Buffer.from([0x02, body.length]), body]);
}

function derSequence(...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}
