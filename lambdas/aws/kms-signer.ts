import type { KMSClient } from "@aws-sdk/client-kms";
import type { KeyPurpose, PublicKey, Signer } from "../../core/ports.ts";
import { signBy } from "./kms-keys.ts";

/**
 * Creates a signer of one fixed key that never leaves KMS.
 * @param purpose the one thing this key signs
 * @param keyArn the key itself, never an alias: an alias changes later than its policies
 */
export function createKmsSigner(
  kms: KMSClient,
  purpose: KeyPurpose,
  keyArn: string,
  publicKey: (keyArn: string) => Promise<PublicKey>,
): Signer {
  return {
    purpose,
    async current(wanted) {
      const { kid, alg } = await publicKey(keyArn);
      if (alg !== wanted) throw new Error(`${keyArn} signs by ${alg}, not ${wanted}`);
      return { kid, alg, sign: (input, joinId) => signBy(kms, { keyArn, alg, kid }, input, joinId) };
    },
  };
}
