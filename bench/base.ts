import { createPublicKey, verify } from "node:crypto";
import { type TestKey, testKey } from "../test/kit/wire/key.ts";
import type { Contestant } from "./measure.ts";

/** What ratios are of. */
export const bareName = {
  ES256: "one bare ES256 verification",
  RS256: "one bare RS256 verification",
} as const;

/** As long as a small token. */
const input = Buffer.from("lanyard".repeat(80));

/** One verification by `node:crypto` and nothing else, key imported: what anything signed costs at the least. */
export async function bareVerification(alg: "ES256" | "RS256" = "ES256", signer?: TestKey): Promise<Contestant> {
  const signedBy = signer ?? (await testKey(alg));
  const key = createPublicKey({ key: signedBy.jwk as never, format: "jwk" });
  const signature = signedBy.raw(input);
  const options = { key, dsaEncoding: "ieee-p1363" } as const;
  return {
    run() {
      if (!verify("sha256", input, options, signature)) throw new Error("a bare verification failed");
    },
  };
}
