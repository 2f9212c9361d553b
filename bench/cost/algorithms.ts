import { createPrivateKey, createSign, generateKeyPairSync } from "node:crypto";
import { bareName, bareVerification } from "../base.ts";
import { compare } from "../measure.ts";
import type { Bench, Pace, Row } from "../row.ts";
import { createBenchIssuer } from "../verify/issuer.ts";
import { prices } from "./prices.ts";

const section = "cost";

/**
 * RSA-2048 beside P-256: what a resource server verifies by, how long tokens are, and what KMS asks for a signature. The
 * local signature stands for none of KMS's: it tells what a stand-in for KMS costs in tests.
 */
export const algorithms: Bench = {
  name: "cost/algorithms",
  quick: true,
  async measure(pace: Pace): Promise<readonly Row[]> {
    const [ec, rsa] = [await createBenchIssuer("ES256"), await createBenchIssuer("RS256")];
    const taken = await compare(
      {
        es256: await bareVerification("ES256"),
        rs256: await bareVerification("RS256"),
        ecSigning: signing("ES256"),
        rsaSigning: signing("RS256"),
      },
      pace,
    );
    const time = (name: string, of: keyof typeof taken): Row => ({
      section,
      name,
      value: taken[of].cpuMicros / 1000,
      unit: "ms",
      ratio: { of: bareName.ES256, value: taken[of].times("es256") },
    });
    return [
      time("RSA-2048: a bare verification", "rs256"),
      time("P-256: a local signature", "ecSigning"),
      time("RSA-2048: a local signature", "rsaSigning"),
      { section, name: "P-256: a usual access token", value: ec.token().length, unit: "bytes" },
      { section, name: "RSA-2048: a usual access token", value: rsa.token().length, unit: "bytes" },
      { section, name: "P-256: a million signatures by KMS", value: prices.signEcc.dollars, unit: "dollars" },
      { section, name: "RSA-2048: a million signatures by KMS", value: prices.signRsa2048.dollars, unit: "dollars" },
    ];
  },
};

function signing(alg: "ES256" | "RS256") {
  const { privateKey } =
    alg === "ES256"
      ? generateKeyPairSync("ec", { namedCurve: "P-256" })
      : generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = createPrivateKey(privateKey.export({ type: "pkcs8", format: "pem" }));
  const data = Buffer.from("lanyard".repeat(80));
  return { run: () => createSign("sha256").update(data).sign({ key, dsaEncoding: "ieee-p1363" }) };
}
