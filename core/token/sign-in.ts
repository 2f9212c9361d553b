import type { Denial } from "../denial/denial.ts";
import type { PolicyDecision, PolicyQuestion } from "../model/decision.ts";
import { asksForSignIns, type SignIn } from "../model/sign-in.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { enoughForAll } from "../policy/sign-ins.ts";
import type { Plan } from "./plan.ts";
import type { ResolvedSubject } from "./resolve-subject-token.ts";

/**
 * How the person signed in on whose authority a request is: by the token that it shows, else as it is kept with the
 * session, which has it from the token that opened its root. It is neither asked, kept nor recorded where no policy
 * wants anything of it; a session that was opened then satisfies nothing later.
 */
export function signInOfRequest(
  subject: ResolvedSubject,
  { existing, parent }: Pick<Plan, "existing" | "parent">,
  registry: RegistrySnapshot,
): SignIn | undefined {
  if (!asksForSignIns(registry)) return undefined;
  if (subject.kind !== "person") return (existing ?? parent)?.signIn;
  const { authTimeSeconds, acr } = subject.person;
  return {
    // down to a whole second, so that it is rather taken for older
    ...(authTimeSeconds === undefined ? {} : { atSeconds: Math.floor(authTimeSeconds) }),
    ...(acr === undefined ? {} : { acr }),
  };
}

/** A resource at which policy wants another sign-in, with its verdict. */
export interface Unsigned {
  readonly resource: string;
  readonly verdict: Extract<PolicyDecision, { signIn: object }>;
}

/**
 * The refusal where policy wants another sign-in at some resources.
 * @returns `sign_in_insufficient` with one that is enough for all of them, or `policy_denied` where none could be
 */
export function signInDenial(first: Unsigned, all: readonly Unsigned[], action: PolicyQuestion["action"]): Denial {
  const { policies, missing, why } = first.verdict;
  const enough = enoughForAll(all.map(({ verdict }) => verdict.signIn));
  if (!enough) return { code: "policy_denied", policies, resource: first.resource, action, missing, why };
  const resources = all.map(({ resource }) => resource);
  return { code: "sign_in_insufficient", policies, resources, action, missing, why, ...enough };
}

/** The same where no person can be sent to sign in: a plain refusal. */
export function plainly(denial: Denial): Denial {
  if (denial.code !== "sign_in_insufficient") return denial;
  const { policies, resources, action, missing, why } = denial;
  return { code: "policy_denied", policies, resource: resources[0] ?? "?", action, missing, why };
}
