/** KMS (`TrentService`): signatures and MACs by the template's keys and by those that functions make, and their life. */
import { createHash, createHmac, createPublicKey, type KeyObject, sign, timingSafeEqual } from "node:crypto";
import {
  type Answer,
  contextOf,
  type Json,
  ok,
  type Service,
  ServiceError,
  textMember,
  unknownOperation,
} from "../service.ts";
import type { Key } from "./key.ts";
import { openLedger } from "./ledger.ts";
import { createKey, type KeyGround, lifeOperations, listKeys, refuseUnusable } from "./life.ts";
import { signP256Digest, signRsaDigest } from "./sign-digest.ts";

const longestMessageBytes = 4096;

/**
 * The account's KMS.
 * @param keys its keys
 * @param aliases key id by alias name, such as `alias/documents`
 * @param ground where new keys come into being; without it none do
 */
export function openKms(keys: readonly Key[], aliases: ReadonlyMap<string, string>, ground?: KeyGround): Service {
  const ledger = openLedger(keys, ground?.directory);
  for (const { id, arn } of ledger.all()) {
    const { policy } = ledger.stateOf(id);
    if (policy !== undefined) ground?.setPolicy(arn, policy);
  }
  const find = (input: Json): Key => {
    const asked = textMember(input, "KeyId");
    const name = asked.startsWith("arn:") ? asked.slice(asked.lastIndexOf(":") + 1).replace(/^key\//, "") : asked;
    const id = aliases.get(name) ?? name;
    const found = ledger.find(id);
    if (found === undefined) throw new ServiceError("NotFoundException", `Key '${asked}' does not exist`);
    return found;
  };
  return {
    target: "TrentService",
    access(operation, input) {
      if (operation === "ListKeys") return [{ action: "kms:ListKeys", resource: "*", context: {} }];
      if (operation === "CreateKey") return [{ action: "kms:CreateKey", resource: "*", context: creation(input) }];
      const key = find(input);
      const tags = Object.entries(key.tags).map(([name, value]) => [`aws:ResourceTag/${name}`, value]);
      const context = contextOf({
        "kms:SigningAlgorithm": input.SigningAlgorithm as string | undefined,
        "kms:MessageType": operation === "Sign" ? ((input.MessageType as string | undefined) ?? "RAW") : undefined,
        "kms:MacAlgorithm": input.MacAlgorithm as string | undefined,
        "kms:ScheduleKeyDeletionPendingWindowInDays":
          operation === "ScheduleKeyDeletion" ? String(input.PendingWindowInDays ?? 30) : undefined,
        "kms:KeySpec": key.spec,
        "kms:KeyUsage": key.usage,
        "kms:CallerAccount": key.arn.split(":")[4],
        ...Object.fromEntries(tags),
      });
      return [{ action: `kms:${operation}`, resource: key.arn, context }];
    },
    call(operation, input, caller) {
      if (operation === "ListKeys") return listKeys(input, ledger);
      if (operation === "CreateKey" && ground) return createKey(input, caller, { ledger, ground });
      const key = find(input);
      const live = lifeOperations[operation];
      if (live !== undefined) return live(key, input, { ledger, ground });
      refuseUnusable(key, ledger);
      const perform = operations[operation];
      if (perform === undefined) throw unknownOperation("KMS", operation);
      return perform(key, input);
    },
  };
}

/** What IAM evaluates a CreateKey by. */
const creation = (input: Json) =>
  contextOf({
    "kms:KeySpec": String(input.KeySpec ?? "SYMMETRIC_DEFAULT"),
    "kms:KeyUsage": String(input.KeyUsage ?? "ENCRYPT_DECRYPT"),
    "kms:KeyOrigin": String(input.Origin ?? "AWS_KMS"),
    "kms:MultiRegion": String(input.MultiRegion ?? false),
    "kms:BypassPolicyLockoutSafetyCheck": String(input.BypassPolicyLockoutSafetyCheck ?? false),
  });

const operations: Record<string, (key: Key, input: Json) => Answer> = {
  Sign(key, input) {
    const privateKey = privateKeyOf(key);
    const algorithm = textMember(input, "SigningAlgorithm");
    if (!algorithms(key).includes(algorithm)) {
      throw new ServiceError(
        "InvalidKeyUsageException",
        `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`,
      );
    }
    const signature = signatureOf(key.spec, privateKey, input);
    return ok({ KeyId: key.arn, Signature: signature.toString("base64"), SigningAlgorithm: algorithm });
  },
  GetPublicKey(key) {
    const publicKey = createPublicKey(privateKeyOf(key)).export({ type: "spki", format: "der" });
    return ok({
      KeyId: key.arn,
      PublicKey: publicKey.toString("base64"),
      KeySpec: key.spec,
      CustomerMasterKeySpec: key.spec,
      KeyUsage: key.usage,
      SigningAlgorithms: algorithms(key),
    });
  },
  GenerateMac(key, input) {
    const MacAlgorithm = macAlgorithm(input);
    return ok({ KeyId: key.arn, Mac: mac(key, input).toString("base64"), MacAlgorithm });
  },
  VerifyMac(key, input) {
    const MacAlgorithm = macAlgorithm(input);
    const given = bytes(input, "Mac");
    const expected = mac(key, input);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new ServiceError("KMSInvalidMacException", "");
    }
    return ok({ KeyId: key.arn, MacValid: true, MacAlgorithm });
  },
};

function signatureOf(spec: string, privateKey: KeyObject, input: Json): Buffer {
  if (spec === "ECC_NIST_EDWARDS25519") return sign(null, wholeMessage(input), privateKey);
  const digest = digestOf(input);
  return spec === "ECC_NIST_P256" ? signP256Digest(digest, privateKey) : signRsaDigest(digest, privateKey);
}

/** Ed25519 takes the message itself; the prehashed variant is an algorithm of its own, and incompatible. */
function wholeMessage(input: Json): Buffer {
  const algorithm = textMember(input, "SigningAlgorithm");
  if (algorithm !== "ED25519_SHA_512")
    throw new ServiceError("UnsupportedOperationException", `the embedded KMS does not play ${algorithm}`);
  const type = String(input.MessageType ?? "RAW");
  if (type !== "RAW") throw new ServiceError("ValidationException", `Message type ${type} is incompatible`);
  return messageOf(input);
}

function messageOf(input: Json): Buffer {
  const message = bytes(input, "Message");
  if (message.length <= longestMessageBytes) return message;
  throw new ServiceError("ValidationException", "Message is longer than 4096 bytes");
}

function digestOf(input: Json): Buffer {
  const message = messageOf(input);
  if ((input.MessageType ?? "RAW") === "RAW") return createHash("sha256").update(message).digest();
  if (input.MessageType !== "DIGEST")
    throw new ServiceError("ValidationException", `MessageType ${String(input.MessageType)}`);
  if (message.length !== 32) throw new ServiceError("ValidationException", "Digest is invalid length for algorithm.");
  return message;
}

function mac(key: Key, input: Json): Buffer {
  if (key.material === undefined || !("secret" in key.material)) throw wrongUsage(key);
  return createHmac("sha256", key.material.secret).update(bytes(input, "Message")).digest();
}

function macAlgorithm(input: Json): string {
  const algorithm = textMember(input, "MacAlgorithm");
  if (algorithm !== "HMAC_SHA_256")
    throw new ServiceError("InvalidKeyUsageException", `algorithm ${algorithm} is incompatible`);
  return algorithm;
}

function privateKeyOf(key: Key) {
  if (key.material === undefined || !("privateKey" in key.material)) throw wrongUsage(key);
  return key.material.privateKey;
}

function wrongUsage(key: Key): ServiceError {
  return new ServiceError(
    "InvalidKeyUsageException",
    `${key.arn} key usage is ${key.usage} which is not valid for this operation.`,
  );
}

const algorithmsOf: Readonly<Record<string, readonly string[]>> = {
  ECC_NIST_P256: ["ECDSA_SHA_256"],
  ECC_NIST_EDWARDS25519: ["ED25519_SHA_512", "ED25519_PH_SHA_512"],
};

const algorithms = ({ spec }: Key): readonly string[] => algorithmsOf[spec] ?? ["RSASSA_PKCS1_V1_5_SHA_256"];

function bytes(input: Json, name: string): Buffer {
  return Buffer.from(textMember(input, name), "base64");
}
