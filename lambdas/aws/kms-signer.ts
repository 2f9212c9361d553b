import { createHash } from "node:crypto";
import { type KMSClient, SignCommand } from "@aws-sdk/client-kms";
import type { KeyPurpose, PublicKey, Signer } from "../../core/ports.ts";
import { derToJose } from "./ecdsa-der.ts";

/**
 * Creates a signer whose key never leaves KMS.
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
    publicKey: () => publicKey(keyArn),
    async sign(signingInput, joinId) {
      const command = new SignCommand({
        KeyId: keyArn,
        // DIGEST: a token may be longer than the 4096 bytes KMS would hash itself
        Message: createHash("sha256").update(signingInput).digest(),
        MessageType: "DIGEST",
        SigningAlgorithm: "ECDSA_SHA_256",
      });
      nameInUserAgent(command, joinId);
      const answer = await kms.send(command);
      if (!answer.Signature) throw new Error("KMS answered without a signature");
      return { signature: derToJose(answer.Signature), requestId: answer.$metadata.requestId };
    },
  };
}

/**
 * CloudTrail keeps of a Sign call neither message nor signature, but its user agent: the session's id in it joins the
 * call with our record, and a Sign that names none is not ours (threat 11).
 */
function nameInUserAgent(command: SignCommand, joinId: string): void {
  // ids are ours, but this is a header: nothing that could end it may get in
  if (!/^[A-Za-z0-9_#-]{1,64}$/.test(joinId)) throw new Error("a join id is letters, digits, _, - and #");
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { headers: Record<string, string> };
      request.headers["user-agent"] = `${request.headers["user-agent"] ?? ""} lanyard/${joinId}`.trim();
      return next(args);
    },
    { step: "build", priority: "low", name: "lanyardJoinId" },
  );
}
