import { generateKeyPairSync, sign } from "node:crypto";
import type { KMSClient } from "@aws-sdk/client-kms";
import { calculateJwkThumbprint, createLocalJWKSet, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { sessionRevoked, sessionSubject } from "../../core/events/security-event.ts";
import { createEventsKey } from "../../lambdas/aws/events-key.ts";
import { issuer, now, person, revoked } from "../events/samples.ts";

const pair = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const sid = "s".repeat(22);
const subject = sessionSubject(issuer, sid, person);
const claims = sessionRevoked(revoked("session", sid), {
  issuer,
  receiver: "crm",
  audience: "aud",
  subject,
  issuedAtSeconds: now,
});

/** KMS with one key; it signs what it is told the digest is of only when the digest fits. */
function kms(publicKey = pair.publicKey, usage = "SIGN_VERIFY") {
  const calls: { name: string; input: Record<string, unknown> }[] = [];
  let input = "";
  const client = {
    send: async (command: { constructor: { name: string }; input: Record<string, unknown> }) => {
      calls.push({ name: command.constructor.name, input: command.input });
      if (command.constructor.name === "GetPublicKeyCommand")
        return { PublicKey: publicKey.export({ format: "der", type: "spki" }), KeyUsage: usage };
      return { Signature: sign("sha256", Buffer.from(input), pair.privateKey) };
    },
  } as unknown as KMSClient;
  return { client, calls, expecting: (text: string) => (input = text) };
}

describe("the key of security events", () => {
  test("signs what jose verifies, RS256, with a header of exactly alg, kid and typ", async () => {
    const { client, calls, expecting } = kms();
    const key = createEventsKey(client, "arn");
    const jwk = await key.publicJwk();
    const header = { alg: "RS256", kid: jwk.kid, typ: "secevent+jwt" };
    const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    expecting(`${encoded(header)}.${encoded(claims)}`);
    const token = await key.sign({ typ: "secevent+jwt" }, claims, sid);
    const verified = await jwtVerify(token, createLocalJWKSet({ keys: [jwk] }), { currentDate: new Date(now * 1000) });
    expect(verified.protectedHeader).toEqual(header);
    expect(verified.payload).toEqual(claims);
    expect(calls[1]?.input).toMatchObject({ MessageType: "DIGEST", SigningAlgorithm: "RSASSA_PKCS1_V1_5_SHA_256" });
  });

  test("is published as a public half alone, by its thumbprint", async () => {
    const jwk = await createEventsKey(kms().client, "arn").publicJwk();
    expect(Object.keys(jwk).sort()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
    const { kty = "", n = "", e = "" } = jwk;
    expect(jwk.kid).toBe(await calculateJwkThumbprint({ kty, n, e }, "sha256"));
  });

  test.each([
    ["an EC key", generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey, "SIGN_VERIFY"],
    [
      "an RSA key too short for any receiver",
      generateKeyPairSync("rsa", { modulusLength: 1_024 }).publicKey,
      "SIGN_VERIFY",
    ],
    ["a key to encrypt with", pair.publicKey, "ENCRYPT_DECRYPT"],
  ])("is never %s", async (_, publicKey, usage) => {
    await expect(createEventsKey(kms(publicKey, usage).client, "arn").publicJwk()).rejects.toThrow(
      /no RSA signing key/,
    );
  });

  test("is asked for again after a failure", async () => {
    const { client } = kms();
    let fails = true;
    const once = {
      send: (command: never) => (fails ? Promise.reject(new Error("away")) : client.send(command)),
    } as unknown as KMSClient;
    const key = createEventsKey(once, "arn");
    await expect(key.publicJwk()).rejects.toThrow("away");
    fails = false;
    expect((await key.publicJwk()).kty).toBe("RSA");
  });
});
