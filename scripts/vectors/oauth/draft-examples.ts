import { z } from "zod";
import { dpopAlgorithms } from "../../../core/jose/dpop.ts";
import { publicJwkFor } from "../../../core/jose/public-jwk.ts";
import { readSpiffeBundle } from "../../../core/keys/spiffe-bundle.ts";
import { eachCase, evaluated, notOurs, topic, unreadable, type VectorDocument } from "../document.ts";
import { evaluateStrangeForm } from "./strange-request.ts";

const shape = z.looseObject({ examples: z.array(z.unknown()) });
const example = z.looseObject({
  repo: z.string(),
  json: z.looseObject({}).nullish(),
  text: z.string().nullish(),
});

/** Drafts of which blocks are here, and what of them we do not do. */
const drafts: Readonly<Record<string, string>> = {
  "oauth-wg/oauth-transaction-tokens": "transaction tokens: we issue and read none",
  "oauth-wg/oauth-identity-chaining": "identity chaining: we neither issue nor take a grant of another domain",
  "oauth-wg/draft-ietf-oauth-attestation-based-client-auth":
    "client attestation by header: our callers show a JWT-SVID",
  "arndt-s/oauth-spiffe-client-authentication": "a client of another trust domain: we take our own JWT-SVIDs alone",
  "ietf-wg-wimse/draft-ietf-wimse-s2s-protocol": "workload tokens and proofs of WIMSE: we issue and read none",
};

type Trial = Pick<VectorDocument, "said" | "expected" | "evaluate">;

/** A key as we take strangers' keys: public, and for one algorithm. */
const key = (jwk: object): Trial => ({
  said: "d" in jwk ? "a private key" : "a public key",
  expected: ["d" in jwk ? "invalid" : "valid"],
  evaluate: () => {
    const alg = dpopAlgorithms.find((one) => publicJwkFor(one, jwk) !== undefined);
    return alg === undefined
      ? { outcome: "invalid", reason: "no public key of any algorithm of ours" }
      : { outcome: "valid", reason: `a key of ${alg}` };
  },
});

const bundle = (document: string): Trial => ({
  said: "a trust bundle",
  expected: ["valid"],
  evaluate: () =>
    evaluated(
      readSpiffeBundle(Buffer.from(document)),
      ({ x509Authorities }) => `a bundle, ${x509Authorities.length} X.509 authorities`,
      ({ why }) => why,
    ),
});

/** Lines are broken for print. */
const request = (form: string, scheme: string | undefined): Trial => ({
  said: "refused",
  expected: ["policy"],
  evaluate: () => evaluateStrangeForm("token", form.replaceAll(/\s/g, ""), scheme),
});

function trialOf({ json, text }: z.infer<typeof example>): Trial | undefined {
  if (json && "kty" in json) return key(json);
  const [head = "", body = ""] = (text ?? "").split(/\n\n([\s\S]*)/);
  if (/^GET \/bundle\.json /.test(head)) return bundle(body);
  if (!/^POST \S+ HTTP\/1\.1\n/.test(head) || !head.includes("x-www-form-urlencoded")) return undefined;
  return request(body, /\nAuthorization: (\S+)/.exec(head)?.[1]?.toLowerCase());
}

/** Example blocks of working groups' drafts: requests, keys and bundles are tried, the rest is about what we do not do. */
export const draftExamples = topic(/^draft-examples\.json$/, shape, ({ examples }, folder, file) =>
  examples.flatMap((one, index) =>
    eachCase([one], { folder, file, shape: example }, (block) => {
      const label = folder.label(file, `${index + 1} ${block.repo.split("/").at(-1)}`);
      const trial = trialOf(block);
      if (trial) return { file: label, ...trial };
      const why = Object.hasOwn(drafts, block.repo) ? drafts[block.repo] : undefined;
      return why === undefined ? unreadable(label, "no draft that is known here") : notOurs(label, why);
    }),
  ),
);
