import { generateProof } from "dpop";
import * as oauth from "oauth4webapi";
import type { Attested } from "./openid-client.ts";

/** Lets `attempt` come back once with the nonce that its endpoint demands. */
async function withNonce<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (thrown) {
    if (!oauth.isDPoPNonceError(thrown)) throw thrown;
    return attempt();
  }
}

/** The calls of one agent. */
export async function connect(issuer: string, agent: Attested, options: oauth.HttpRequestOptions<"GET"> = {}) {
  const url = new URL(issuer);
  const discovered = await oauth.discoveryRequest(url, { algorithm: "oauth2", ...options });
  const as = await oauth.processDiscoveryResponse(url, discovered);
  const client: oauth.Client = { client_id: agent.id };
  const DPoP = oauth.DPoP(client, agent.keys);
  const authenticate: oauth.ClientAuth = async (_as, _client, body) => {
    body.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe");
    body.set("client_assertion", await agent.identity());
  };
  const insecure = { [oauth.allowInsecureRequests]: options[oauth.allowInsecureRequests] ?? false };

  /** Introspection and revocation take a proof that RFC 7662 and 7009 know nothing of: it goes along as a header. */
  const proved = async (endpoint: string, request: (options: object) => Promise<Response>) => {
    const send = async (nonce?: string) => {
      const headers = { DPoP: await generateProof(agent.keys, endpoint, "POST", nonce) };
      return request({ headers, ...insecure });
    };
    const first = await send();
    const { error } = (await first.clone().json()) as { error?: string };
    return error === "use_dpop_nonce" ? send(first.headers.get("DPoP-Nonce") ?? undefined) : first;
  };

  return {
    as,
    token: (parameters: Record<string, string>) =>
      withNonce(async () => {
        const more = { DPoP, ...insecure };
        const answer = await oauth.clientCredentialsGrantRequest(as, client, authenticate, parameters, more);
        return oauth.processClientCredentialsResponse(as, client, answer);
      }),
    call: (token: string, at: URL) =>
      withNonce(() => oauth.protectedResourceRequest(token, "GET", at, undefined, null, { DPoP, ...insecure })),
    async introspect(token: string) {
      const answer = await proved(String(as.introspection_endpoint), (more) =>
        oauth.introspectionRequest(as, client, authenticate, token, more),
      );
      return oauth.processIntrospectionResponse(as, client, answer);
    },
    async revoke(token: string) {
      const answer = await proved(String(as.revocation_endpoint), (more) =>
        oauth.revocationRequest(as, client, authenticate, token, more),
      );
      return oauth.processRevocationResponse(answer);
    },
  };
}
