/** The issuer of the account's workload documents: its keys, its discovery document and its JWKS on loopback. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";

/** A signing key of the issuer. */
export interface TokenKey {
  readonly kid: string;
  readonly algorithm: "ES384" | "RS256";
  readonly privateKey: KeyObject;
}

/**
 * Loads the issuer's two keys or makes them.
 * @param directory folder of the keys; absent = in memory
 */
export function openTokenKeys(directory: string | undefined): TokenKey[] {
  const make = {
    EC384_0: () => generateKeyPairSync("ec", { namedCurve: "P-384" }),
    RSA_0: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  } as const;
  return (["EC384_0", "RSA_0"] as const).map((kid) => {
    const algorithm = kid === "RSA_0" ? ("RS256" as const) : ("ES384" as const);
    const file = directory === undefined ? undefined : join(directory, `sts-${kid}.pem`);
    if (file !== undefined && existsSync(file)) {
      return { kid, algorithm, privateKey: createPrivateKey(readFileSync(file)) };
    }
    const { privateKey } = make[kid]();
    if (file !== undefined && directory !== undefined) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      writeFileSync(file, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    }
    return { kid, algorithm, privateKey };
  });
}

/**
 * Serves `/.well-known/openid-configuration` and `/.well-known/jwks.json`.
 * @param issuer asked at each request, since the port is known only once the server listens
 */
export function issuerDocuments(issuer: () => string, keys: readonly TokenKey[]) {
  const jwks = {
    keys: keys.map(({ kid, algorithm, privateKey }) => {
      const jwk = createPublicKey(privateKey).export({ format: "jwk" });
      return { ...jwk, kid, alg: algorithm, use: "sig" };
    }),
  };
  return (request: IncomingMessage, response: ServerResponse) => {
    const documents: Record<string, unknown> = {
      "/.well-known/openid-configuration": {
        issuer: issuer(),
        jwks_uri: `${issuer()}/.well-known/jwks.json`,
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256", "ES384"],
        claims_supported: ["aud", "exp", "iat", "iss", "jti", "sub"],
      },
      "/.well-known/jwks.json": jwks,
    };
    const found = request.method === "GET" ? documents[request.url ?? ""] : undefined;
    response.writeHead(found === undefined ? 404 : 200, {
      "content-type": "application/json",
      "cache-control": "max-age=60",
    });
    response.end(JSON.stringify(found ?? { message: "not found" }));
  };
}
