import { generateKeyPairSync } from "node:crypto";
import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { keyAllowed } from "../../core/attest/methods/spiffe-x509-svid/chain.ts";
import { publicJwkFor } from "../../core/jose/public-jwk.ts";
import { isFitRsaJwk, isFitRsaKey } from "../../core/jose/rsa-key.ts";
import { VectorFolder } from "../../scripts/vectors/folder.ts";
import { wycheproofKeys } from "../../scripts/vectors/jose/wycheproof-keys.ts";
import { vectors } from "../kit/vectors.ts";

describe("Wycheproof key sets", () => {
  const folder = new VectorFolder(new URL("../vectors/wycheproof/", import.meta.url).pathname, "");
  const documents = wycheproofKeys.documents(vectors("wycheproof/json_web_key_test.json"), folder, "") ?? [];
  it("are 26", () => expect(documents.length).toBe(26));
  it.each(documents)("$file: $said", async ({ expected, evaluate }) => {
    expect(expected).toEqual([(await evaluate()).outcome]);
  });
});

const good = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey;
const { n: modulus = "", e: exponent = "" } = good.export({ format: "jwk" });
const n = BigInt(`0x${Buffer.from(modulus, "base64url").toString("hex")}`);
const usual = 65_537n;

describe("an RSA key", () => {
  it("as every library makes it is fit, in a key set and in a certificate", () => {
    expect(isFitRsaJwk(modulus, exponent)).toBe(true);
    expect(publicJwkFor("RS256", good.export({ format: "jwk" }))).toBeDefined();
    expect(keyAllowed(good)).toBe(true);
  });

  it.each<[string, bigint, bigint]>([
    ["with exponent 0", n, 0n],
    ["with exponent 1, for which anybody signs", n, 1n],
    ["with exponent 3", n, 3n],
    ["with an even exponent", n, usual + 1n],
    ["with an exponent as long as itself", n, n - 2n],
    ["of one bit too few", (1n << 2_047n) - 1n, usual],
    ["of more than 8192 bits", (1n << 8_192n) + 1n, usual],
    ["that is even", n - 1n, usual],
    ["of nothing", 0n, usual],
  ])("%s is refused", (_name, m, e) => {
    expect(isFitRsaKey(m, e)).toBe(false);
  });

  it("is refused in a certificate too", () => {
    const small = generateKeyPairSync("rsa", { modulusLength: 2048, publicExponent: 3 }).publicKey;
    expect(keyAllowed(small)).toBe(false);
    expect(keyAllowed(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey)).toBe(false);
    expect(publicJwkFor("PS256", small.export({ format: "jwk" }))).toBeUndefined();
  });

  // ROCA: a modulus that is a power of 65537 modulo the product of the small primes, and so modulo each
  const primorial = [
    ...[2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97],
    ...[101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167],
  ].reduce((all, prime) => all * BigInt(prime), 1n);
  const base = ((1n << 2_047n) / primorial + 1n) * primorial;
  test.prop([fc.bigInt(0n, 1n << 64n), fc.bigInt(0n, 1n << 1_700n)])(
    "of the faulty generator is refused, whatever power and multiple it is",
    (power, multiple) => {
      let residue = 1n;
      for (let bit = 63n; bit >= 0n; bit--) {
        residue = (residue * residue) % primorial;
        if ((power >> bit) & 1n) residue = (residue * usual) % primorial;
      }
      const made = base + multiple * primorial + residue;
      expect(made % 2n).toBe(1n);
      expect(isFitRsaKey(made, usual)).toBe(false);
      // the modulus beside it is no power modulo 3 and 5 at once for long: odd neighbours are fit
      expect([2n, 4n, 6n, 8n, 10n, 12n].some((step) => isFitRsaKey(made + step, usual))).toBe(true);
    },
  );

  test.prop([fc.string(), fc.string()])("of any text is read without a crash", (first, second) => {
    expect(typeof isFitRsaJwk(first, second)).toBe("boolean");
  });
});
