import { createPublicKey, type JsonWebKey, verify } from "node:crypto";
import type { JWK } from "jose";
import { z } from "zod";
import { readAsn1 } from "../../../core/attest/formats/asn1.ts";
import { isP384, verifyEs384 } from "../../../core/attest/formats/cose.ts";
import { verifyRsaSha256 } from "../../../core/attest/formats/instance-identity/verify.ts";
import { dpopAlgorithms } from "../../../core/jose/dpop.ts";
import { publicJwkFor } from "../../../core/jose/public-jwk.ts";
import { type Evaluated, eachCase, type Outcome, topic } from "../document.ts";
import { byBothPaths, type Signature } from "./both-paths.ts";

/** What is verified by an algorithm somewhere in Lanyard; where several do it, all must say the same. */
type Verifier = (alg: string, signed: Signature) => Promise<readonly boolean[]> | readonly boolean[];

/** As a token, and as the document of an enclave. */
const es384: Verifier = async (alg, signed) => [
  ...(await byBothPaths(alg, signed)),
  verifyEs384(signed.message, signed.signature, publicKey(signed)),
];

/** As a certificate in an enclave's path; one that holds must hold in COSE's form too. */
const es384Der: Verifier = (_alg, signed) => {
  const { message, signature } = signed;
  const key = publicKey(signed);
  if (!isP384(key) || !verify("sha384", message, key, signature)) return [false];
  const numbers = readAsn1(signature);
  if (!numbers.ok) return [true, false];
  const fixed = numbers.value.children.map(({ content }) => Buffer.concat([Buffer.alloc(48), content]).subarray(-48));
  return [true, verifyEs384(message, Buffer.concat(fixed), key)];
};

/** As a token, and as an instance's document. */
const rs256: Verifier = async (alg, signed) => [
  ...(await byBothPaths(alg, signed)),
  verifyRsaSha256(signed.message, signed.signature, publicKey(signed)),
];

const publicKey = ({ key }: Signature) => createPublicKey({ key: key as JsonWebKey, format: "jwk" });

/** By schema, hash and curve: the algorithm's name, and who verifies by it here. */
const verifiers: Readonly<Record<string, { readonly alg: string; readonly verifier: Verifier }>> = {
  "ecdsa_p1363_verify_schema_v1.json SHA-256 secp256r1": { alg: "ES256", verifier: byBothPaths },
  "ecdsa_p1363_verify_schema_v1.json SHA-384 secp384r1": { alg: "ES384", verifier: es384 },
  "ecdsa_verify_schema_v1.json SHA-384 secp384r1": { alg: "ES384", verifier: es384Der },
  "rsassa_pkcs1_verify_schema_v1.json SHA-256": { alg: "RS256", verifier: rs256 },
  "rsassa_pss_verify_schema_v1.json SHA-256 MGF1 SHA-256 32": { alg: "PS256", verifier: byBothPaths },
  "eddsa_verify_schema_v1.json edwards25519": { alg: "Ed25519", verifier: byBothPaths },
};

const jwk = z.looseObject({ kty: z.string() });
const group = z
  .looseObject({
    sha: z.string().optional(),
    mgf: z.string().optional(),
    mgfSha: z.string().optional(),
    sLen: z.number().optional(),
    publicKey: z.looseObject({ curve: z.string().optional() }).optional(),
    publicKeyJwk: jwk.optional(),
    keyJwk: jwk.optional(),
    publicKeyPem: z.string().optional(),
    tests: z.array(z.unknown()),
  })
  .refine((one) => one.publicKeyJwk ?? one.keyJwk ?? one.publicKeyPem, "has no public key");
const shape = z.looseObject({
  schema: z.enum([
    "ecdsa_p1363_verify_schema_v1.json",
    "ecdsa_verify_schema_v1.json",
    "rsassa_pkcs1_verify_schema_v1.json",
    "rsassa_pss_verify_schema_v1.json",
    "eddsa_verify_schema_v1.json",
  ]),
  testGroups: z.array(z.unknown()),
});
const test = z.looseObject({
  tcId: z.number(),
  comment: z.string(),
  msg: z.string(),
  sig: z.string(),
  result: z.enum(["valid", "invalid", "acceptable"]),
  flags: z.array(z.string()).default([]),
});

type Group = z.infer<typeof group>;

/** The key as an issuer would publish it. */
const published = ({ publicKeyJwk, keyJwk, publicKeyPem = "" }: Group): JWK => {
  const { kty, crv, x, y, n, e } = (publicKeyJwk ??
    keyJwk ??
    createPublicKey(publicKeyPem).export({ format: "jwk" })) as JWK;
  return Object.fromEntries(Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined)) as JWK;
};

/** The verifier of a group; undefined where no list of ours has its algorithm. */
function verifierOf(schema: string, one: Group) {
  const parts = [one.sha, one.publicKey?.curve, one.mgf, one.mgfSha, one.sLen];
  return verifiers[[schema, ...parts.filter((part) => part !== undefined)].join(" ")];
}

async function evaluate(found: ReturnType<typeof verifierOf>, signed: Signature): Promise<Evaluated> {
  if (!found || !dpopAlgorithms.some((alg) => alg === found.alg))
    return { outcome: "invalid", reason: "the algorithm is not allowed" };
  const key = publicJwkFor(found.alg, signed.key);
  if (!key) return { outcome: "invalid", reason: "the key is not one for this algorithm" };
  const said = await found.verifier(found.alg, { ...signed, key });
  if (new Set(said).size > 1) throw new Error(`verifiers of ${found.alg} disagree: ${said.join(", ")}`);
  return said[0] ? { outcome: "valid", reason: found.alg } : { outcome: "invalid", reason: "the signature is wrong" };
}

/** A good signature under an RSA key of exponent 3 is refused with its key: a lenient check elsewhere can be forged. */
const unfit = "SmallPublicKey";

const outcomes = (result: string, allowed: boolean): readonly Outcome[] =>
  !allowed ? ["invalid"] : result === "acceptable" ? ["valid", "invalid"] : [result as Outcome];

/**
 * Wycheproof's bare signatures, each by every function of ours that verifies by its algorithm; one that no list of ours
 * has is refused, whatever the signature.
 */
export const wycheproofSignatures = topic(/_test\.json$/, shape, ({ schema, testGroups }, folder, file) =>
  eachCase(testGroups, { folder, file, shape: group }, (one) => {
    const found = verifierOf(schema, one);
    const key = published(one);
    return eachCase(one.tests, { folder, file, shape: test }, ({ tcId, comment, msg, sig, result, flags }) => ({
      file: folder.label(file, `${tcId} ${comment}`.trim()),
      said: result,
      expected: outcomes(result, found !== undefined && !flags.includes(unfit)),
      evaluate: () => evaluate(found, { key, message: Buffer.from(msg, "hex"), signature: Buffer.from(sig, "hex") }),
    }));
  }),
);
