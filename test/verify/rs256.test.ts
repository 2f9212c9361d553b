import { generateKeyPairSync } from "node:crypto";
import { exportJWK } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { type TestSigner, testRsaSigner } from "../kit/keys.ts";
import { createIssuer, type TestIssuer } from "./issuer.ts";

let it_: TestIssuer;
let rsa: TestSigner;
const published = (more: object = {}) => ({ ...rsa.public.jwk, lanyard_typ: "at+jwt", ...more });
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** An access token by the RSA key, under whatever header. */
async function rsaToken(header: object = {}): Promise<string> {
  const input = `${encode({ alg: "RS256", kid: rsa.public.kid, typ: "at+jwt", ...header })}.${encode(it_.claims())}`;
  const { signature } = await rsa.sign(Buffer.from(input), "join");
  return `${input}.${Buffer.from(signature).toString("base64url")}`;
}

beforeAll(async () => {
  it_ = await createIssuer();
  rsa = await testRsaSigner("session");
  it_.publishKeys(it_.published(it_.session, "at+jwt"), published(), it_.published(it_.status, "statuslist+jwt"));
});

describe("an access token by RS256", () => {
  it("is accepted beside ES256, by a verifier that was not told otherwise (RFC 9068 2.1)", async () => {
    const verifier = it_.verifier();
    expect(await verifier.verify(it_.request(await rsaToken()))).toMatchObject({ ok: true });
    expect(await verifier.verify(it_.request(it_.token()))).toMatchObject({ ok: true });
  });

  it("is refused where the resource is registered for ES256, and the other way round", async () => {
    const only = (algorithm: "ES256" | "RS256") => it_.verifier({ algorithm });
    const refusal = { ok: false, error: { code: "token_invalid", why: expect.stringContaining("alg") } };
    expect(await only("ES256").verify(it_.request(await rsaToken()))).toMatchObject(refusal);
    expect(await only("RS256").verify(it_.request(it_.token()))).toMatchObject(refusal);
    expect(await only("RS256").verify(it_.request(await rsaToken()))).toMatchObject({ ok: true });
  });

  it.each(["ES256", "PS256", "RS384", "HS256", "none"])(
    "is refused when its header claims %s for the RSA key: the key says what it signs by",
    async (alg) => {
      const answer = await it_.verifier().verify(it_.request(await rsaToken({ alg })));
      expect(answer).toMatchObject({ ok: false, error: { code: "token_invalid" } });
    },
  );

  it("is refused when its kid is the P-256 key's: no header talks a key into another algorithm", async () => {
    const answer = await it_.verifier().verify(it_.request(await rsaToken({ kid: it_.session.jkt })));
    expect(answer).toMatchObject({ ok: false, error: { code: "token_invalid" } });
  });
});

describe("a key set with an RSA key", () => {
  const verdict = async (jwk: object) => {
    const issuer = await createIssuer();
    issuer.publishKeys(
      issuer.published(issuer.session, "at+jwt"),
      jwk,
      issuer.published(issuer.status, "statuslist+jwt"),
    );
    return issuer.verifier().verify(issuer.request(await rsaToken()));
  };
  it.each([
    ["is for status lists", { lanyard_typ: "statuslist+jwt" }],
    ["says another algorithm", { alg: "PS256" }],
    ["says none", { alg: undefined }],
    ["is for encryption", { use: "enc" }],
    ["has its private half", { d: "AQAB" }],
  ])("does not make an access token count by a key that %s", async (_, more) => {
    expect(await verdict(published(more))).toMatchObject({ ok: false, error: { code: "token_invalid" } });
  });

  it("takes no key of less than 2048 bits (RFC 7518 3.3)", async () => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const weak = {
      ...(await exportJWK(publicKey)),
      kid: rsa.public.kid,
      alg: "RS256",
      use: "sig",
      lanyard_typ: "at+jwt",
    };
    expect(await verdict(weak)).toMatchObject({
      ok: false,
      error: { code: "token_invalid", why: expect.stringContaining("no published key") },
    });
  });

  it("is refused whole when one kid stands for a P-256 and an RSA key", async () => {
    const issuer = await createIssuer();
    issuer.publishKeys(issuer.published(issuer.session, "at+jwt"), published({ kid: issuer.session.jkt }));
    const answer = await issuer.verifier().verify(issuer.request(issuer.token()));
    expect(answer).toMatchObject({ ok: false, error: { code: "keys_unavailable" } });
  });
});
