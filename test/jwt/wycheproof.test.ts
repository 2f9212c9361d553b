import { compactVerify, type JWK } from "jose";
import { describe, expect, it } from "vitest";
import { isCanonicalBase64url } from "../../core/compact-jws.ts";
import { publicJwkFor } from "../../core/public-jwk.ts";
import { vectors } from "../fakes/vectors.ts";

interface Group {
  readonly comment: string;
  readonly public?: JWK;
  readonly private: JWK;
  readonly tests: readonly { tcId: number; comment: string; jws: string; result: string }[];
}

const { testGroups } = vectors<{ testGroups: readonly Group[] }>("wycheproof/json_web_signature_test.json");
const algorithms = ["ES256", "ES384", "RS256", "PS256"];
/** Marked valid, but the key is for PS256 and the header says PS384, or a segment has a '?' in it. */
const stricter = [346, 350, 372, 373];

/** The way every token of ours is verified, but for claims, which these payloads do not have. */
async function accepted(jws: string, jwk: JWK): Promise<boolean> {
  const segments = jws.split(".");
  if (segments.length !== 3 || !segments.every((s, i) => (i === 1 && s === "") || isCanonicalBase64url(s)))
    return false;
  let alg: unknown;
  try {
    alg = JSON.parse(Buffer.from(segments[0] ?? "", "base64url").toString()).alg;
  } catch {
    return false;
  }
  if (typeof alg !== "string" || !algorithms.includes(alg)) return false;
  const key = publicJwkFor(alg, jwk);
  if (!key) return false;
  return compactVerify(jws, key, { algorithms }).then(
    () => true,
    () => false,
  );
}

describe("Wycheproof JWS", () => {
  for (const group of testGroups) {
    const key = group.public ?? group.private;
    const usable = key.alg !== undefined && algorithms.includes(key.alg);
    it.each(group.tests)(`${group.comment} $tcId is judged as published or stricter: $comment`, async (test) => {
      const wanted = usable && test.result === "valid" && !stricter.includes(test.tcId);
      const result = await accepted(test.jws, key);
      if (test.result === "acceptable") return;
      expect(result).toBe(wanted);
    });
  }
});
