import { Stack } from "aws-cdk-lib";
import type { Key } from "aws-cdk-lib/aws-kms";
import type { env } from "../../lambdas/env.ts";
import type { LanyardFunction } from "../function/lanyard-function.ts";
import { roleArn } from "../function/roles.ts";
import type { Stage } from "../settings/stage.ts";
import { type Keys, type RotatedPurpose, signers } from "./keys.ts";
import type { StateStack } from "./state-stack.ts";

/** The stack's own first keys of a purpose, by the variable that tells a function of them. */
const firstKeys: Record<RotatedPurpose, (keys: Keys) => Partial<Record<keyof typeof env, Key>>> = {
  identity: (keys) => ({ identityKey: keys.identity }),
  session: (keys) => ({ sessionKey: keys.session, ...(keys.sessionEc && { sessionEcKey: keys.sessionEc }) }),
  status: (keys) => ({ statusKey: keys.status }),
  events: (keys) => (keys.events ? { eventsKey: keys.events } : {}),
};

/** What is said of the keys. */
interface KeyringProps {
  readonly stage: Stage;
  readonly state: StateStack;
}

/** Who signs and who rotates, by role: every function evaluates a key by this before it believes it. */
const keyRoles = (stage: Stage): object => ({
  signers: Object.fromEntries(
    Object.entries(signers).map(([purpose, roles]) => [purpose, roles.map((role) => roleArn(stage, role))]),
  ),
  rotator: roleArn(stage, "rotator"),
});

/** Tells a function which keys were first, and who may do what with keys. */
export function tellKeys(of: LanyardFunction, { stage, state }: KeyringProps, purposes: readonly RotatedPurpose[]) {
  for (const purpose of purposes) {
    const keys = Object.entries(firstKeys[purpose](state.keys));
    of.tell(Object.fromEntries(keys.map(([variable, key]) => [variable, key.keyArn])));
  }
  of.tell({ keyRoles: Stack.of(of).toJsonString(keyRoles(stage)) });
}

/**
 * Lets a function use the keys of some purposes. Whether it may sign, the keys' own policies say; here it only gets to
 * read the rings.
 */
export function useKeyring(of: LanyardFunction, props: KeyringProps, ...purposes: RotatedPurpose[]): void {
  tellKeys(of, props, purposes);
  props.state.tables.grantRingRead(of, ...purposes);
}
