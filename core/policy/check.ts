import type { PolicyRegistration } from "../registry/model.ts";
import type { CedarModule } from "./cedar.ts";
import { policySchema } from "./schema.ts";

/** What is wrong with one policy. */
export interface PolicyProblem {
  readonly policy: string;
  readonly message: string;
}

/** What exists, so that a policy naming anything else is found out. */
export interface KnownEntities {
  readonly agents: ReadonlySet<string>;
  readonly resources: ReadonlySet<string>;
  /** Scopes of every resource. */
  readonly tools: ReadonlySet<string>;
  /** Declared groups of people, as `<trusted issuer's name>/<group>`. */
  readonly groups: ReadonlySet<string>;
}

/**
 * Checks policies before they are stored: each text is one policy that parses, is valid against the schema (strict),
 * can apply at all, names only registered agents and resources, and does not permit on the agent's own word (threat 25),
 * be it asserted or a fact that it chose itself.
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
      ...validated(cedar, name, text),
      ...unknownEntities(parsed.json, known).map((message) => ({ policy: name, message })),
      ...(parsed.json.effect === "permit" && readsAsserted(parsed.json.conditions)
        ? [{ policy: name, message: "a permit may not read context.asserted: it is the agent's own word" }]
        : []),
      ...(parsed.json.effect === "permit" && readsChosenFact(parsed.json.conditions)
        ? [{ policy: name, message: `a permit may not read ${chosenFact}: whoever assumes the role chooses it` }]
        : []),
    ];
  });
}

const withHelp = (e: { readonly message: string; readonly help?: string | null }) =>
  e.help ? `${e.message} (${e.help})` : e.message;

const validated = (cedar: CedarModule, name: string, text: string): readonly PolicyProblem[] => {
  const answer = cedar.validate({
    validationSettings: { mode: "strict" },
    schema: policySchema,
    policies: { staticPolicies: { [name]: text } },
  });
  if (answer.type === "failure") return answer.errors.map((e) => ({ policy: name, message: withHelp(e) }));
  // warnings too: a policy that can never apply, or has look-alike letters in a name, does not do what was meant
  return [...answer.validationErrors, ...answer.validationWarnings].map((e) => ({
    policy: name,
    message: withHelp(e.error),
  }));
};

/** Every object inside a policy's JSON form. */
function* nodes(value: unknown): Generator<Readonly<Record<string, unknown>>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const inner of Object.values(value)) yield* nodes(inner);
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

/**
 * True when any condition could see `context.asserted`: by its name, or by taking the context as a whole (comparing it
 * with a record literal would read it without naming it).
 */
const readsAsserted = (conditions: unknown): boolean => {
  let contexts = 0;
  let plainReads = 0;
  for (const node of nodes(conditions)) {
    if (node.Var === "context") contexts += 1;
    for (const operator of [".", "has"]) {
      const access = node[operator] as { left?: { Var?: unknown }; attr?: unknown } | undefined;
      if (access?.left?.Var !== "context") continue;
      const attribute = Array.isArray(access.attr) ? access.attr[0] : access.attr;
      if (attribute === "asserted") return true;
      plainReads += 1;
    }
  }
  return contexts !== plainReads;
};

/** Among what evidence proves, the one fact that whoever assumes a role writes as it likes (threat 15). */
const chosenFact = "sessionName";

/** True when any condition could read that fact: by its name, or by a name that is only computed when it is asked. */
const readsChosenFact = (conditions: unknown): boolean => {
  for (const node of nodes(conditions))
    for (const operator of ["getTag", "hasTag"]) {
      const name = (node[operator] as { right?: { Value?: unknown } } | undefined)?.right;
      if (name && (typeof name.Value !== "string" || name.Value === chosenFact)) return true;
    }
  return false;
};
