import type { TrustedIssuerRegistration } from "../../../core/model/registry.ts";

export const ours = "https://abc123.lambda-url.eu-west-1.on.aws";

/** A federated trust domain by its registration. */
export const federated = (domain: string): TrustedIssuerRegistration => ({
  kind: "trusted-issuer",
  name: domain,
  purpose: "spiffe",
  issuer: `spiffe://${domain}`,
  jwksUri: `https://bundles.${domain}/bundle`,
  algorithms: ["ES256"],
});
