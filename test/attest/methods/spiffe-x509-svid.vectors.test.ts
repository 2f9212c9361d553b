import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { verifyX509Svid } from "../../../core/attest/methods/spiffe-x509-svid/attestor.ts";
import { readSvidChain } from "../../../core/attest/methods/spiffe-x509-svid/chain.ts";
import { readSpiffeBundle } from "../../../core/keys/spiffe-bundle.ts";
import { federated, ours } from "./federated.ts";

const folder = new URL("../../vectors/spiffe/go-spiffe-x509svid/", import.meta.url);
const pemChain = (file: string): string[] =>
  [...readFileSync(new URL(file, folder), "utf8").matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END/g)].map((m) =>
    (m[1] ?? "").replace(/\s/g, ""),
  );

describe("X.509-SVID vectors", () => {
  it.each(["good-leaf-only.pem", "good-leaf-and-intermediate.pem"])("vector: %s is an SVID", (file) => {
    expect(readSvidChain(pemChain(file))).toMatchObject({
      ok: true,
      value: { spiffeId: "spiffe://example.org/workload-1" },
    });
  });

  it.each([
    ["wrong-intermediate-no-ca.pem", "certificate"],
    ["wrong-intermediate-no-key-cert-sign.pem", "certificate"],
    ["wrong-leaf-ca-true.pem", "certificate"],
    ["wrong-leaf-cert-sign.pem", "certificate"],
    ["wrong-leaf-crl-sign.pem", "certificate"],
    ["wrong-leaf-empty-id.pem", "spiffe-id"],
    ["wrong-leaf-no-digital-signature.pem", "certificate"],
  ])("vector: %s is refused", (file, check) => {
    expect(readSvidChain(pemChain(file))).toMatchObject({ ok: false, error: { check } });
  });

  it("a real chain holds by its real clock and no later, against its own root alone", () => {
    const [leaf = "", intermediate = ""] = pemChain("good-leaf-and-intermediate.pem");
    const domain = federated("example.org");
    const outcome = (x5c: string, nowSeconds: number) => {
      const bundle = readSpiffeBundle(Buffer.from(JSON.stringify({ keys: [{ use: "x509-svid", x5c: [x5c] }] })));
      if (!bundle.ok) throw new Error(bundle.error.why);
      const settings = { challenge: "c", jkt: "k", issuer: ours, domain, bundle: bundle.value, nowSeconds };
      const result = verifyX509Svid({ type: "spiffe-x509-svid", chain: [leaf, intermediate], signature: "" }, settings);
      return result.ok ? "ok" : "check" in result.error ? result.error.check : result.error.code;
    };
    const march2020 = Date.parse("2020-03-24T14:30:00Z") / 1000;
    // the signature over the challenge is what it lacks: the path was good
    expect(outcome(intermediate, march2020)).toBe("binding");
    expect(outcome(intermediate, march2020 + 7_200)).toBe("evidence_expired");
    expect(outcome(intermediate, march2020 - 3_600)).toBe("chain");
    expect(outcome(pemChain("good-leaf-only.pem")[0] ?? "", march2020)).toBe("chain");
  });
});
