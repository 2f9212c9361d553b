import { forge, type TestKey, testKey } from "../../kit/wire/key.ts";
import { listen } from "../../kit/wire/server.ts";

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
  const headers = { "Content-Type": "application/json" };
  const {
    origin: issuer,
    asked,
    close,
  } = await listen({
    "/.well-known/openid-configuration": () => ({
      headers,
      body: JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks` }),
    }),
    "/jwks": { headers, body: JSON.stringify({ keys: [{ ...key.jwk, kid, alg: "ES256", use: "sig" }] }) },
  });
  return {
    issuer,
    key,
    keyFetches: () => asked.filter(({ path }) => path === "/jwks").length,
    idToken: async (claims = {}, header = {}, by = key) => {
      const now = Math.floor(Date.now() / 1000);
      const usual = { iss: issuer, sub: "sam", aud: clientId, iat: now, auth_time: now, exp: now + 300 };
      return forge(by, { kid, ...header }, { ...usual, groups: ["support"], jti: crypto.randomUUID(), ...claims });
    },
    close,
  };
}
