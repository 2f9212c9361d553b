/** A key's life in KMS: made, disabled, waiting for its deletion; and what is told about it. */
import { randomUUID } from "node:crypto";
import type { Caller } from "../iam/caller.ts";
import { type Answer, type Json, ok, ServiceError, textMember } from "../service.ts";
import { type Key, openKey } from "./key.ts";
import type { Ledger } from "./ledger.ts";

/** Where new keys come into being. */
export interface KeyGround {
  readonly account: string;
  readonly region: string;
  /** Folder of the keys; absent = in memory. */
  readonly directory?: string;
  /** The policy of a key as it counts now, as text. */
  policyOf(arn: string): string | undefined;
  /** Makes a policy count from now on; throws on one that is not understood in full. */
  setPolicy(arn: string, document: string): void;
  /** Why the caller could not change a key that has this policy; undefined when it could. */
  lockout(caller: Caller, arn: string, document: string): string | undefined;
}

/** The keys there are, and where more of them may come into being. */
interface KeysPlace {
  readonly ledger: Ledger;
  /** Absent where functions make none. */
  readonly ground?: KeyGround | undefined;
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000);
const daySeconds = 86_400;

/**
 * Makes a key under the policy that the call brings. KMS takes no policy by which its very caller could not change it
 * again, by all the caller's rights and denials and not by the policy's text alone, unless told to skip this check.
 */
export function createKey(
  input: Json,
  caller: Caller,
  { ledger, ground }: KeysPlace & { readonly ground: KeyGround },
): Answer {
  const { KeySpec: spec = "SYMMETRIC_DEFAULT", KeyUsage: usage = "ENCRYPT_DECRYPT", Origin = "AWS_KMS" } = input;
  if (!["ECC_NIST_P256", "RSA_2048"].includes(String(spec)) || usage !== "SIGN_VERIFY" || Origin !== "AWS_KMS")
    throw new ServiceError("UnsupportedOperationException", "the embedded KMS makes P-256 and RSA-2048 signing keys");
  if (input.MultiRegion === true || input.Tags !== undefined)
    throw new ServiceError("UnsupportedOperationException", "the embedded KMS makes no replicas and sets no tags");
  const id = randomUUID();
  const arn = `arn:aws:kms:${ground.region}:${ground.account}:key/${id}`;
  const policy = textMember(input, "Policy");
  try {
    if (input.BypassPolicyLockoutSafetyCheck !== true && ground.lockout(caller, arn, policy) !== undefined)
      throw new Error("The new key policy will not allow you to update the key policy in the future.");
    ground.setPolicy(arn, policy);
  } catch (thrown) {
    throw new ServiceError(
      "MalformedPolicyDocumentException",
      thrown instanceof Error ? thrown.message : String(thrown),
    );
  }
  const made = { arn, spec: String(spec), usage: "SIGN_VERIFY" };
  const key = openKey({ id, ...made, enabled: true, tags: {} }, ground.directory);
  const description = String(input.Description ?? "");
  ledger.add(key, { enabled: true, description, createdAtSeconds: nowSeconds(), policy, made });
  return ok({ KeyMetadata: metadata(key, ledger) });
}

/** Every key's id, a page at a time. */
export function listKeys(input: Json, ledger: Ledger): Answer {
  const from = Number(input.Marker ?? 0);
  const most = Number(input.Limit ?? 100);
  const all = ledger.all();
  const Keys = all.slice(from, from + most).map(({ id, arn }) => ({ KeyId: id, KeyArn: arn }));
  const next = from + most;
  return ok(next < all.length ? { Keys, Truncated: true, NextMarker: String(next) } : { Keys, Truncated: false });
}

/** Operations on one key that work in whatever state it is, by name. */
export const lifeOperations: Record<string, (key: Key, input: Json, place: KeysPlace) => Answer> = {
  DescribeKey: (key, _input, { ledger }) => ok({ KeyMetadata: metadata(key, ledger) }),
  GetKeyPolicy(key, _input, { ledger, ground }) {
    const Policy = ledger.stateOf(key.id).policy ?? ground?.policyOf(key.arn);
    if (Policy === undefined) throw new ServiceError("NotFoundException", "the key has no policy");
    return ok({ Policy, PolicyName: "default" });
  },
  DisableKey(key, _input, { ledger }) {
    refusePending(key, ledger);
    ledger.change(key.id, { enabled: false });
    return ok({});
  },
  ScheduleKeyDeletion(key, input, { ledger }) {
    refusePending(key, ledger);
    const days = Number(input.PendingWindowInDays ?? 30);
    if (!(days >= 7 && days <= 30)) throw new ServiceError("ValidationException", "PendingWindowInDays is 7 to 30");
    const deletionAtSeconds = nowSeconds() + days * daySeconds;
    ledger.change(key.id, { enabled: false, deletionAtSeconds });
    return ok({
      KeyId: key.arn,
      DeletionDate: deletionAtSeconds,
      KeyState: "PendingDeletion",
      PendingWindowInDays: days,
    });
  },
  CancelKeyDeletion(key, _input, { ledger }) {
    const { deletionAtSeconds: _, ...state } = ledger.stateOf(key.id);
    if (_ === undefined) throw new ServiceError("KMSInvalidStateException", `${key.arn} is not pending deletion.`);
    ledger.add(key, { ...state, enabled: false });
    return ok({ KeyId: key.arn });
  },
};

/** Refuses the use of a key that is not enabled, as KMS does. */
export function refuseUnusable(key: Key, ledger: Ledger): void {
  refusePending(key, ledger);
  if (!ledger.stateOf(key.id).enabled) throw new ServiceError("DisabledException", `${key.arn} is disabled.`);
}

function refusePending(key: Key, ledger: Ledger): void {
  if (ledger.stateOf(key.id).deletionAtSeconds !== undefined)
    throw new ServiceError("KMSInvalidStateException", `${key.arn} is pending deletion.`);
}

function metadata(key: Key, ledger: Ledger) {
  const { enabled, description, createdAtSeconds, deletionAtSeconds } = ledger.stateOf(key.id);
  const state = deletionAtSeconds !== undefined ? "PendingDeletion" : enabled ? "Enabled" : "Disabled";
  return {
    AWSAccountId: key.arn.split(":")[4],
    Arn: key.arn,
    KeyId: key.id,
    Description: description,
    CreationDate: createdAtSeconds,
    KeySpec: key.spec,
    CustomerMasterKeySpec: key.spec,
    KeyUsage: key.usage,
    Enabled: state === "Enabled",
    KeyState: state,
    ...(deletionAtSeconds === undefined ? {} : { DeletionDate: deletionAtSeconds }),
    KeyManager: "CUSTOMER",
    Origin: "AWS_KMS",
    MultiRegion: false,
  };
}
