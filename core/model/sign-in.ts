import type { RegistrySnapshot } from "./snapshot.ts";

/** How a person signed in, as the provider's token says it; what it does not say is missing, and satisfies nothing. */
export interface SignIn {
  /** `auth_time`, in whole seconds. */
  readonly atSeconds?: number;
  /** `acr`: the authentication context class (OpenID Connect Core 2). */
  readonly acr?: string;
}

/** What a policy wants of a person's sign-in where it permits (RFC 9470). A member that is missing wants nothing. */
export interface SignInRule {
  /** At most so long ago, when it is asked. */
  readonly maxAgeSeconds?: number;
  /** One of these, in the order of the policy. */
  readonly acrValues?: readonly string[];
}

/** By the texts alone: most registries want nothing of sign-ins, and then nothing is kept or recorded of them. */
const wanting = /@(max_age|acr)\b/;
const known = new WeakMap<object, boolean>();

/** Whether any policy of a version may want something of a sign-in; looked up once a version. */
export function asksForSignIns({ policies }: Pick<RegistrySnapshot, "policies">): boolean {
  const found = known.get(policies) ?? policies.some(({ cedar }) => wanting.test(cedar));
  known.set(policies, found);
  return found;
}
