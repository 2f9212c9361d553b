import { setTimeout as sleep } from "node:timers/promises";
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  GetPublicKeyCommand,
  type KMSClient,
  ListKeysCommand,
  type ListKeysCommandOutput,
  ScheduleKeyDeletionCommand,
} from "@aws-sdk/client-kms";
import { keyTimes } from "../../../core/model/key-times.ts";
import type { KeyPurpose, PublicKey, SigningAlgorithm } from "../../../core/model/ports.ts";
import { err, ok } from "../../../core/model/result.ts";
import type { Intent } from "../../../core/ring/model.ts";
import type { KeyMaker } from "../../../core/ring/ports.ts";
import { type KeyRoles, keyPolicy, kmsNames } from "./key-policy.ts";
import { keyFault, publicKeyOf } from "./keys.ts";

/** What the maker needs beside its client. */
interface KeyMakerPlace {
  readonly stage: string;
  readonly roles: KeyRoles;
  /** ARNs of the stack's own keys. */
  readonly stackKeys: readonly string[];
}

/** The key is deleted already, or its deletion is ordered, so nothing remains to be done. */
const isOver = (failure: unknown): boolean =>
  failure instanceof Error && ["KMSInvalidStateException", "NotFoundException"].includes(failure.name);

const named = (failure: unknown, ...names: readonly string[]): boolean =>
  failure instanceof Error && names.includes(failure.name);

/** Creates the maker of signing keys, used only by the rotator. */
export function createKeyMaker(kms: KMSClient, place: KeyMakerPlace): KeyMaker {
  const description = (intent: Intent, purpose?: KeyPurpose) =>
    `Lanyard ${place.stage}: ${purpose === undefined ? "" : `${purpose} ${intent.alg} key, `}intent ${intent.id}`;
  return {
    async create(purpose, intent) {
      const { alg } = intent;
      const { KeyMetadata: made } = await kms.send(
        new CreateKeyCommand({
          Description: description(intent, purpose),
          KeySpec: kmsNames[alg].spec,
          KeyUsage: "SIGN_VERIFY",
          // each is named although it is the default: the role may make no other kind of key, and IAM checks only what
          // is named
          Origin: "AWS_KMS",
          MultiRegion: false,
          // the check asks whether the caller could change the key's policy, which no maker of ours may ever do, so it
          // would refuse every key. The policy itself ensures what the check is for: the account's root administers the
          // key
          BypassPolicyLockoutSafetyCheck: true,
          Policy: JSON.stringify(keyPolicy({ purpose, alg }, place.roles, keyTimes.deletionWindowDays)),
        }),
      );
      if (!made?.Arn || !made.CreationDate) throw new Error("KMS made a key and did not say which");
      const { kid } = await publicHalf(kms, made.Arn, alg);
      const createdAtSeconds = Math.floor(made.CreationDate.getTime() / 1000);
      return { kid, keyArn: made.Arn, alg, state: "created", createdAtSeconds };
    },
    async vet({ keyArn, alg }, purpose) {
      const fault = await keyFault(kms, { keyArn, purpose, alg }, place.roles);
      return fault === undefined ? ok(undefined) : err(fault);
    },
    async disable({ keyArn }) {
      await kms.send(new DisableKeyCommand({ KeyId: keyArn })).catch(unlessOver);
    },
    async end({ keyArn }) {
      const command = place.stackKeys.includes(keyArn)
        ? new DisableKeyCommand({ KeyId: keyArn })
        : new ScheduleKeyDeletionCommand({ KeyId: keyArn, PendingWindowInDays: keyTimes.deletionWindowDays });
      await kms.send(command as DisableKeyCommand).catch(unlessOver);
    },
    findByIntent: (intent) => find(kms, `intent ${intent.id}`),
  };
}

const unlessOver = (failure: unknown): void => {
  if (!isOver(failure)) throw failure;
};

/**
 * The public half. A key that was just created, and its policy, may not be known everywhere in KMS yet, so this tries
 * several times.
 */
async function publicHalf(kms: KMSClient, keyArn: string, alg: SigningAlgorithm): Promise<PublicKey> {
  for (let attempt = 0; ; attempt++) {
    try {
      const { PublicKey: spki } = await kms.send(new GetPublicKeyCommand({ KeyId: keyArn }));
      const read = spki && (await publicKeyOf(spki, alg));
      if (!read) throw new Error(`KMS made ${keyArn}, which is no ${kmsNames[alg].spec} key`);
      return read;
    } catch (failure) {
      if (attempt >= 5 || !named(failure, "NotFoundException", "AccessDeniedException")) throw failure;
      await sleep(300 * 2 ** attempt);
    }
  }
}

/**
 * Finds keys among all keys of the account by the end of their description. Keys that we may not describe are not ours.
 */
async function find(kms: KMSClient, ending: string): Promise<readonly string[]> {
  const found: string[] = [];
  let marker: string | undefined;
  do {
    // written as a literal, so that the compiler finds a misspelt member: the SDK would ignore it, and a page without
    // its marker is the first page again, without end
    const page: ListKeysCommandOutput = await kms.send(new ListKeysCommand({ Limit: 100, Marker: marker }));
    const arns = (page.Keys ?? []).flatMap(({ KeyArn }) => KeyArn ?? []);
    const ours = await Promise.all(arns.map((keyArn) => isWanted(kms, keyArn, ending)));
    found.push(...arns.filter((_, i) => ours[i]));
    if (page.Truncated && page.NextMarker === marker) throw new Error("KMS lists the same page of keys again");
    marker = page.Truncated ? page.NextMarker : undefined;
  } while (marker !== undefined);
  return found;
}

async function isWanted(kms: KMSClient, keyArn: string, ending: string): Promise<boolean> {
  try {
    const { KeyMetadata: key } = await kms.send(new DescribeKeyCommand({ KeyId: keyArn }));
    return key?.KeyState !== "PendingDeletion" && (key?.Description ?? "").endsWith(`, ${ending}`);
  } catch (failure) {
    if (named(failure, "AccessDeniedException", "NotFoundException")) return false;
    throw failure;
  }
}
