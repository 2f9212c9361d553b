/** OpenID Connect identity providers of every account that this cloud knows. */
import type { Cloud } from "../cloudformation/template.ts";
import { ServiceError } from "../service.ts";
import { accountOf } from "./context.ts";

/** A provider: an issuer that an account's roles may trust. */
export interface IdentityProvider {
  readonly arn: string;
  /** The issuer, letter for letter as its tokens name it. */
  readonly url: string;
  /** Audiences that its tokens may have, at least one. */
  readonly clientIds: readonly string[];
}

/** The book of providers. */
export interface IdentityProviders {
  /** Makes one in an account; throws `EntityAlreadyExists`, since an account knows an issuer once. */
  add(account: string, provider: Omit<IdentityProvider, "arn">): IdentityProvider;
  /** The provider of an account whose tokens name this issuer. */
  of(account: string, issuer: string): IdentityProvider | undefined;
}

/** What stands for the issuer in ARNs and in the names of condition keys: its URL without scheme. */
export const issuerNameOf = (url: string): string => url.replace(/^https?:\/\//, "");

/** ARN of a provider. */
const providerArn = (account: string, url: string): string =>
  `arn:aws:iam::${account}:oidc-provider/${issuerNameOf(url)}`;

/** Opens the book with the template's providers in it. */
export function openProviders(cloud: Cloud): IdentityProviders {
  const known: IdentityProvider[] = [];
  const of = (account: string, issuer: string) =>
    known.find(({ arn, url }) => accountOf(arn) === account && url === issuer);
  const providers: IdentityProviders = {
    of,
    add(account, { url, clientIds }) {
      if (of(account, url) !== undefined)
        throw new ServiceError("EntityAlreadyExists", `Provider with url ${url} already exists.`, 409);
      if (clientIds.length === 0) throw new Error(`the identity provider ${url} has no audience`);
      const provider = { arn: providerArn(account, url), url, clientIds };
      known.push(provider);
      return provider;
    },
  };
  for (const resource of cloud.ofType("AWS::IAM::OIDCProvider")) {
    const { Url, ClientIdList = [] } = cloud.properties(resource) as { Url?: unknown; ClientIdList?: string[] };
    providers.add(resource.stack.account, { url: String(Url), clientIds: ClientIdList });
  }
  return providers;
}
