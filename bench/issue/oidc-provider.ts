import { generateKeyPairSync, randomBytes } from "node:crypto";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import Provider, { type Adapter, type AdapterPayload, type Configuration } from "oidc-provider";
import { dpopProof, type TestKey, testKey } from "../../test/kit/wire/key.ts";
import { type Contestant, endpointWarmMillis, Stock } from "../measure.ts";

const host = "provider.example";
const issuer = `https://${host}`;
const tokenUrl = `${issuer}/token`;
const audience = "https://tickets.example";
const clientId = "researcher";
const scope = "tickets:read";

/** The token endpoint of `oidc-provider`, called in this process with requests that no socket carries. */
export async function oidcProviderTokens(): Promise<Contestant> {
  const key = await testKey();
  const provider = new Provider(issuer, configurationOf(key));
  provider.proxy = true;
  const handle = provider.callback();
  const stock = new Stock(() => ({ body: requestBody(key), proof: dpopProof(key, { url: tokenUrl }) }));
  return {
    warmMillis: endpointWarmMillis,
    prepare: (runs) => stock.fill(runs),
    async run() {
      const { body, proof } = stock.take();
      const { status, text } = await answerOf(handle, body, proof);
      if (status !== 200 || !text.includes('"token_type":"DPoP"')) throw new Error(`oidc-provider refused: ${text}`);
    },
  };
}

function configurationOf(key: TestKey): Configuration {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    adapter: inMemory(),
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), alg: "ES256", use: "sig", kid: "k" }] as never },
    clients: [
      {
        client_id: clientId,
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
        id_token_signed_response_alg: "ES256",
        token_endpoint_auth_method: "private_key_jwt",
        token_endpoint_auth_signing_alg: "ES256",
        dpop_bound_access_tokens: true,
        jwks: { keys: [{ ...key.jwk, alg: "ES256", use: "sig" }] as never },
      },
    ],
    scopes: [scope],
    enabledJWA: { clientAuthSigningAlgValues: ["ES256"], dPoPSigningAlgValues: ["ES256"] },
    ttl: { ClientCredentials: 300 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope,
          audience,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "ES256" } },
        }),
      },
    },
  };
}

function requestBody(key: TestKey): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: issuer,
    iat: now,
    exp: now + 300,
    jti: randomBytes(12).toString("hex"),
  };
  return new URLSearchParams({
    grant_type: "client_credentials",
    client_id: clientId,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: key.jws({ alg: "ES256", typ: "JWT" }, claims),
    resource: audience,
    scope,
  }).toString();
}

/** One request and its answer, as Node's server would hand them over. */
function answerOf(
  handle: ReturnType<Provider["callback"]>,
  body: string,
  proof: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const request = new IncomingMessage(new Socket());
  request.method = "POST";
  request.url = "/token";
  request.headers = {
    host,
    "x-forwarded-proto": "https",
    "content-type": "application/x-www-form-urlencoded",
    "content-length": String(Buffer.byteLength(body)),
    dpop: proof,
  };
  request.push(body);
  request.push(null);
  const response = new ServerResponse(request);
  return new Promise((resolve) => {
    response.end = ((text: unknown) => {
      resolve({ status: response.statusCode, text: String(text ?? "") });
      return response;
    }) as typeof response.end;
    handle(request, response);
  });
}

/** Where the provider remembers assertions and proofs: one map, as our store in memory is. */
function inMemory(): (model: string) => Adapter {
  const rows = new Map<string, AdapterPayload>();
  return (model) => ({
    async upsert(id, payload) {
      rows.set(`${model}:${id}`, payload);
    },
    find: async (id) => rows.get(`${model}:${id}`),
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    consume: async () => undefined,
    destroy: async (id) => void rows.delete(`${model}:${id}`),
    revokeByGrantId: async () => undefined,
  });
}
