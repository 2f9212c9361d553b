import { GetPublicKeyCommand, type KMSClient, SignCommand } from "@aws-sdk/client-kms";
import type { NoteSigner } from "../../../core/tlog/note.ts";
import { ed25519OfSpki } from "../../../core/tlog/note-key.ts";
import { nameInUserAgent } from "./keys.ts";

/** What CloudTrail shows a signature to be for, where other signatures name a session. */
const joinId = "checkpoint";

/**
 * Keys of KMS that sign the log's checkpoints, each under the log's own name. Their public halves are asked for once.
 * @param keyArns the first is the key that verifiers know; a next one signs beside it
 * @throws for a key that is not Ed25519
 */
export function createLogSigners(
  kms: KMSClient,
  origin: string,
  keyArns: readonly string[],
): () => Promise<readonly NoteSigner[]> {
  let known: Promise<readonly NoteSigner[]> | undefined;
  const forget = (failure: unknown) => {
    known = undefined;
    throw failure;
  };
  return () => (known ??= Promise.all(keyArns.map((keyArn) => signerOf(kms, origin, keyArn))).catch(forget));
}

async function signerOf(kms: KMSClient, origin: string, keyArn: string): Promise<NoteSigner> {
  const { PublicKey: spki = new Uint8Array() } = await kms.send(new GetPublicKeyCommand({ KeyId: keyArn }));
  const publicKey = ed25519OfSpki(spki);
  if (!publicKey.ok) throw new Error(`the log's key ${keyArn}: ${publicKey.error}`);
  return {
    name: origin,
    type: "ed25519",
    publicKey: publicKey.value,
    async sign(text) {
      const command = new SignCommand({
        KeyId: keyArn,
        Message: text,
        // Ed25519 hashes the message itself: a digest would be another algorithm's, which no verifier of notes knows
        MessageType: "RAW",
        SigningAlgorithm: "ED25519_SHA_512",
      });
      nameInUserAgent(command, joinId);
      const { Signature } = await kms.send(command);
      if (!Signature) throw new Error("KMS answered without a signature");
      return Signature;
    },
  };
}
