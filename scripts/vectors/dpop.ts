import { z } from "zod";
import { verifyDpop } from "../../core/dpop.ts";
import { accepts, denialText, eachCase, judged, type Outcome, topic } from "./document.ts";

/** Where the notes leave it to us, or ask for what is decided elsewhere: what we chose. */
export const chosenProofs: ReadonlyMap<string, Outcome> = new Map<string, Outcome>([
  ["good-rs256", "valid"],
  ["good-eddsa", "valid"],
  ["good-es384", "valid"],
  ["htu-with-query", "valid"], // RFC 9449 4.3, check 9: query and fragment are ignored
  ["htu-host-case", "valid"], // RFC 3986 normalization, as RFC 9449 4.3 allows
  ["htu-dot-segments", "valid"],
  ["htu-percent", "valid"],
  ["jku", "valid"], // never fetched
  ["ath-missing", "invalid"],
  ["nonce-missing-when-required", "valid"], // no nonce is asked for yet
  ["nonce-wrong", "valid"],
  ["jkt-mismatch", "valid"], // the proof itself holds: whoever knows the bound key compares
  ["replay", "valid"], // the marker burns it
  ["bearer-scheme-with-bound-token", "valid"], // the resource server reads the scheme
]);

const shape = z.looseObject({
  now: z.number(),
  method: z.string(),
  url: z.string(),
  access_token: z.string(),
  cases: z.array(z.unknown()),
});
const proofCase = z.looseObject({
  name: z.string(),
  proof: z.string().nullable(),
  expected: z.string(),
  request_url: z.string().optional(),
});

/** DPoP proofs (RFC 9449 4.3). */
export const dpopProofs = topic(/^dpop-cases\.json$/, shape, (given, folder, file) => {
  const { now: nowSeconds, method, access_token: accessToken } = given;
  return eachCase(
    given.cases,
    { folder, file, shape: proofCase },
    ({ name, proof, expected, request_url: url = given.url }) => ({
      file: folder.label(file, name),
      said: expected,
      expected: accepts(expected, chosenProofs.get(name)),
      judge: async () =>
        judged(
          await verifyDpop({ proofs: proof ? [proof] : [], method, url, nowSeconds, accessToken }),
          ({ jkt }) => `key ${jkt}`,
          denialText,
        ),
    }),
  );
});
