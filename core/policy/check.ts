import type { PolicyRegistration } from "../model/registry.ts";
import { approvalRuleOf } from "./approvals.ts";
import type { CedarModule } from "./ask.ts";
import { canLift, nodes, readsOwnWord } from "./own-word.ts";
import { policySchema } from "./schema.ts";

/** What is wrong with one policy. */
interface PolicyProblem {
  readonly policy: string;
  readonly message: string;
}

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
  return policies.flatMap(({ name, cedar: text }) => {
    const parsed = cedar.policyToJson(text);
    if (parsed.type === "failure") return parsed.errors.map((e) => ({ policy: name, message: withHelp(e) }));
    return [
      ...validated(cedar, { name, cedar: text }, policySchema).map(({ problem }) => problem),
      ...unknownEntities(parsed.json, known).map((message) => ({ policy: name, message })),
      ...approval(parsed.json, known).map((message) => ({ policy: name, message })),
      ...ownWord(parsed.json).map((message) => ({ policy: name, message })),
    ];
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

const withHelp = (e: { readonly message: string; readonly help?: string | null }) =>
  e.help ? `${e.message} (${e.help})` : e.message;

/**
 * Validates one policy against a schema, strictly. Warnings count as problems too: a policy that can never apply, or
 * has look-alike letters in a name, does not do what its author meant.
 * @returns each problem, and whether Cedar reports it only as a warning
 */
export function validated(
  cedar: CedarModule,
  policy: Pick<PolicyRegistration, "name" | "cedar">,
  schema: string,
): readonly { readonly problem: PolicyProblem; readonly warning: boolean }[] {
  const answer = cedar.validate({
    validationSettings: { mode: "strict" },
    schema,
    policies: { staticPolicies: { [policy.name]: policy.cedar } },
  });
  const told = (warning: boolean) => (error: Parameters<typeof withHelp>[0]) => ({
    problem: { policy: policy.name, message: withHelp(error) },
    warning,
  });
  if (answer.type === "failure") return answer.errors.map(told(false));
  return [
    ...answer.validationErrors.map((e) => e.error).map(told(false)),
    ...answer.validationWarnings.map((e) => e.error).map(told(true)),
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
