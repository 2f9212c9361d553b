import type { KMSClient } from "@aws-sdk/client-kms";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import type { KeyPurpose, SigningAlgorithm } from "../core/model/ports.ts";
import { createKeyring, type Keyring } from "../core/ring/keyring.ts";
import type { FirstKeys } from "../core/ring/ports.ts";
import { createRingReader, type KeyringTables } from "./aws/dynamodb/ring-store.ts";
import type { KeyRoles } from "./aws/kms/key-policy.ts";
import { createKeyHolder, kmsClient } from "./aws/kms/keys.ts";
import { env } from "./env.ts";
import { clock, setting } from "./ground.ts";
import { logLater } from "./log.ts";

/** Names of the tables. A function whose environment lacks one fails only when it first uses that name. */
export const keyringTables: KeyringTables = {
  get keyring() {
    return setting("keyringTable");
  },
  get orders() {
    return setting("ordersTable");
  },
  get outbox() {
    return setting("outboxTable");
  },
};

/** The environment variable of each of the stack's own first keys. */
const firstKeyVariables = [
  ["identity", "RS256", "identityKey"],
  ["session", "RS256", "sessionKey"],
  ["session", "ES256", "sessionEcKey"],
  ["status", "RS256", "statusKey"],
  ["events", "RS256", "eventsKey"],
] as const satisfies readonly (readonly [KeyPurpose, SigningAlgorithm, keyof typeof env])[];

/** The stack's own first keys of the purposes that this function uses. */
export function firstKeys(): FirstKeys {
  const keys: Partial<Record<KeyPurpose, { keyArn: string; alg: SigningAlgorithm }[]>> = {};
  for (const [purpose, alg, variable] of firstKeyVariables) {
    const keyArn = process.env[env[variable]];
    if (!keyArn) continue;
    keys[purpose] = [...(keys[purpose] ?? []), { keyArn, alg }];
  }
  return keys;
}

/** Which roles may do what with the keys, from the environment. */
export const keyRoles = (): KeyRoles => JSON.parse(setting("keyRoles")) as KeyRoles;

/** The keyring of a function. */
export function openKeyring(dynamo: DynamoDBDocumentClient, kms: KMSClient = kmsClient()): Keyring {
  return createKeyring({
    clock,
    rings: createRingReader(dynamo, keyringTables),
    holder: createKeyHolder(kms, keyRoles()),
    first: firstKeys(),
    onRefused: ({ keyArn, alg }, why) =>
      logLater("critical", "a key of the ring is not believed", { keyArn, alg, why }),
  });
}
