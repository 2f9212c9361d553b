import { DpopSession, type OAuthClientProvider, type OAuthTokens, withOAuth } from "@modelcontextprotocol/client";
import { calculateJwkThumbprint, exportJWK } from "jose";
import type { Attested } from "./openid-client.ts";

/** How an MCP client is authenticated and binds its tokens; tokens live as long as this process. */
export async function providerOf(agent: Attested): Promise<OAuthClientProvider> {
  const { kty, crv, x, y } = await exportJWK(agent.keys.publicKey);
  const publicJwk = { kty, crv, x, y } as const;
  const thumbprint = await calculateJwkThumbprint(publicJwk as never);
  const dpop = await DpopSession.create({ keyPair: { ...agent.keys, publicJwk, thumbprint, alg: "ES256" } as never });
  let kept: OAuthTokens | undefined;
  return {
    redirectUrl: undefined,
    clientMetadata: { redirect_uris: [], grant_types: ["client_credentials"] },
    clientInformation: () => ({ client_id: agent.id }),
    tokens: () => kept,
    saveTokens: (tokens) => {
      kept = tokens;
    },
    redirectToAuthorization: () => {
      throw new Error("agents have no browser");
    },
    saveCodeVerifier: () => undefined,
    codeVerifier: () => "",
    addClientAuthentication: async (_headers, parameters) => {
      parameters.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe");
      parameters.set("client_assertion", await agent.identity());
    },
    prepareTokenRequest: (scope) =>
      new URLSearchParams({ grant_type: "client_credentials", ...(scope ? { scope } : {}) }),
    dpop: () => dpop,
  };
}

/** A fetch for an MCP server: gets its own token from the server's 401 on. */
export const fetchFor = async (agent: Attested, server: string): Promise<typeof fetch> =>
  withOAuth(await providerOf(agent), server)(fetch) as typeof fetch;
