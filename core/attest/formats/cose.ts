import { type KeyObject, verify } from "node:crypto";
import { decode, encode } from "cborg";
import { err, ok, type Result } from "../../model/result.ts";

/** A COSE_Sign1 message (RFC 9052 4.2) whose signature is not verified yet. */
export interface CoseSign1 {
  /** The protected header as it was encoded, since the signature covers these bytes. */
  readonly protectedBytes: Uint8Array;
  readonly payload: Uint8Array;
  /** r || s of ES384, 96 bytes. */
  readonly signature: Uint8Array;
}

const es384 = -35;
const signatureBytes = 96;
/** Tag 18 in its shortest form. Every other tag is refused. */
const sign1Tag = 0xd2;

/**
 * Decodes one CBOR item (RFC 8949), strictly: shortest lengths, no map key twice, no tags, no floats beyond numbers,
 * nothing after the item. Maps become `Map`s, so that no key can reach a prototype.
 * @param bytes already bounded by the caller
 */
export function readCbor(bytes: Uint8Array): Result<unknown, string> {
  try {
    return ok(
      decode(bytes, {
        strict: true,
        useMaps: true,
        rejectDuplicateMapKeys: true,
        allowUndefined: false,
        allowInfinity: false,
        allowNaN: false,
        allowBigInt: false,
      }),
    );
  } catch {
    return err("not strict CBOR");
  }
}

/**
 * Reads a COSE_Sign1 of ES384, tagged or not. The protected header holds the algorithm and nothing else, the
 * unprotected one must be empty, since nothing unsigned is read.
 * @returns the message, or why it was refused
 */
export function readCoseSign1(bytes: Uint8Array): Result<CoseSign1, string> {
  const read = readCbor(bytes[0] === sign1Tag ? bytes.subarray(1) : bytes);
  if (!read.ok) return read;
  if (!Array.isArray(read.value) || read.value.length !== 4) return err("not an array of four");
  const [protectedBytes, unprotected, payload, signature] = read.value as readonly unknown[];
  if (!(protectedBytes instanceof Uint8Array)) return err("the protected header is not bytes");
  const header = readCbor(protectedBytes);
  if (!header.ok || !(header.value instanceof Map)) return err("the protected header is not a map");
  if (header.value.size !== 1 || header.value.get(1) !== es384) return err("the algorithm is not ES384");
  if (!(unprotected instanceof Map) || unprotected.size !== 0) return err("the unprotected header is not empty");
  if (!(payload instanceof Uint8Array) || payload.length === 0) return err("there is no payload");
  if (!(signature instanceof Uint8Array) || signature.length !== signatureBytes)
    return err("the signature is not 96 bytes");
  return ok({ protectedBytes, payload, signature });
}

/** True when the message was signed with ES384 by this P-384 key (RFC 9052 4.4, RFC 9053 2.1). */
export function verifyCoseSign1(message: CoseSign1, key: KeyObject): boolean {
  const signed = encode(["Signature1", message.protectedBytes, new Uint8Array(), message.payload]);
  return verifyEs384(signed, message.signature, key);
}

/**
 * Verifies an ES384 signature over plain bytes.
 * @param signature r || s, 96 bytes
 */
export const verifyEs384 = (signed: Uint8Array, signature: Uint8Array, key: KeyObject): boolean =>
  isP384(key) && verify("sha384", signed, { key, dsaEncoding: "ieee-p1363" }, signature);

/** Here ES384 means ECDSA with P-384 only: another curve would be a downgrade. */
export const isP384 = (key: KeyObject): boolean =>
  key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "secp384r1";
