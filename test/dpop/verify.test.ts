import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { fc, test } from "@fast-check/vitest";
import { beforeAll, describe, expect, it } from "vitest";
import { type DpopInput, verifyDpop } from "../../core/jose/dpop.ts";
import { limits } from "../../core/model/limits.ts";
import { dpopProof, type TestKey, testKey } from "../kit/wire/key.ts";

const url = "https://tok456.lambda-url.eu-west-1.on.aws/";
const now = 1_785_542_400;
let key: TestKey;
beforeAll(async () => {
  key = await testKey();
});

const check = (proofs: readonly string[], more: Partial<DpopInput> = {}) =>
  verifyDpop({ proofs, method: "POST", url, nowSeconds: now, ...more });
const code = async (proofs: readonly string[], more: Partial<DpopInput> = {}) => {
  const result = await check(proofs, more);
  return result.ok ? "ok" : result.error.code;
};
const header = () => ({ typ: "dpop+jwt", alg: "ES256", jwk: key.jwk });
const claims = (more: object = {}) => ({ jti: "j", htm: "POST", htu: url, iat: now, ...more });

describe("DPoP proofs", () => {
  test.prop([fc.string({ unit: "binary", maxLength: 300 })])(
    "are refused, never thrown at, whatever the text",
    async (text) => {
      expect(await code([text])).toBe("dpop_invalid");
    },
  );

  test.prop([fc.jsonValue(), fc.jsonValue()], { numRuns: 60 })(
    "are refused, never thrown at, whatever header and payload say",
    async (anyHeader, anyPayload) => {
      const both = { ...header(), ...(typeof anyHeader === "object" ? anyHeader : {}), jwk: anyHeader };
      expect(await code([key.jws(both, anyPayload as object)])).toBe("dpop_invalid");
      expect(await code([key.jws(header(), (anyPayload ?? 1) as object)])).toBe("dpop_invalid");
    },
  );

  test.prop([fc.integer({ min: -200, max: 200 })])("hold exactly within their window", async (offset) => {
    const wanted = Math.abs(offset) <= limits.dpopWindowSeconds ? "ok" : "dpop_invalid";
    expect(await code([dpopProof(key, { url, atSeconds: now + offset })])).toBe(wanted);
  });

  test.prop([fc.integer({ min: -60, max: 60 })])(
    "are remembered for as long as they could be used again",
    async (offset) => {
      const result = await check([dpopProof(key, { url, atSeconds: now + offset })]);
      const lastUse = now + offset + limits.dpopWindowSeconds;
      expect(result.ok && result.value.replayEntry.expiresAtSeconds).toBeGreaterThan(lastUse);
    },
  );

  it("are asked for, one exactly", async () => {
    expect(await code([])).toBe("dpop_missing");
    const proof = dpopProof(key, { url, atSeconds: now });
    expect(await code([proof, dpopProof(key, { url, atSeconds: now })])).toBe("dpop_invalid");
    expect(await code([`${proof}, ${dpopProof(key, { url, atSeconds: now })}`])).toBe("dpop_invalid");
    expect(await code([proof])).toBe("ok");
  });

  it("of two keys with one jti are two proofs: nobody can consume another's", async () => {
    const other = await testKey();
    const [a, b] = [
      await check([key.jws(header(), claims())]),
      await check([other.jws({ ...header(), jwk: other.jwk }, claims())]),
    ];
    expect(a.ok && b.ok && a.value.replayEntry.key !== b.value.replayEntry.key).toBe(true);
  });

  it.each<[string, object]>([
    ["a jwk that is a string", { jwk: "x" }],
    ["a jwk of another curve than alg", { alg: "ES384" }],
    ["no jwk", { jwk: undefined }],
    ["a null jwk", { jwk: null }],
    ["an array typ", { typ: ["dpop+jwt"] }],
    ["typ in capitals with prefix", { typ: "application/dpop+jwt" }],
    ["a crit member", { crit: ["exp"] }],
    ["alg none", { alg: "none" }],
    ["alg HS256", { alg: "HS256" }],
    ["alg ES256K", { alg: "ES256K" }],
  ])("are refused with %s", async (_name, more) => {
    expect(await code([key.jws({ ...header(), ...more }, claims())])).toBe("dpop_invalid");
  });

  it.each<[string, object]>([
    ["another method", { htm: "GET" }],
    ["no htu", { htu: undefined }],
    ["htu of another function", { htu: "https://other.lambda-url.eu-west-1.on.aws/" }],
    ["htu of another path", { htu: `${url}challenge` }],
    ["htu that only starts so", { htu: `${url.slice(0, -1)}.evil.example/` }],
    ["htu with userinfo", { htu: url.replace("https://", "https://a@") }],
    ["htu with backslashes", { htu: url.replace("https://", "https:\\\\") }],
    ["htu with a tab in it", { htu: url.replace("tok", "to\tk") }],
    ["htu by another port", { htu: url.replace(".aws/", ".aws:444/") }],
    ["htu as a list", { htu: [url] }],
    ["iat as text", { iat: String(now) }],
    ["iat null", { iat: null }],
    ["no iat", { iat: undefined }],
    ["an empty jti", { jti: "" }],
    ["a jti of 257 characters", { jti: "j".repeat(257) }],
    ["a jti that is a list", { jti: ["j"] }],
    ["exp in the past", { exp: now - 1 }],
    ["nbf in the future", { nbf: now + 3600 }],
  ])("are refused with %s", async (_name, more) => {
    expect(await code([key.jws(header(), claims(more))])).toBe("dpop_invalid");
  });

  it("accept the default port and a query on the request", async () => {
    expect(await code([key.jws(header(), claims({ htu: url.replace(".aws/", ".aws:443/") }))])).toBe("ok");
    expect(await code([dpopProof(key, { url, atSeconds: now })], { url: `${url}?x=1` })).toBe("ok");
  });

  it("threat 9: are refused when signed by another key than the one they show", async () => {
    const thief = await testKey();
    expect(await code([thief.jws(header(), claims())])).toBe("dpop_invalid");
  });

  it("are refused when the signature was respelled", async () => {
    const proof = dpopProof(key, { url, atSeconds: now });
    expect(await code([`${proof}=`])).toBe("dpop_invalid");
    expect(await code([` ${proof}`])).toBe("dpop_invalid");
    expect(await code([proof.replace(/-|_/g, (c) => (c === "-" ? "+" : "/"))])).toBe(
      /[-_]/.test(proof) ? "dpop_invalid" : "ok",
    );
  });

  it("refuse an RSA key too short to trust", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const { kty, n, e } = publicKey.export({ format: "jwk" });
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const signed = `${encode({ typ: "dpop+jwt", alg: "RS256", jwk: { kty, n, e } })}.${encode(claims())}`;
    const proof = `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
    expect(await code([proof])).toBe("dpop_invalid");
  });

  it("bind the access token at a resource, and no other", async () => {
    const ath = (text: string) => createHash("sha256").update(text).digest("base64url");
    const shown = { ath: ath("token-a") };
    expect(await code([dpopProof(key, { url, atSeconds: now }, { claims: { ath: ath("token-a") } })], shown)).toBe(
      "ok",
    );
    expect(await code([dpopProof(key, { url, atSeconds: now }, { claims: { ath: ath("token-b") } })], shown)).toBe(
      "dpop_invalid",
    );
    expect(await code([dpopProof(key, { url, atSeconds: now }, { claims: { ath: 1 } })], shown)).toBe("dpop_invalid");
    expect(await code([dpopProof(key, { url, atSeconds: now })], shown)).toBe("dpop_invalid");
  });

  it("are refused beyond their size before anything is parsed", async () => {
    expect(
      await code([dpopProof(key, { url, atSeconds: now }, { claims: { padding: "x".repeat(limits.dpopProofBytes) } })]),
    ).toBe("dpop_invalid");
  });
});
