import { z } from "zod";
import { verifyJwtSvid } from "../../core/attest/spiffe-jwt-svid.ts";
import { readSvidChain } from "../../core/attest/spiffe-x509-chain.ts";
import { registeredLookup } from "../../core/keys/key-sets.ts";
import { readSpiffeBundle } from "../../core/keys/spiffe-bundle.ts";
import type { TrustedIssuerRegistration } from "../../core/registry/model.ts";
import { parseSpiffeId } from "../../core/spiffe-id.ts";
import { accepts, denialText, eachCase, judged, type Outcome, outcomesOf, type Topic, topic } from "./document.ts";

/** What we do where the standard leaves room: the stricter, but for a fraction of a second. */
export const decidedSvid = (name: string, said: string): Outcome | undefined => {
  if (said !== "either" && said !== "valid-or-policy") return undefined;
  return name === "exp-float" ? "valid" : "invalid";
};

const svids = z.looseObject({
  now: z.number(),
  trust_domain: z.string(),
  audience: z.string(),
  bundle: z.string(),
  cases: z.array(z.unknown()),
});
const svid = z.looseObject({ name: z.string(), token: z.string(), expected: z.string() });

/** JWT-SVIDs against the bundle of their trust domain. */
export const jwtSvids = topic(/^jwt-svid-cases\.json$/, svids, (given, folder, file) => {
  const { now: nowSeconds, audience, trust_domain } = given;
  const domain: TrustedIssuerRegistration = {
    kind: "trusted-issuer",
    name: trust_domain,
    purpose: "spiffe",
    issuer: `spiffe://${trust_domain}`,
    algorithms: ["ES256", "ES384", "RS256", "PS256"],
  };
  const bundle = readSpiffeBundle(folder.bytes(given.bundle));
  const taken = bundle.ok ? { value: bundle.value.jwtKeys } : { failure: bundle.error.why };
  const keys = registeredLookup(domain, async () => taken);
  return eachCase(given.cases, { folder, file, shape: svid }, ({ name, token, expected }) => ({
    file: folder.label(file, name),
    said: expected,
    expected: accepts(expected, decidedSvid(name, expected)),
    judge: async () =>
      judged(
        await verifyJwtSvid(token, { domain, keys, audience, nowSeconds }),
        ({ facts }) => `${facts.spiffeId}`,
        denialText,
      ),
  }));
});

const bundles = z.looseObject({ cases: z.array(z.unknown()) });
const bundleCase = z.looseObject({ file: z.string(), expected: z.string() });

/** SPIFFE trust bundles. */
export const spiffeBundles = topic(/^bundle-cases\.json$/, bundles, ({ cases }, folder, manifest) =>
  eachCase(cases, { folder, file: manifest, shape: bundleCase }, ({ file, expected }) => ({
    file: folder.label(file),
    said: expected,
    expected: outcomesOf(expected),
    judge: () =>
      judged(
        readSpiffeBundle(folder.bytes(file)),
        ({ x509Authorities }) => `a bundle, ${x509Authorities.length} X.509 authorities`,
        ({ why }) => why,
      ),
  })),
);

const ids = z.looseObject({ valid: z.array(z.unknown()), invalid: z.array(z.unknown()) });
const reasoned = z.tuple([z.string(), z.string()]);

/** SPIFFE IDs. */
export const spiffeIds = topic(/^spiffe-id-cases\.json$/, ids, ({ valid, invalid }, folder, file) => {
  const one = (said: Outcome) => (id: string) => ({
    file: folder.label(file, JSON.stringify(id)),
    said,
    expected: [said],
    judge: () => {
      const parsed = parseSpiffeId(id);
      return parsed
        ? { outcome: "valid" as const, reason: `trust domain ${parsed.trustDomain}` }
        : { outcome: "invalid" as const, reason: "no SPIFFE ID" };
    },
  });
  return [
    ...eachCase(valid, { folder, file, shape: z.string() }, one("valid")),
    ...eachCase(invalid, { folder, file, shape: reasoned }, ([id]) => one("invalid")(id)),
  ];
});

/** X.509-SVIDs as go-spiffe keeps them: a file's name says whether its chain is one. By form alone: no bundle is named. */
export const x509Svids: Topic = {
  manifest: /^(good|wrong)-(leaf|intermediate)[a-z0-9-]*\.pem$/,
  documents: (_content, folder, file) => {
    const said = file.startsWith("good-") ? "valid" : "invalid";
    const judge = () => {
      const pem = /-----BEGIN CERTIFICATE-----([^-]+)-----END/g;
      const chain = [...folder.text(file).matchAll(pem)].map(([, body = ""]) => body.replaceAll(/\s/g, ""));
      return judged(
        readSvidChain(chain),
        ({ spiffeId }) => spiffeId,
        ({ check, why }) => `${check}: ${why}`,
      );
    };
    return [{ file: folder.label(file), said, expected: [said], judge }];
  },
};
