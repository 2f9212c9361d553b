import { issue } from "../../kit/evidence/certificates.ts";
import { testKey } from "../../kit/wire/key.ts";
import { listen } from "../../kit/wire/server.ts";

/** A platform on this machine that is not ours: an OIDC issuer with its keys, and a SPIFFE trust domain's bundle. */
export async function startForeignPlatform() {
  const key = await testKey();
  const nowSeconds = Math.floor(Date.now() / 1000);
  const life = { notBeforeSeconds: nowSeconds - 60, notAfterSeconds: nowSeconds + 3_600 };
  const root = issue({ subject: "root", ca: true, ...life });
  const { origin: issuer, close } = await listen(({ target }) => {
    const documents: Readonly<Record<string, object>> = {
      "/.well-known/openid-configuration": { issuer, jwks_uri: `${issuer}/keys` },
      "/keys": { keys: [{ ...key.jwk, kid: "k", alg: "ES256", use: "sig" }] },
      "/bundle": {
        keys: [
          { ...key.jwk, kid: "k", use: "jwt-svid" },
          { use: "x509-svid", kty: "EC", x5c: [root.der.toString("base64")] },
        ],
      },
    };
    const found = documents[target];
    const headers = { "content-type": "application/json" };
    return { status: found ? 200 : 404, headers, body: JSON.stringify(found ?? {}) };
  });
  return {
    issuer,
    /** A token of the platform's, for five minutes from now. */
    token: (claims: object): string =>
      key.jws({ alg: "ES256", kid: "k", typ: "JWT" }, { iat: nowSeconds, exp: nowSeconds + 300, ...claims }),
    /** An X.509-SVID and its key, in PEM. */
    svid(spiffeId: string) {
      const { der, privateKey } = issue({ uris: [spiffeId], ...life }, root);
      const certificate = `-----BEGIN CERTIFICATE-----\n${der.toString("base64")}\n-----END CERTIFICATE-----\n`;
      return { certificate, key: privateKey.export({ type: "pkcs8", format: "pem" }) as string };
    },
    close,
  };
}
