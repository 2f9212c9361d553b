import { createServer } from "node:http";
import { forge, type TestKey, testKey } from "../../kit/wire/key.ts";

/** A person's issuer that the test owns: any claims, any header, any key. */
export interface FakeIssuer {
  readonly issuer: string;
  readonly key: TestKey;
  /** How often its keys were asked for. */
  readonly keyFetches: () => number;
  /** An ID token as the standard wants it, but for what the case twists. */
  idToken(claims?: Record<string, unknown>, header?: Record<string, unknown>, by?: TestKey): Promise<string>;
  close(): Promise<void>;
}

/** Serves discovery and one key under a `kid` that another issuer may use as well. */
export async function startFakeIssuer(kid: string, clientId: string): Promise<FakeIssuer> {
  const key = await testKey();
  let fetches = 0;
  const server = createServer((request, response) => {
    response.setHeader("Content-Type", "application/json");
    if (request.url === "/.well-known/openid-configuration") {
      return void response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks` }));
    }
    if (request.url !== "/jwks") return void response.writeHead(404).end("{}");
    fetches += 1;
    response.end(JSON.stringify({ keys: [{ ...key.jwk, kid, alg: "ES256", use: "sig" }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const issuer = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  return {
    issuer,
    key,
    keyFetches: () => fetches,
    idToken: async (claims = {}, header = {}, by = key) => {
      const now = Math.floor(Date.now() / 1000);
      const usual = { iss: issuer, sub: "sam", aud: clientId, iat: now, auth_time: now, exp: now + 300 };
      return forge(by, { kid, ...header }, { ...usual, groups: ["support"], jti: crypto.randomUUID(), ...claims });
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
