import { Token } from "aws-cdk-lib";
import { OidcProviderNative } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";

/** The audience of Lanyard's tokens for STS; `core/credentials/aws-token.ts` sets it. */
export const stsAudience = "sts.amazonaws.com";

/** A deployment's issuer, as IAM is to know it. */
export interface StsIssuerProps {
  /** URL of the deployment's issuer, letter for letter as its tokens name it; without a slash at its end. */
  readonly issuer: string;
}

/**
 * Makes a deployment's issuer known to an account, once: agents then take roles of that account by themselves, as far as
 * each role's own trust policy lets them (`webIdentity` of `TargetRole`). It lets in nobody by itself.
 *
 * @example
 * new StsIssuer(this, "LanyardIssuer", { issuer: "https://id.example.com" });
 */
export class StsIssuer extends Construct {
  /** IAM's provider of that issuer. */
  readonly provider: OidcProviderNative;

  /** @throws for an issuer that IAM does not take */
  constructor(scope: Construct, id: string, { issuer }: StsIssuerProps) {
    super(scope, id);
    issuerName(issuer);
    // IAM trusts the public roots and pins no certificate, so that a renewed one locks nobody out
    this.provider = new OidcProviderNative(this, "Provider", { url: issuer, clientIds: [stsAudience] });
  }
}

/**
 * What stands for an issuer in IAM's condition keys and ARNs: its URL without the scheme.
 * @throws for a URL that IAM does not take
 */
export function issuerName(issuer: string): string {
  if (Token.isUnresolved(issuer))
    throw new Error(
      "issuer: its URL as a literal, since the names of condition keys hold it and no template can make one",
    );
  if (!/^https:\/\/[a-z0-9.-]+(\/[\w.~-]+)*$/.test(issuer))
    throw new Error("issuer: its URL, https and without port, query or a slash at its end");
  return issuer.slice("https://".length);
}
