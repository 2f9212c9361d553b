import { z } from "zod";
import { keySetOf } from "../../../core/keys/key-sets.ts";
import { bytesOfAscii, bytesOfBase64url } from "../../../core/text/base64url.ts";
import { type Evaluated, eachCase, type Outcome, topic } from "../document.ts";
import { bothHold } from "./both-paths.ts";

const algorithms = ["ES256", "ES384", "RS256", "PS256"];

/** Published as valid, but symmetric, which no key set of ours may be: whoever verifies could sign. */
const decided = (said: string, keys: readonly { readonly kty?: unknown }[]): Outcome =>
  said === "valid" && keys.some((key) => key.kty !== "oct") ? "valid" : "invalid";

/** What an issuer would publish of a key; the private members, with which it is left out unseen, are not the point here. */
const publicOf = ({ d, p, q, dp, dq, qi, ...rest }: Readonly<Record<string, unknown>>) => rest;

/** Finds the key a token names in its issuer's set, as for every token of ours, and verifies by it. */
async function evaluate(jws: string, keys: readonly Readonly<Record<string, unknown>>[]): Promise<Evaluated> {
  const set = keySetOf(keys.map(publicOf), algorithms);
  const refused = (reason: string): Evaluated => ({ outcome: "invalid", reason });
  let header: { readonly alg: string; readonly kid: string };
  try {
    header = JSON.parse(Buffer.from(jws.split(".")[0] ?? "", "base64url").toString("utf8"));
  } catch {
    return refused("the header is no JSON");
  }
  const { alg, kid } = header;
  if (!algorithms.includes(alg)) return refused("the algorithm is not allowed");
  const key = set.key(kid, alg);
  if (!key) return refused("the set has no usable key of this name and algorithm");
  const signed = jws.lastIndexOf(".");
  const signature = bytesOfBase64url(jws.slice(signed + 1));
  const message = bytesOfAscii(jws.slice(0, signed));
  if (signature && (await bothHold(alg, { key, message, signature }))) return { outcome: "valid", reason: alg };
  return refused("the signature is wrong");
}

const shape = z.looseObject({
  schema: z.literal("json_web_key_schema_v1.json"),
  testGroups: z.array(z.unknown()),
});
const group = z.looseObject({
  comment: z.string(),
  public: z.looseObject({ keys: z.array(z.looseObject({})) }).optional(),
  private: z.looseObject({ keys: z.array(z.looseObject({})) }),
  tests: z.array(z.unknown()),
});
const test = z.looseObject({ tcId: z.number(), comment: z.string(), jws: z.string(), result: z.string() });

/** Wycheproof's key sets: which key a token may be verified by, and whether that key is fit for anything. */
export const wycheproofKeys = topic(/_test\.json$/, shape, ({ testGroups }, folder, file) =>
  eachCase(
    testGroups,
    { folder, file, shape: group },
    ({ comment, public: published, private: { keys: all }, tests }) => {
      const keys = published?.keys ?? all;
      return eachCase(tests, { folder, file, shape: test }, ({ tcId, comment: what, jws, result }) => ({
        file: folder.label(file, `${tcId} ${comment} ${what}`),
        said: result,
        expected: [decided(result, keys)],
        evaluate: () => evaluate(jws, keys),
      }));
    },
  ),
);
