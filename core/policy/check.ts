import type { PolicyRegistration } from "../model/registry.ts";
import { approvalRuleOf } from "./approvals.ts";
import type { CedarModule } from "./ask.ts";
import { canLift, nodes, readsOwnWord } from "./own-word.ts";
import { policySchema } from "./schema.ts";
import { signInRuleOf } from "./sign-ins.ts";

/** What is wrong with one of several policies, of which two might have one name. */
interface PolicyProblem {
  /** The policy's place among those that were checked. */
  readonly at: number;
  readonly message: string;
}

type Named = Pick<PolicyRegistration, "name" | "cedar">;

/** What exists, so that a policy that names anything else is found. */
interface KnownEntities {
  readonly agents: ReadonlySet<string>;
  readonly resources: ReadonlySet<string>;
  /** Scopes of every resource. */
  readonly tools: ReadonlySet<string>;
  /** Declared groups of people, as `<trusted issuer's name>/<group>`. */
  readonly groups: ReadonlySet<string>;
}

/**
 * Checks policies before they are stored: each text is one policy that parses, is valid against the schema (strict),
 * can apply at all, and names only registered agents and resources. What the caller chooses itself, asserted or as a
 * fact of its evidence, must neither make it permit nor keep it from forbidding (threats 25 and 36).
 * @returns every problem, in the policies' order; empty when all may be stored
 */
export function checkPolicies(
  cedar: CedarModule,
  policies: readonly PolicyRegistration[],
  known: KnownEntities,
): readonly PolicyProblem[] {
  const parsed = policies.map((policy) => ({ policy, answer: cedar.policyToJson(policy.cedar) }));
  const texts = parsed.flatMap(({ policy, answer }) => (answer.type === "failure" ? [] : [policy]));
  const found = validated(cedar, texts, policySchema);
  return parsed.flatMap(({ policy, answer }, at) => {
    const messages =
      answer.type === "failure"
        ? answer.errors.map(withHelp)
        : [
            ...(found.get(policy) ?? []).map(({ message }) => message),
            ...unknownEntities(answer.json, known),
            ...approval(answer.json, known),
            ...signIn(answer.json),
            ...ownWord(answer.json),
          ];
    return messages.map((message) => ({ at, message }));
  });
}

const ownWord = ({
  effect,
  conditions,
}: {
  readonly effect: string;
  readonly conditions: unknown;
}): readonly string[] => {
  const read = readsOwnWord(conditions);
  if (read === undefined) return [];
  if (effect === "permit") return [`a permit may not read ${read}: it is the caller's own word`];
  if (!canLift(conditions)) return [];
  return [
    `a forbid may read ${read} only where saying more refuses more: in a when, not negated, in comparisons joined by && and || alone; here the caller's own word could lift it`,
  ];
};

/** Whether the annotations make a rule, of a group that there is. */
const approval = (policy: Parameters<typeof approvalRuleOf>[0], { groups }: KnownEntities): readonly string[] => {
  const rule = approvalRuleOf(policy);
  if (!rule.ok) return [rule.error];
  const { group } = rule.value ?? {};
  return group === undefined || groups.has(group)
    ? []
    : [`@approval: no trusted issuer declares the group ${JSON.stringify(group)}`];
};

const signIn = (policy: Parameters<typeof signInRuleOf>[0]): readonly string[] => {
  const rule = signInRuleOf(policy);
  return rule.ok ? [] : [rule.error];
};

const withHelp = (e: { readonly message: string; readonly help?: string | null }) =>
  e.help ? `${e.message} (${e.help})` : e.message;

/** A problem, and whether Cedar reports it only as a warning. */
interface Validated {
  readonly message: string;
  readonly warning: boolean;
}

/**
 * Validates policies against a schema, strictly. Warnings count as problems too: a policy that can never apply, or has
 * look-alike letters in a name, does not do what its author meant. All are asked about in one call, since Cedar reads
 * the schema anew for each.
 * @param policies each one policy that parses
 * @returns what is wrong with each
 */
export function validated<P extends Named>(
  cedar: CedarModule,
  policies: readonly P[],
  schema: string,
): ReadonlyMap<P, readonly Validated[]> {
  const names = new Set(policies.map(({ name }) => name));
  // two of one name would be one to Cedar
  const found = names.size === policies.length ? problemsIn(cedar, policies, schema) : undefined;
  // what is said of no policy by its name must not be lost: each is asked about by itself then
  if (!found?.every(({ policyId }) => policyId !== undefined && names.has(policyId)))
    return new Map(policies.map((policy) => [policy, problemsIn(cedar, [policy], schema)]));
  return new Map(policies.map((policy) => [policy, found.filter(({ policyId }) => policyId === policy.name)]));
}

function problemsIn(
  cedar: CedarModule,
  policies: readonly Named[],
  schema: string,
): readonly (Validated & { readonly policyId?: string })[] {
  const staticPolicies = Object.fromEntries(policies.map(({ name, cedar: text }) => [name, text]));
  const answer = cedar.validate({ validationSettings: { mode: "strict" }, schema, policies: { staticPolicies } });
  if (answer.type === "failure") return answer.errors.map((error) => ({ message: withHelp(error), warning: false }));
  const { validationErrors: errors, validationWarnings: warnings } = answer;
  return [
    ...errors.map(({ policyId, error }) => ({ policyId, message: withHelp(error), warning: false })),
    ...warnings.map(({ policyId, error }) => ({ policyId, message: withHelp(error), warning: true })),
  ];
}

const unknownEntities = (policy: unknown, known: KnownEntities): readonly string[] => {
  const found = new Set<string>();
  for (const { type, id } of nodes(policy)) {
    if (typeof id !== "string") continue;
    const name = JSON.stringify(id);
    if (type === "Agent" && !known.agents.has(id)) found.add(`no agent is named ${name}`);
    if (type === "Resource" && !known.resources.has(id)) found.add(`no resource has the uri ${name}`);
    if (type === "Tool" && !known.tools.has(id)) found.add(`no resource has the scope ${name}`);
    if (type === "Group" && !known.groups.has(id)) found.add(`no trusted issuer declares the group ${name}`);
  }
  return [...found];
};
