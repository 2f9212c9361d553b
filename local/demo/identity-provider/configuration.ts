import { randomBytes } from "node:crypto";
import type { ClientMetadata, Configuration } from "oidc-provider";
import { memoryAdapters } from "./memory.ts";
import { personOf } from "./people.ts";
import type { ProviderState } from "./state.ts";

/** The one scope the provider grants at Lanyard: "this person lets that application's agent act". */
export const delegateScope = "delegate";

/** The client of an agent's application: what the registry names as the agent's `clients`. */
const clientIdOf = (agent: string): string => `${agent}-app`;

/**
 * One confidential client an agent, authorization code with PKCE and token exchange only.
 * @param issuer the provider's own URL; the redirect URI lies below it and nothing ever listens there
 */
export const clientOf = (issuer: string, agent: string): ClientMetadata => ({
  client_id: clientIdOf(agent),
  client_secret: randomBytes(32).toString("base64url"),
  redirect_uris: [redirectUriOf(issuer, agent)],
  response_types: ["code"],
  // the second: an identity assertion for the person who signed in (`id-jag.ts`)
  grant_types: ["authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"],
  token_endpoint_auth_method: "client_secret_post",
  id_token_signed_response_alg: "RS256",
  require_auth_time: true,
});

/** Where the provider sends the browser back to. */
const redirectUriOf = (issuer: string, agent: string): string => `${issuer}/app/${agent}/callback`;

/**
 * The provider's whole configuration.
 * @param clients one an agent
 * @param lanyardIssuer the resource that access tokens are made for where a sign-in names no other
 * @param state signing keys
 */
export function configurationOf(
  clients: readonly ClientMetadata[],
  lanyardIssuer: string,
  state: ProviderState,
): Configuration {
  const askedAt = new Map<string, string>();
  const groupsOf = (sub: string | undefined) => ({ groups: personOf(sub ?? "")?.groups ?? [] });
  return {
    adapter: memoryAdapters(),
    clients,
    jwks: { keys: state.keys },
    cookies: {
      keys: [randomBytes(32).toString("base64url")],
      short: { sameSite: "strict" },
      long: { sameSite: "strict" },
    },
    claims: { openid: ["sub"], groups: ["groups"] },
    scopes: ["openid", "groups"],
    // the registry's lending rules read `groups` from the ID token itself
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    clientBasedCORS: () => false,
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 60, Session: 60, Grant: 600 },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx, sub) => {
      const person = personOf(sub);
      if (!person) return undefined;
      return { accountId: sub, claims: () => ({ sub, groups: [...person.groups] }) };
    },
    extraTokenClaims: (_ctx, token) => ("accountId" in token ? groupsOf(token.accountId) : undefined),
    renderError: (ctx, out) => {
      ctx.type = "json";
      ctx.body = { error: out.error, error_description: out.error_description };
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => lanyardIssuer,
        useGrantedResource: () => true,
        // for Lanyard, or as an ordinary provider for whatever server an application asks for
        getResourceServerInfo: (ctx, resource) => {
          // the authorization request names scopes; the token request that follows names the resource alone
          const asked = String(ctx.oidc.params?.scope ?? "").split(" ");
          const scopes = asked.filter((scope) => !["", "openid", "groups"].includes(scope));
          if (scopes.length > 0) askedAt.set(resource, scopes.join(" "));
          return {
            scope: resource === lanyardIssuer ? delegateScope : (askedAt.get(resource) ?? ""),
            audience: resource,
            accessTokenFormat: "jwt",
            accessTokenTTL: 600,
            jwt: { sign: { alg: "RS256" } },
          };
        },
      },
    },
  };
}
