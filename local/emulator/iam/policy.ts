/**
 * A small IAM evaluator for one account: identity policies, resource policies and explicit denies, with the
 * conditions that the stacks use. It is checked when the cloud starts: an element or operator that it does not know
 * throws there, so that a policy is never half enforced.
 */

/** One statement of a policy, as IAM writes it. */
export interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: unknown;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Condition keys of a request (in lower case) with their values; an absent key is absent. */
export type Context = Readonly<Record<string, readonly string[]>>;

/** One action on one resource by one role. */
interface AccessRequest {
  readonly principalArn: string;
  readonly account: string;
  readonly action: string;
  readonly resource: string;
  readonly context: Context;
}

/** What may speak about a request. */
export interface Policies {
  readonly identity: readonly Statement[];
  /** The resource's own policy; absent when it has none. */
  readonly resource?: readonly Statement[];
  /** True for KMS keys: without a word of the key policy, identity policies count for nothing. */
  readonly resourceMustAllow?: boolean;
}

type Verdict = "allow" | "deny" | "none";
type Test = (actual: string, wanted: string) => boolean;

const like: Test = (actual, wanted) => globPattern(wanted).test(actual);
const same: Test = (actual, wanted) => actual === wanted;
const alike: Test = (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase();
const number =
  (test: (a: number, b: number) => boolean): Test =>
  (actual, wanted) =>
    test(Number(actual), Number(wanted));

const operators: Record<string, { readonly test: Test; readonly negated?: boolean }> = {
  StringEquals: { test: same },
  StringNotEquals: { test: same, negated: true },
  StringEqualsIgnoreCase: { test: alike },
  StringNotEqualsIgnoreCase: { test: alike, negated: true },
  StringLike: { test: like },
  StringNotLike: { test: like, negated: true },
  ArnEquals: { test: like },
  ArnLike: { test: like },
  ArnNotEquals: { test: like, negated: true },
  ArnNotLike: { test: like, negated: true },
  Bool: { test: alike },
  NumericEquals: { test: number((a, b) => a === b) },
  NumericLessThan: { test: number((a, b) => a < b) },
  NumericLessThanEquals: { test: number((a, b) => a <= b) },
  NumericGreaterThan: { test: number((a, b) => a > b) },
  NumericGreaterThanEquals: { test: number((a, b) => a >= b) },
};

const elements = ["Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/**
 * Reads a policy document and refuses what the evaluator does not know.
 * @param document the document, as object or as JSON text
 * @param where who carries it, for the error's message
 * @returns its statements
 */
export function readPolicy(document: unknown, where: string): Statement[] {
  const parsed = typeof document === "string" ? (JSON.parse(document) as unknown) : document;
  const { Statement: found } = parsed as { Statement?: unknown };
  const statements = (Array.isArray(found) ? found : [found]) as Statement[];
  for (const statement of statements) {
    for (const element of Object.keys(statement)) {
      if (!elements.includes(element))
        throw new Error(`policy of ${where}: element ${element} is not known to local/emulator/iam/policy.ts`);
    }
    if (statement.Effect !== "Allow" && statement.Effect !== "Deny") throw new Error(`policy of ${where}: no Effect`);
    for (const name of Object.keys(statement.Condition ?? {})) operatorOf(name, where);
  }
  return statements;
}

/**
 * Decides one request the way IAM does within one account: an explicit deny anywhere wins; then an allow by the
 * identity or by the resource's policy is enough; everything else is denied.
 * @returns undefined when allowed, else the reason in IAM's words
 */
export function refusal(request: AccessRequest, policies: Policies): string | undefined {
  const identity = policies.identity.map((statement) => evaluate(statement, request));
  const resource = (policies.resource ?? []).map((statement) => evaluateResource(statement, request));
  const who = `User: ${request.principalArn} is not authorized to perform: ${request.action} on resource: ${request.resource}`;
  if (identity.includes("deny")) return `${who} with an explicit deny in an identity-based policy`;
  if (resource.some(({ verdict }) => verdict === "deny"))
    return `${who} with an explicit deny in a resource-based policy`;
  const direct = resource.some(({ verdict, delegates }) => verdict === "allow" && !delegates);
  const delegated = resource.some(({ verdict, delegates }) => verdict === "allow" && delegates);
  const byIdentity = identity.includes("allow");
  if (policies.resourceMustAllow === true) {
    if (direct || (delegated && byIdentity)) return undefined;
    const which = byIdentity ? "resource-based" : "identity-based";
    return `${who} because no ${which} policy allows the ${request.action} action`;
  }
  if (byIdentity || direct) return undefined;
  return `${who} because no identity-based policy allows the ${request.action} action`;
}

function evaluate(statement: Statement, request: AccessRequest): Verdict {
  const actions = statement.Action ?? statement.NotAction;
  const actionMatches = many(actions).some((each) => globPattern(each, "i").test(request.action));
  if (actionMatches === (statement.Action === undefined)) return "none";
  const resources = statement.Resource ?? statement.NotResource;
  if (resources !== undefined) {
    const matches = many(resources).some((each) =>
      globPattern(substituted(each, request.context)).test(request.resource),
    );
    if (matches === (statement.Resource === undefined)) return "none";
  }
  if (!conditionsHold(statement, request.context)) return "none";
  return statement.Effect === "Allow" ? "allow" : "deny";
}

/** Evaluates a statement of a resource's policy; `delegates` says that it names the account, so that IAM decides. */
function evaluateResource(statement: Statement, request: AccessRequest): { verdict: Verdict; delegates: boolean } {
  const { Principal } = statement;
  const names = Principal === "*" ? ["*"] : many((Principal as { AWS?: string | string[] } | undefined)?.AWS ?? []);
  const isAccount = (name: string) => name === request.account || name === `arn:aws:iam::${request.account}:root`;
  const direct = names.includes("*") || names.includes(request.principalArn);
  const delegates = !direct && names.some(isAccount);
  if (!direct && !delegates) return { verdict: "none", delegates: false };
  // A key policy writes "*" for the key itself; a policy that names another resource does not speak about this one.
  return { verdict: evaluate(statement, request), delegates };
}

function conditionsHold(statement: Statement, context: Context): boolean {
  return Object.entries(statement.Condition ?? {}).every(([name, keys]) => {
    const { quantifier, ifExists, base } = operatorOf(name, "a policy");
    return Object.entries(keys).every(([key, values]) => {
      const actual = context[key.toLowerCase()];
      const wanted = many(values).map((each) => substituted(String(each), context));
      if (base === "Null") return (actual === undefined) === (wanted[0] === "true");
      const { test, negated = false } = operators[base] as (typeof operators)[string];
      const fits = (value: string) => wanted.some((each) => test(value, each)) !== negated;
      if (quantifier === "ForAllValues") return (actual ?? []).every(fits);
      if (actual === undefined || actual.length === 0) return ifExists || (negated && quantifier === undefined);
      // Without a quantifier a key has one value; several are read as "any" for a match and "all" for a negation.
      return negated && quantifier === undefined ? actual.every(fits) : actual.some(fits);
    });
  });
}

function operatorOf(name: string, where: string): { quantifier?: string; ifExists: boolean; base: string } {
  const [, quantifier, base = "", ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(name) ?? [];
  if (base !== "Null" && !Object.hasOwn(operators, base)) {
    throw new Error(
      `policy of ${where}: condition operator ${name} is not known to local/emulator/iam/policy.ts: add it there`,
    );
  }
  // What an absent key means under both is nowhere written down.
  if (quantifier === "ForAnyValue" && ifExists !== undefined) {
    throw new Error(`policy of ${where}: condition operator ${name} is not clear: leave IfExists out`);
  }
  return { ...(quantifier === undefined ? {} : { quantifier }), ifExists: ifExists !== undefined, base };
}

/** Fills `${aws:PrincipalTag/x}` variables; one without a value can never match. */
function substituted(pattern: string, context: Context): string {
  return pattern.replace(/\$\{([^}]+)\}/g, (_whole, variable: string) => {
    if (variable.length === 1) return variable;
    return context[variable.toLowerCase()]?.[0] ?? "\u0000";
  });
}

const compiled = new Map<string, RegExp>();

function globPattern(glob: string, flags = ""): RegExp {
  const key = `${flags}:${glob}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const escaped = glob
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  const made = new RegExp(`^${escaped}$`, `s${flags}`);
  // Substituted variables make endless patterns: never let them fill the memory.
  if (compiled.size > 5_000) compiled.clear();
  compiled.set(key, made);
  return made;
}

function many<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
