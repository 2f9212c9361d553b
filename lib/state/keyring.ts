import { Stack } from "aws-cdk-lib";
import type { Key } from "aws-cdk-lib/aws-kms";
import type { env } from "../../lambdas/env.ts";
import type { LanyardFunction } from "../function/lanyard-function.ts";
import { roleArn } from "../function/roles.ts";
import type { Stage } from "../settings/stage.ts";
import { type Keys, type RotatedPurpose, signers } from "./keys.ts";
import type { StateStack } from "./state-stack.ts";

/** The stack's own first keys of a purpose, by the variable that names them to a function. */
const firstKeys: Record<RotatedPurpose, (keys: Keys) => Partial<Record<keyof typeof env, Key>>> = {
  identity: (keys) => ({ identityKey: keys.identity }),
  session: (keys) => ({ sessionKey: keys.session, ...(keys.sessionEc && { sessionEcKey: keys.sessionEc }) }),
  status: (keys) => ({ statusKey: keys.status }),
  events: (keys) => (keys.events ? { eventsKey: keys.events } : {}),
};

/** Where the keys are defined. */
interface KeyringProps {
  readonly stage: Stage;
  readonly state: StateStack;
}

/** The roles that sign and rotate. Every function checks a key's policy against them before it uses the key. */
const keyRoles = (stage: Stage): object => ({
  signers: Object.fromEntries(
    Object.entries(signers).map(([purpose, roles]) => [purpose, roles.map((role) => roleArn(stage, role))]),
  ),
  rotator: roleArn(stage, "rotator"),
});

/** Names to a function the first keys, and the roles that may use keys. */
export function tellKeys(of: LanyardFunction, { stage, state }: KeyringProps, purposes: readonly RotatedPurpose[]) {
  for (const purpose of purposes) {
    const keys = Object.entries(firstKeys[purpose](state.keys));
    of.tell(Object.fromEntries(keys.map(([variable, key]) => [variable, key.keyArn])));
  }
  of.tell({ keyRoles: Stack.of(of).toJsonString(keyRoles(stage)) });
}

/**
 * Lets a function use the keys of some purposes. The keys' own policies decide whether it may sign; here it only gets
 * the right to read the rings.
 */
export function useKeyring(of: LanyardFunction, props: KeyringProps, ...purposes: RotatedPurpose[]): void {
  tellKeys(of, props, purposes);
  props.state.tables.grantRingRead(of, ...purposes);
}
