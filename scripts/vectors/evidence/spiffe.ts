import { z } from "zod";
import { verifyJwtSvid } from "../../../core/attest/methods/spiffe-jwt-svid/attestor.ts";
import { readSvidChain } from "../../../core/attest/methods/spiffe-x509-svid/chain.ts";
import { registeredLookup } from "../../../core/keys/key-sets.ts";
import { readSpiffeBundle } from "../../../core/keys/spiffe-bundle.ts";
import type { TrustedIssuerRegistration } from "../../../core/model/registry.ts";
import { parseSpiffeId } from "../../../core/text/spiffe-id.ts";
import { accepts, denialText, eachCase, evaluated, type Outcome, outcomesOf, type Topic, topic } from "../document.ts";
import type { VectorFolder } from "../folder.ts";

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
  federated_bundle: z.string().optional(),
  cases: z.array(z.unknown()),
});
const svid = z.looseObject({
  name: z.string(),
  token: z.string(),
  expected: z.string(),
  audience: z.string().optional(),
  now: z.number().optional(),
});

/** A trust domain's keys, as its bundle file says. */
function anchors(folder: VectorFolder, trustDomain: string, file: string) {
  const domain: TrustedIssuerRegistration = {
    kind: "trusted-issuer",
    name: trustDomain,
    purpose: "spiffe",
    issuer: `spiffe://${trustDomain}`,
    algorithms: ["ES256", "ES384", "RS256", "PS256"],
  };
  const bundle = readSpiffeBundle(folder.bytes(file));
  const taken = bundle.ok ? { value: bundle.value.jwtKeys } : { failure: bundle.error.why };
  return { domain, keys: registeredLookup(domain, async () => taken) };
}

/** The trust domain a token says it is of, believed for the choice of the bundle alone. */
function claimedDomain(token: string): string | undefined {
  try {
    const { sub } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    return parseSpiffeId(sub)?.trustDomain;
  } catch {
    return undefined;
  }
}

/**
 * JWT-SVIDs against the bundle of their trust domain: of the federated one, which the bundle's file is named after, by
 * its bundle alone.
 */
export const jwtSvids = topic(/^jwt-svid-cases\.json$/, svids, (given, folder, file) => {
  const home = anchors(folder, given.trust_domain, given.bundle);
  const [, domain] = /^test-bundle\.(.+)\.json$/.exec(given.federated_bundle ?? "") ?? [];
  const other = domain === undefined ? undefined : anchors(folder, domain, given.federated_bundle ?? "");
  return eachCase(given.cases, { folder, file, shape: svid }, ({ name, token, expected, ...own }) => ({
    file: folder.label(file, name),
    said: expected,
    expected: accepts(expected, decidedSvid(name, expected)),
    evaluate: async () => {
      const by = other !== undefined && claimedDomain(token) === domain ? other : home;
      const { audience = given.audience, now: nowSeconds = given.now } = own;
      const verified = await verifyJwtSvid(token, { ...by, audience, nowSeconds });
      return evaluated(verified, ({ facts }) => `${facts.spiffeId}`, denialText);
    },
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
    evaluate: () =>
      evaluated(
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
    evaluate: () => {
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
    const evaluate = () => {
      const pem = /-----BEGIN CERTIFICATE-----([^-]+)-----END/g;
      const chain = [...folder.text(file).matchAll(pem)].map(([, body = ""]) => body.replaceAll(/\s/g, ""));
      return evaluated(
        readSvidChain(chain),
        ({ spiffeId }) => spiffeId,
        ({ check, why }) => `${check}: ${why}`,
      );
    };
    return [{ file: folder.label(file), said, expected: [said], evaluate }];
  },
};
