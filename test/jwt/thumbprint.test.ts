import { generateKeyPairSync } from "node:crypto";
import { calculateJwkThumbprint, type JWK } from "jose";
import { describe, expect, test } from "vitest";
import { thumbprintInput } from "../../core/jose/public-jwk.ts";
import { sha256 } from "../../core/text/digest.ts";
import { sha256 as sha256Web } from "../../core/text/digest.web.ts";

describe("a thumbprint (RFC 7638)", () => {
  test("is the standard's own for its own key", async () => {
    const n =
      "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    const jwk: JWK = { kty: "RSA", n, e: "AQAB", alg: "RS256", kid: "2011-04-29" };
    expect(await sha256(thumbprintInput(jwk))).toBe("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  });

  test.each([
    ["P-256", () => generateKeyPairSync("ec", { namedCurve: "P-256" })],
    ["P-384", () => generateKeyPairSync("ec", { namedCurve: "P-384" })],
    ["Ed25519", () => generateKeyPairSync("ed25519")],
    ["RSA", () => generateKeyPairSync("rsa", { modulusLength: 2048 })],
  ])("is what jose makes of a key of %s, with Node and without", async (_kind, make) => {
    const jwk = make().publicKey.export({ format: "jwk" }) as JWK;
    const more = { ...jwk, kid: "k", use: "sig" };
    const expected = await calculateJwkThumbprint(jwk);
    expect(await sha256(thumbprintInput(more))).toBe(expected);
    expect(await sha256Web(thumbprintInput(more))).toBe(expected);
  });
});
