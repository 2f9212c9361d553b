import { Stack } from "aws-cdk-lib";
import type { Key } from "aws-cdk-lib/aws-kms";
import { env } from "../../lambdas/env.ts";
import { allowTable, rows } from "../function/grant.ts";
import type { LanyardFunction } from "../function/lanyard-function.ts";
import { roleArn } from "../function/roles.ts";
import type { Stage } from "../settings/stage.ts";
import { type Keys, type rotated, signers } from "./keys.ts";
import type { StateStack } from "./state-stack.ts";

export type RotatedPurpose = (typeof rotated)[number];

/** The stack's own first keys of a purpose, by the variable that tells a function of them. */
export const firstKeys: Record<RotatedPurpose, (keys: Keys) => Partial<Record<keyof typeof env, Key>>> = {
  identity: (keys) => ({ identityKey: keys.identity }),
  session: (keys) => ({ sessionKey: keys.session, sessionRsaKey: keys.sessionRsa }),
  status: (keys) => ({ statusKey: keys.status }),
  events: (keys) => ({ eventsKey: keys.events }),
};

/** Who signs and who rotates, by role: every function judges a key by this before it believes it. */
const keyRoles = (stage: Stage): object => ({
  signers: Object.fromEntries(
    Object.entries(signers).map(([purpose, roles]) => [purpose, roles.map((role) => roleArn(stage, role))]),
  ),
  rotator: roleArn(stage, "rotator"),
});

/** Tells a function where the rings stand and which keys were first. */
export function tellKeys(of: LanyardFunction, stage: Stage, state: StateStack, purposes: readonly RotatedPurpose[]) {
  const keys = Object.assign({}, ...purposes.map((purpose) => firstKeys[purpose](state.keys)));
  for (const [variable, key] of Object.entries(keys as Partial<Record<keyof typeof env, Key>>))
    of.function.addEnvironment(env[variable as keyof typeof env], key.keyArn);
  of.function.addEnvironment(env.keyringTable, state.tables.keyring.tableName);
  of.function.addEnvironment(env.keyRoles, Stack.of(of).toJsonString(keyRoles(stage)));
}

/**
 * Lets a function use the keys of some purposes. Whether it may sign, the keys' own policies say; here it only gets to
 * read the rings.
 */
export function useKeyring(of: LanyardFunction, stage: Stage, state: StateStack, ...purposes: RotatedPurpose[]): void {
  tellKeys(of, stage, state, purposes);
  allowTable(of.role, state.tables.keyring, ["GetItem"], rows(...purposes));
}
