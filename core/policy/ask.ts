import type * as cedarWasm from "@cedar-policy/cedar-wasm/nodejs";
import type { ApprovalRule, Missing, PolicyQuestion, Verdict } from "../model/decision.ts";
import type { PolicyRegistration } from "../model/registry.ts";
import type { SignInRule } from "../model/sign-in.ts";
import { rulesAmong } from "./approvals.ts";
import type { CedarCall } from "./requests.ts";
import { enoughForOne, isSatisfied } from "./sign-ins.ts";

/**
 * The loaded wasm module: in a bundled function `/web` after `initSync({ module: bytes })`, under plain Node `/nodejs`.
 * Core reads no files, so the caller loads it.
 */
export type CedarModule = Pick<
  typeof cedarWasm,
  "preparseSchema" | "preparsePolicySet" | "statefulIsAuthorized" | "policyToJson" | "validate"
>;

/** A refusal. Without `missing` it is about the question as a whole. */
export const denied = (
  why: string,
  missing: Missing = { who: "question" },
  policies: readonly string[] = [],
): Extract<Verdict, { allowed: false; needs?: never; signIn?: never }> => ({
  allowed: false,
  policies,
  missing,
  why,
});

/**
 * Keeps a schema in the wasm module, in the place of any schema of that name.
 * @throws Error when it does not parse
 */
export function preparseSchema(cedar: CedarModule, name: string, text: string): void {
  const answer = cedar.preparseSchema(name, text);
  if (answer.type === "failure") throw new Error(answer.errors[0]?.message ?? "the schema does not parse");
}

/**
 * Keeps policies in the wasm module, in the place of any policies of that id.
 * @returns in a sentence why they cannot be read; nothing when they are kept
 */
export function preparsePolicies(
  cedar: CedarModule,
  id: string,
  policies: readonly Pick<PolicyRegistration, "name" | "cedar">[],
): string | undefined {
  const staticPolicies = Object.fromEntries(policies.map((p) => [p.name, p.cedar]));
  const answer = cedar.preparsePolicySet(id, { staticPolicies });
  return answer.type === "failure"
    ? `policies could not be read: ${answer.errors[0]?.message ?? "unknown"}`
    : undefined;
}

/** Cedar's answer to one question. Frozen, since it may be remembered and given out again. */
export interface Answer {
  readonly permitted: boolean;
  /** The policies that determined it. */
  readonly policies: readonly string[];
  /** Policies that could not be evaluated. */
  readonly broken: readonly string[];
}

/**
 * Puts one question to Cedar.
 * @param kept names of the policies and schema kept before; with a schema, the question must be valid against it
 * @returns its answer, or in a sentence why the question is not valid
 */
export function ask(
  cedar: CedarModule,
  kept: { readonly schema?: string; readonly policies: string },
  call: CedarCall,
): Answer | string {
  const { principal, action, resource, context, entities } = call;
  const answer = cedar.statefulIsAuthorized({
    ...{ principal, action, resource, context, entities: [...entities] },
    preparsedPolicySetId: kept.policies,
    ...(kept.schema === undefined ? {} : { preparsedSchemaName: kept.schema, validateRequest: true }),
  });
  if (answer.type === "failure") return `the question is not valid: ${answer.errors[0]?.message ?? "unknown"}`;
  const { decision, diagnostics } = answer.response;
  return Object.freeze({
    permitted: decision === "allow",
    policies: Object.freeze([...diagnostics.reason].sort()),
    broken: Object.freeze(diagnostics.errors.map((e) => e.policyId).sort()),
  });
}

/** What policies ask for by their annotations, by the policies' names. */
export interface Annotations {
  /** Approvals of people. */
  readonly approvals: ReadonlyMap<string, ApprovalRule>;
  /** Sign-ins of the person for whom it is. */
  readonly signIns: ReadonlyMap<string, SignInRule>;
}

/** What is compared with what policies want of a sign-in. */
export type Asker = Pick<PolicyQuestion, "principal" | "signIn" | "nowSeconds">;

/**
 * The verdict that follows from an answer. A policy that could not be evaluated refuses, whatever the other policies
 * answer. Of several permits those count whose sign-in is right; an agent on its own account has none.
 */
export function verdictOf(
  answer: Answer | string,
  missing: Missing,
  { rules, asker }: { readonly rules: Annotations; readonly asker: Asker },
): Verdict {
  if (typeof answer === "string") return denied(answer);
  const { permitted, policies, broken } = answer;
  if (broken.length > 0) return denied(`could not be evaluated: ${broken.join(", ")}`, { who: "question" }, broken);
  const what = missing.who === "task" ? `the use of ${missing.tool}` : `the ${missing.who}`;
  if (permitted) {
    const right = policies.filter((name) => {
      const rule = rules.signIns.get(name);
      return !rule || isSatisfied(rule, asker.signIn, asker.nowSeconds);
    });
    const signIn = right.length > 0 ? undefined : enoughForOne(policies, rules.signIns);
    if (signIn) {
      const refused = denied(`${what} is permitted to a person who signs in otherwise`, missing, policies);
      return asker.principal.kind === "person" ? { ...refused, signIn } : refused;
    }
    const asked = rulesAmong(right, rules.approvals);
    return asked
      ? { ...denied(`${what} is permitted ${withApproval(asked)}`, missing, policies), needs: [asked] }
      : { allowed: true, policies };
  }
  return policies.length > 0
    ? denied(`${what} is forbidden by ${policies.join(", ")}`, missing, policies)
    : denied(`no policy permits ${what}`, missing);
}

const withApproval = (rules: readonly ApprovalRule[]): string =>
  `with the approval of ${rules.map(({ group, needed }) => (needed === 1 ? group : `${needed} of ${group}`)).join(" or ")}`;
