import { createHash } from "node:crypto";
import { JwtVerifier } from "aws-jwt-verify";
import { calculateJwkThumbprint, createLocalJWKSet, EmbeddedJWK, type JSONWebKeySet, jwtVerify } from "jose";
import type { Alg, BenchIssuer } from "./issuer.ts";

/** Verifies the token alone, by `jose`: signature, issuer, audience, type, times. */
export function joseToken({ jwks, issuer, audience }: BenchIssuer, alg: Alg): (token: string) => Promise<unknown> {
  const keys = createLocalJWKSet(jwks as JSONWebKeySet);
  return (token) => jwtVerify(token, keys, { issuer, audience, typ: "at+jwt", algorithms: [alg] });
}

/** The token and its proof by `jose`, as a resource server would write it: no list, no memory of used proofs. */
export function joseTokenAndProof(
  world: BenchIssuer,
  alg: Alg,
): (request: { readonly token: string; readonly proof: string }) => Promise<void> {
  const verifyToken = joseToken(world, alg);
  return async ({ token, proof }) => {
    const { payload } = (await verifyToken(token)) as { payload: { cnf?: { jkt?: string } } };
    const { payload: claims, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: "dpop+jwt",
      algorithms: ["ES256"],
    });
    const ath = createHash("sha256").update(token).digest("base64url");
    const jkt = await calculateJwkThumbprint(protectedHeader.jwk ?? {});
    if (claims.ath !== ath || claims.htu !== world.url || claims.htm !== "GET" || jkt !== payload.cnf?.jkt)
      throw new Error("jose's proof does not fit");
  };
}

/** Verifies the token alone, by `aws-jwt-verify`, synchronously, the key set cached. */
export function awsToken({ jwks, issuer, audience }: BenchIssuer): (token: string) => unknown {
  const verifier = JwtVerifier.create({ issuer, audience, jwksUri: `${issuer}/.well-known/jwks.json` });
  verifier.cacheJwks(jwks as Parameters<typeof verifier.cacheJwks>[0]);
  return (token) => verifier.verifySync(token);
}
