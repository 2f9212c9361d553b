import { z } from "zod";
import { publicJwkFor } from "../../../core/jose/public-jwk.ts";
import { type Evaluated, eachCase, topic } from "../document.ts";
import { evaluateJws } from "./wycheproof-jws.ts";

const shape = z.looseObject({ schema: z.literal("mac_test_schema_v1.json"), testGroups: z.array(z.unknown()) });
const group = z.looseObject({ keySize: z.number(), tagSize: z.number(), tests: z.array(z.unknown()) });
const test = z.looseObject({
  tcId: z.number(),
  comment: z.string(),
  key: z.string(),
  msg: z.string(),
  tag: z.string(),
  result: z.enum(["valid", "invalid", "acceptable"]),
});

/** The tag as a token would carry it, with the key in the issuer's set: whoever verified by that could sign. */
async function evaluate(key: string, msg: string, tag: string): Promise<Evaluated> {
  const encoded = (hex: string) => Buffer.from(hex, "hex").toString("base64url");
  const jwk = { kty: "oct", k: encoded(key) };
  const usable = ["HS256", "RS256", "ES256"].find((alg) => publicJwkFor(alg, jwk));
  if (usable !== undefined) return { outcome: "valid", reason: `a secret was taken for a public key of ${usable}` };
  const header = Buffer.from('{"alg":"HS256"}').toString("base64url");
  return evaluateJws(`${header}.${encoded(msg)}.${encoded(tag)}`, { ...jwk, alg: "HS256" });
}

/** Wycheproof's MACs: no list of ours has one, so that every tag is refused, a good one too. */
export const wycheproofMacs = topic(/_test\.json$/, shape, ({ testGroups }, folder, file) =>
  eachCase(testGroups, { folder, file, shape: group }, ({ tests }) =>
    eachCase(tests, { folder, file, shape: test }, ({ tcId, comment, key, msg, tag, result }) => ({
      file: folder.label(file, `${tcId} ${comment}`.trim()),
      said: result,
      expected: ["invalid" as const],
      evaluate: () => evaluate(key, msg, tag),
    })),
  ),
);
