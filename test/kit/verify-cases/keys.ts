import {
  checkPrimeSync,
  constants,
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  type JsonWebKey,
  type KeyObject,
  privateEncrypt,
  sign,
} from "node:crypto";

/** A key of the cases: the same at every generation, made of its name, and signing without randomness. */
export interface CaseKey {
  readonly alg: string;
  readonly jwk: Readonly<Record<string, string>>;
  /** RFC 7638 thumbprint. */
  readonly jkt: string;
  /** A signature as JOSE writes it. */
  sign(input: Buffer): Buffer;
}

const integer = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex") || "0"}`);
const bytesOf = (value: bigint, length: number): Buffer =>
  Buffer.from(value.toString(16).padStart(2 * length, "0"), "hex");
const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");

/** Bytes that follow from a name. */
export function streamOf(name: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, n) =>
    createHash("sha256").update(`lanyard verify cases ${n} ${name}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let [b, e] = [base % modulus, exponent]; e > 0n; e >>= 1n, b = (b * b) % modulus)
    if (e & 1n) result = (result * b) % modulus;
  return result;
}

/** A thumbprint's members stand in the order of the alphabet (RFC 7638 3.3). */
const thumbprint = (jwk: Readonly<Record<string, string>>): string =>
  createHash("sha256")
    .update(JSON.stringify(Object.fromEntries(Object.entries(jwk).sort(([a], [b]) => (a < b ? -1 : 1)))))
    .digest("base64url");

const curves = {
  ES256: {
    crv: "P-256",
    name: "prime256v1",
    hash: "sha256",
    bytes: 32,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  ES384: {
    crv: "P-384",
    name: "secp384r1",
    hash: "sha384",
    bytes: 48,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
} as const;

/** An ECDSA key whose signatures have no randomness (RFC 6979), so that generating the cases again gives the same. */
export function ecKey(name: string, alg: "ES256" | "ES384" = "ES256"): CaseKey {
  const { crv, name: curve, hash, bytes, order } = curves[alg];
  const secret = (integer(streamOf(name, bytes + 8)) % (order - 1n)) + 1n;
  const point = (scalar: bigint): Buffer => {
    const ecdh = createECDH(curve);
    ecdh.setPrivateKey(bytesOf(scalar, bytes));
    return ecdh.getPublicKey();
  };
  const open = point(secret);
  const jwk = { kty: "EC", crv, x: b64(open.subarray(1, 1 + bytes)), y: b64(open.subarray(1 + bytes)) };
  const mac = (key: Buffer, ...parts: readonly Buffer[]) => createHmac(hash, key).update(Buffer.concat(parts)).digest();
  return {
    ...{ alg, jwk, jkt: thumbprint(jwk) },
    sign(input) {
      const digest = integer(createHash(hash).update(input).digest());
      const seed = Buffer.concat([bytesOf(secret, bytes), bytesOf(digest % order, bytes)]);
      let [k, v] = [Buffer.alloc(bytes, 0), Buffer.alloc(bytes, 1)];
      for (const step of [0, 1]) {
        k = mac(k, v, Buffer.from([step]), seed);
        v = mac(k, v);
      }
      for (;;) {
        v = mac(k, v);
        const scalar = integer(v);
        if (scalar >= 1n && scalar < order) {
          const r = integer(point(scalar).subarray(1, 1 + bytes)) % order;
          const s = (power(scalar, order - 2n, order) * (digest + r * secret)) % order;
          return Buffer.concat([bytesOf(r, bytes), bytesOf(s, bytes)]);
        }
        k = mac(k, v, Buffer.from([0]));
        v = mac(k, v);
      }
    },
  };
}

/** The same signature with s turned about the order: another spelling that every verifier of ECDSA accepts. */
export const otherS = (signature: Buffer): Buffer => {
  const { order } = curves.ES256;
  return Buffer.concat([signature.subarray(0, 32), bytesOf(order - integer(signature.subarray(32)), 32)]);
};

/** A key of Ed25519, whose signatures have no randomness anyway. */
export function edKey(name: string, alg: "Ed25519" | "EdDSA" = "Ed25519"): CaseKey {
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), streamOf(name, 32)]);
  const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  const { kty = "", crv = "", x = "" } = key.export({ format: "jwk" });
  const jwk = { kty, crv, x };
  return { alg, jwk, jkt: thumbprint(jwk), sign: (input) => sign(null, input, key) };
}

function primeOf(name: string, bytes: number): bigint {
  for (let n = 0; ; n++) {
    const candidate = streamOf(`${name} ${n}`, bytes);
    candidate[0] = (candidate[0] ?? 0) | 0xc0;
    candidate[bytes - 1] = (candidate[bytes - 1] ?? 0) | 1;
    if (checkPrimeSync(candidate) && integer(candidate) % 65_537n !== 1n) return integer(candidate);
  }
}

function rsaPair(name: string, bits: number): { readonly jwk: CaseKey["jwk"]; readonly key: KeyObject } {
  const [p, q, e] = [primeOf(`${name} p`, bits / 16), primeOf(`${name} q`, bits / 16), 65_537n];
  const phi = (p - 1n) * (q - 1n);
  // e is prime: its inverse is (1 + phi·k) / e for the one k that makes it whole
  let k = 1n;
  while ((1n + phi * k) % e !== 0n) k++;
  const d = (1n + phi * k) / e;
  const text = (value: bigint) => b64(bytesOf(value, (value.toString(16).length + 1) >> 1));
  const jwk = { kty: "RSA", n: text(p * q), e: text(e) };
  const all = { ...jwk, d: text(d), p: text(p), q: text(q), dp: text(d % (p - 1n)), dq: text(d % (q - 1n)) };
  const key = createPrivateKey({ key: { ...all, qi: text(power(q, p - 2n, p)) } as JsonWebKey, format: "jwk" });
  return { jwk, key };
}

/** An RSA key of 2,048 bits, for PKCS #1 1.5, which has no randomness. */
export function rsaKey(name: string, bits = 2048): CaseKey {
  const { jwk, key } = rsaPair(name, bits);
  return { alg: "RS256", jwk, jkt: thumbprint(jwk), sign: (input) => sign("sha256", input, key) };
}

/** An RSA key for PSS (RFC 8017 9.1.1) with a salt that follows from what is signed. */
export function pssKey(name: string, saltBytes = 32): CaseKey {
  const { jwk, key } = rsaPair(name, 2048);
  const hash = (...parts: readonly Buffer[]) => createHash("sha256").update(Buffer.concat(parts)).digest();
  return {
    ...{ alg: "PS256", jwk, jkt: thumbprint(jwk) },
    sign(input) {
      const salt = streamOf(`salt ${hash(input).toString("hex")}`, saltBytes);
      const h = hash(Buffer.alloc(8), hash(input), salt);
      const data = Buffer.concat([Buffer.alloc(256 - saltBytes - 34), Buffer.from([1]), salt]);
      const mask = Buffer.concat(
        Array.from({ length: Math.ceil(data.length / 32) }, (_, n) => hash(h, Buffer.from([0, 0, 0, n]))),
      );
      for (const [at, byte] of data.entries()) data[at] = byte ^ (mask[at] ?? 0);
      data[0] = (data[0] ?? 0) & 0x7f;
      const padded = Buffer.concat([data, h, Buffer.from([0xbc])]);
      return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, padded);
    },
  };
}

/** A compact JWS with exactly these parts; a text is taken as it is. */
export function jws(key: CaseKey, header: object | string, payload: object | string): string {
  const part = (value: object | string) => b64(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${b64(key.sign(Buffer.from(input)))}`;
}
