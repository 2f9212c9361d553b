import { generateProof, type KeyPair } from "dpop";
import * as openid from "openid-client";

/** What an agent has after it attested: its id, the pair its identity is bound to, and an identity token that still lives. */
export interface Attested {
  readonly id: string;
  readonly keys: KeyPair;
  identity(): Promise<string>;
}

/** Discovers the issuer; every call is authenticated by the identity token and proved by its key. */
export async function connect(issuer: string, agent: Attested, options: openid.DiscoveryRequestOptions = {}) {
  const authenticate: openid.ClientAuth = async (_as, _client, body) => {
    body.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe");
    body.set("client_assertion", await agent.identity());
  };
  const config = await openid.discovery(new URL(issuer), agent.id, {}, authenticate, {
    algorithm: "oauth2",
    ...options,
  });
  config[openid.customFetch] = proving(config, agent.keys);
  return { config, DPoP: openid.getDPoPHandle(config, agent.keys) };
}

/** openid-client proves token requests by itself, introspection and revocation not: this fetch does. */
function proving(config: openid.Configuration, keys: KeyPair): openid.CustomFetch {
  const { introspection_endpoint, revocation_endpoint } = config.serverMetadata();
  const nonces = new Map<string, string>();
  return async (url, options) => {
    const init = options as RequestInit;
    if (url !== introspection_endpoint && url !== revocation_endpoint) return fetch(url, init);
    const send = async () => {
      const proof = await generateProof(keys, url, "POST", nonces.get(url));
      const answer = await fetch(url, { ...init, headers: { ...options.headers, DPoP: proof } });
      const nonce = answer.headers.get("DPoP-Nonce");
      if (nonce !== null) nonces.set(url, nonce);
      return answer;
    };
    const first = await send();
    const { error } = (await first.clone().json()) as { error?: string };
    return error === "use_dpop_nonce" ? send() : first;
  };
}
