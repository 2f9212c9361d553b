import { createPublicKey } from "node:crypto";
import type { JWK } from "jose";
import { z } from "zod";
import { publicJwkFor } from "../../../core/jose/public-jwk.ts";
import { bytesOfAscii, bytesOfBase64url } from "../../../core/text/base64url.ts";
import { derToJose } from "../../../lambdas/aws/kms/keys.ts";
import { accepts, type Evaluated, eachCase, type Outcome, topic } from "../document.ts";
import { bothHold } from "./both-paths.ts";

const algorithms = ["ES256", "ES384", "RS256", "PS256"];
/** Published as valid, but the key is for PS256 and the header says PS384, or a segment has a '?' in it. */
const stricter = new Set([346, 350, 372, 373]);

/** The way every token of ours is verified, but for claims, which these payloads do not have. */
export async function evaluateJws(jws: string, jwk: JWK): Promise<Evaluated> {
  const refused = (reason: string): Evaluated => ({ outcome: "invalid", reason });
  const segments = jws.split(".");
  if (segments.length !== 3) return refused("not three segments");
  const [, , signature] = segments.map((s, i) => (i === 1 && s === "" ? new Uint8Array() : bytesOfBase64url(s)));
  if (!segments.every((s, i) => (i === 1 && s === "") || bytesOfBase64url(s)) || !signature)
    return refused("not base64url");
  let alg: unknown;
  try {
    alg = JSON.parse(Buffer.from(segments[0] ?? "", "base64url").toString()).alg;
  } catch {
    return refused("the header is no JSON");
  }
  if (typeof alg !== "string" || !algorithms.includes(alg)) return refused("the algorithm is not allowed");
  const key = publicJwkFor(alg, jwk);
  if (!key) return refused("the key is not one for this algorithm");
  const message = bytesOfAscii(jws.slice(0, jws.lastIndexOf(".")));
  if (await bothHold(alg, { key, message, signature })) return { outcome: "valid", reason: alg };
  return refused("the signature is wrong");
}

/** What Wycheproof's word means where the algorithm must be allowed too. */
export function jwsOutcomes(test: { readonly tcId: number; readonly result: string }, key: JWK): readonly Outcome[] {
  if (test.result === "acceptable") return ["valid", "invalid"];
  const usable = key.alg !== undefined && algorithms.includes(key.alg);
  return [usable && test.result === "valid" && !stricter.has(test.tcId) ? "valid" : "invalid"];
}

const jwk = z.looseObject({ kty: z.string(), alg: z.string().optional() });
const signatures = z.looseObject({
  schema: z.literal("json_web_signature_schema_v1.json"),
  testGroups: z.array(z.unknown()),
});
const keyGroup = z.looseObject({ public: jwk.optional(), private: jwk, tests: z.array(z.unknown()) });
const jwsTest = z.looseObject({ tcId: z.number(), comment: z.string(), jws: z.string(), result: z.string() });

/** Wycheproof's compact JWS. */
export const wycheproofJws = topic(/_test\.json$/, signatures, ({ testGroups }, folder, file) =>
  eachCase(testGroups, { folder, file, shape: keyGroup }, (group) =>
    eachCase(group.tests, { folder, file, shape: jwsTest }, (test) => {
      const key = (group.public ?? group.private) as JWK;
      return {
        file: folder.label(file, `${test.tcId} ${test.comment}`),
        said: test.result,
        expected: jwsOutcomes(test, key),
        evaluate: () => evaluateJws(test.jws, key),
      };
    }),
  ),
);

const ecdsaGroup = z.looseObject({
  sha: z.literal("SHA-256"),
  publicKey: z.looseObject({ curve: z.literal("secp256r1") }),
  publicKeyPem: z.string(),
  tests: z.array(z.unknown()),
});
const ecdsa = z.looseObject({
  schema: z.literal("ecdsa_verify_schema_v1.json"),
  // a file of another curve or hash is none of these, to be told once and not group by group
  testGroups: z.array(z.unknown()).refine((groups) => groups.some((one) => ecdsaGroup.safeParse(one).success)),
});
const ecdsaTest = z.looseObject({
  tcId: z.number(),
  comment: z.string(),
  msg: z.string(),
  sig: z.string(),
  result: z.string(),
});

/** Wycheproof's ECDSA in DER: what KMS answers, converted to JOSE's form by our own code and verified as that. */
export const wycheproofEcdsa = topic(/_test\.json$/, ecdsa, ({ testGroups }, folder, file) =>
  eachCase(testGroups, { folder, file, shape: ecdsaGroup }, ({ publicKeyPem, tests }) => {
    const key = createPublicKey(publicKeyPem).export({ format: "jwk" }) as JWK;
    const evaluate = async (msg: string, sig: string): Promise<Evaluated> => {
      let signature: Uint8Array;
      try {
        signature = derToJose(Buffer.from(sig, "hex"));
      } catch (cause) {
        return { outcome: "invalid", reason: cause instanceof Error ? cause.message : "no signature in DER" };
      }
      const holds = await bothHold("ES256", { key, message: Buffer.from(msg, "hex"), signature });
      return holds ? { outcome: "valid", reason: "ES256" } : { outcome: "invalid", reason: "the signature is wrong" };
    };
    return eachCase(tests, { folder, file, shape: ecdsaTest }, ({ tcId, comment, msg, sig, result }) => ({
      file: folder.label(file, `${tcId} ${comment}`),
      said: result,
      expected: result === "acceptable" ? (["valid", "invalid"] as const) : accepts(result),
      evaluate: () => evaluate(msg, sig),
    }));
  }),
);
