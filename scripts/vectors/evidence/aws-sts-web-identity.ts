import { z } from "zod";
import { verifyStsWebIdentity } from "../../../core/attest/methods/aws-sts-web-identity/attestor.ts";
import { readKeySet, registeredLookup } from "../../../core/keys/key-sets.ts";
import type { TrustedIssuerRegistration } from "../../../core/model/registry.ts";
import { accepts, denialText, eachCase, evaluated, topic } from "../document.ts";

/** The account of the notes' issuer. */
const account = "123456789012";

const shape = z.looseObject({
  now: z.number(),
  issuer: z.string(),
  audience: z.string(),
  jwks: z.string(),
  account: z.string().default(account),
  cases: z.array(z.unknown()),
});
const tokenCase = z.looseObject({
  name: z.string(),
  token: z.string(),
  expected: z.string(),
  audience: z.string().optional(),
  now: z.number().optional(),
});

/** GetWebIdentityToken documents; the notes know no challenge of ours, so that genuine is as far as they go. */
export const stsTokens = topic(/^tokens\.json$/, shape, (given, folder, file) => {
  const { now: nowSeconds, audience } = given;
  const issuer: TrustedIssuerRegistration = {
    kind: "trusted-issuer",
    name: "account",
    purpose: "aws-sts",
    issuer: given.issuer,
    algorithms: ["RS256", "ES384"],
    account: given.account,
  };
  const set = readKeySet(folder.bytes(given.jwks), issuer.algorithms);
  const keys = registeredLookup(issuer, async () => (set.ok ? { value: set.value } : { failure: set.error }));
  const options = { issuer, keys, audience, challenge: undefined, jkt: undefined, nowSeconds };
  return eachCase(given.cases, { folder, file, shape: tokenCase }, ({ name, token, expected, ...own }) => ({
    file: folder.label(file, name),
    said: expected,
    expected: accepts(expected),
    evaluate: async () =>
      evaluated(
        await verifyStsWebIdentity(token, {
          ...options,
          audience: own.audience ?? audience,
          nowSeconds: own.now ?? nowSeconds,
        }),
        ({ claims }) => `role ${claims.facts.roleArn}`,
        denialText,
      ),
  }));
});
