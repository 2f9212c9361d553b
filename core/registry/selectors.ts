import { parseFunctionArn, parseRoleArn } from "../attest/role-arn.ts";
import { anchorCompanions, anchorFacts } from "../attest/selectors.ts";
import { parseSpiffeId } from "../spiffe-id.ts";
import type { AgentRegistration, Selector } from "./model.ts";

const isPcr = (value: string) => /^[0-9a-f]{96}$/.test(value);

/** Shape of an exact value of an anchor, as the attestor will state it. */
const anchorShapes: ReadonlyMap<string, (value: string) => boolean> = new Map([
  ["roleArn", (value) => parseRoleArn(value) !== undefined],
  ["functionArn", (value) => parseFunctionArn(value) !== undefined],
  ["spiffeId", (value) => (parseSpiffeId(value)?.path ?? "") !== ""],
  ["roleId", (value) => /^AROA[A-Z0-9]{12,124}$/.test(value)],
  ["instanceId", (value) => /^i-[0-9a-f]{8,17}$/.test(value)],
  ...Array.from({ length: 32 }, (_, index) => [`pcr${index}`, isPcr] as const),
]);

const pathless: ReadonlySet<string> = new Set(["aws-sts-caller-identity", "aws-lambda-url-iam"]);

/**
 * What is wrong with an agent's code binding, as [path, message]: every selector must be of evidence that can tell the
 * code that is bound, or the agent could never attest by it.
 */
export function codeProblems({ code, selectors }: AgentRegistration): readonly (readonly [string, string])[] {
  if (code?.lambda !== undefined && !selectors.every((s) => s.exact.functionArn !== undefined))
    return [["code.lambda", "every selector must pin the function by an exact functionArn"]];
  if (code?.ecs !== undefined && !selectors.every((s) => s.type === "ecs-task"))
    return [["code.ecs", "every selector must be of type ecs-task"]];
  return [];
}

/**
 * What is wrong with a selector, as [path inside it, message]; empty when it may stand. It rests on at least one exact
 * anchor of its type of evidence; everything else only adds to it (threat 15).
 */
export function selectorProblems(selector: Selector): readonly (readonly [string, string])[] {
  const anchors = anchorFacts.get(selector.type);
  if (!anchors) return [["type", `no such type of evidence; known: ${[...anchorFacts.keys()].join(", ")}`]];
  const problems: [string, string][] = [];
  // STS tells a role's session without the role's path: such a selector would never match
  if (pathless.has(selector.type) && parseRoleArn(selector.exact.roleArn ?? "")?.name.includes("/"))
    problems.push(["exact.roleArn", "leave the role's path out: this type of evidence does not know it"]);
  for (const [fact, value] of Object.entries(selector.exact)) {
    if (/[*?]/.test(value)) problems.push([`exact.${fact}`, "must be exact: no wildcards"]);
    else if (anchorShapes.get(fact)?.(value) === false) problems.push([`exact.${fact}`, `is not a ${fact}`]);
  }
  if (!anchors.some((fact) => Object.hasOwn(selector.exact, fact)))
    problems.push(["exact", `needs at least one exact ${anchors.join(" or ")}`]);
  for (const fact of anchorCompanions.get(selector.type) ?? [])
    if (!Object.hasOwn(selector.exact, fact)) problems.push(["exact", `needs the exact ${fact} too`]);
  return problems;
}

/** Evidence of one workload in several forms: whoever holds one SVID of an id can hold the other kind, too. */
const forms: ReadonlyMap<string, string> = new Map([["spiffe-x509-svid", "spiffe-jwt-svid"]]);
const formOf = (type: string): string => forms.get(type) ?? type;

/** Could one document satisfy both? Tags do not keep them apart: whoever may tag a session chooses them (threat 15). */
const overlap = (a: Selector, b: Selector): boolean =>
  formOf(a.type) === formOf(b.type) &&
  !Object.entries(a.exact).some(([fact, value]) => Object.hasOwn(b.exact, fact) && b.exact[fact] !== value);

/**
 * Finds pairs of active agents that one document could satisfy: which of them would it be?
 * @returns for each, the later agent, the index of its selector, and the earlier agent's name
 */
export function overlappingAgents(
  agents: readonly AgentRegistration[],
): readonly { readonly agent: AgentRegistration; readonly selector: number; readonly other: string }[] {
  const active = agents.filter((a) => a.state === "active");
  return active.flatMap((agent, i) =>
    active
      .slice(0, i)
      .flatMap((earlier) =>
        agent.selectors.flatMap((selector, index) =>
          earlier.selectors.some((s) => overlap(s, selector)) ? [{ agent, selector: index, other: earlier.name }] : [],
        ),
      ),
  );
}
