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

/** What the maker is given beside its client. */
interface KeyMakerPlace {
  readonly stage: string;
  readonly roles: KeyRoles;
  /** ARNs of the stack's own keys. */
  readonly stackKeys: readonly string[];
}

/** A key that is gone, or going, already: what was wanted is so. */
const isOver = (failure: unknown): boolean =>
  failure instanceof Error && ["KMSInvalidStateException", "NotFoundException"].includes(failure.name);

const named = (failure: unknown, ...names: readonly string[]): boolean =>
  failure instanceof Error && names.includes(failure.name);

/** Creates the maker of signing keys, wired into the rotator alone. */
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
          // each is said although it is the default: the role may make nothing else, and IAM evaluates what is said
          Origin: "AWS_KMS",
          MultiRegion: false,
          // the check counts the maker's own rights, and no maker of ours may ever change a key's policy: it would refuse
          // every key. What it is there for, the policy itself gives: the account's root administers
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

/** A key that was made a moment ago may not be known everywhere in KMS, nor its policy. */
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

/** Walks the account's keys; those of others do not let themselves be described, and are none of ours. */
async function find(kms: KMSClient, ending: string): Promise<readonly string[]> {
  const found: string[] = [];
  let marker: string | undefined;
  do {
    // as one literal: what is spread in may have members that the SDK does not know and leaves out, and a page that is
    // asked for without its marker is the first one again, without end
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
