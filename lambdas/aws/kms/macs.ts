import { GenerateMacCommand, type KMSClient } from "@aws-sdk/client-kms";
import type { MacSource } from "../../../core/model/ports.ts";

/** Secrets that an instance keeps: of this minute, the last and the next. */
const heldMinutes = 3;

/**
 * Creates the secret of each minute: KMS's HMAC over the minute's name, so that every instance can derive it and
 * nothing is stored. Each instance calls KMS once a minute.
 * @param keyArn an HMAC_256 key
 * @param issuer part of the name, so that another deployment with the same key has other secrets
 */
export function createMacSource(kms: KMSClient, keyArn: string, issuer: string): MacSource {
  const held = new Map<number, Promise<Uint8Array>>();
  return {
    minuteKey(minute) {
      const known = held.get(minute);
      if (known) return known;
      const loading = generate(kms, keyArn, `lanyard minute key 1\n${issuer}\n${minute}`);
      held.set(minute, loading);
      const [oldest] = held.keys();
      if (held.size > heldMinutes && oldest !== undefined) held.delete(oldest);
      loading.catch(() => held.delete(minute));
      return loading;
    },
  };
}

async function generate(kms: KMSClient, keyArn: string, message: string): Promise<Uint8Array> {
  const answer = await kms.send(
    new GenerateMacCommand({ KeyId: keyArn, Message: Buffer.from(message, "utf8"), MacAlgorithm: "HMAC_SHA_256" }),
  );
  if (answer.Mac?.length !== 32) throw new Error("KMS answered a MAC that is not 32 bytes");
  return answer.Mac;
}
