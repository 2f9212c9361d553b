import { evidenceTypes } from "../attest/methods.ts";
import type { AgentRegistration, Selector } from "../model/agent-registration.ts";
import { assuranceReaches } from "../model/assurance.ts";
import { readableText } from "../text/readable-text.ts";
import { parseFunctionArn, parseRoleArn } from "../text/role-arn.ts";
import { parseSpiffeId } from "../text/spiffe-id.ts";

const isPcr = (value: string) => /^[0-9a-f]{96}$/.test(value);

/** Shape of a fact's exact value, as the attestor states it. */
const factShapes: ReadonlyMap<string, (value: string) => boolean> = new Map([
  ["roleArn", (value) => parseRoleArn(value) !== undefined],
  ["functionArn", (value) => parseFunctionArn(value) !== undefined],
  ["spiffeId", (value) => (parseSpiffeId(value)?.path ?? "") !== ""],
  ["roleId", (value) => /^AROA[A-Z0-9]{12,124}$/.test(value)],
  ["account", (value) => /^[0-9]{12}$/.test(value)],
  ["instanceId", (value) => /^i-[0-9a-f]{8,17}$/.test(value)],
  ...Array.from({ length: 32 }, (_, index) => [`pcr${index}`, isPcr] as const),
]);

const withImages = [...evidenceTypes].filter(([, { images }]) => images).map(([type]) => type);

/**
 * What is wrong with an agent's code binding, as [path, message]: every selector must be for evidence that identifies
 * the bound code, since otherwise the agent could never attest with it.
 */
export function codeProblems({ code, selectors }: AgentRegistration): readonly (readonly [string, string])[] {
  if (code?.lambda !== undefined && !selectors.every((s) => s.exact.functionArn !== undefined))
    return [["code.lambda", "every selector must pin the function by an exact functionArn"]];
  if (code?.ecs !== undefined && !selectors.every((s) => evidenceTypes.get(s.type)?.images))
    return [["code.ecs", `every selector must be of type ${withImages.join(" or ")}`]];
  return [];
}

/**
 * What is wrong with a selector, as [path inside it, message]; empty when it is acceptable. It must have at least one
 * exact anchor of its type of evidence; everything else only narrows it further (threat 15). A selector that no
 * document could ever satisfy is refused too: an agent that cannot attest is a mistake, and it is better found here
 * than in operation.
 */
export function selectorProblems(selector: Selector): readonly (readonly [string, string])[] {
  const type = evidenceTypes.get(selector.type);
  if (!type) return [["type", `no such type of evidence; known: ${[...evidenceTypes.keys()].join(", ")}`]];
  const problems: [string, string][] = [];
  // STS names a role's session without the role's path, so such a selector would never match
  if (type.pathlessRole && parseRoleArn(selector.exact.roleArn ?? "")?.name.includes("/"))
    problems.push(["exact.roleArn", "leave the role's path out: this type of evidence does not know it"]);
  for (const [fact, value] of Object.entries(selector.exact)) {
    const problem = type.states(fact) ? valueProblem(fact, value) : unstated(selector.type, type.hint?.(fact), fact);
    if (problem !== undefined) problems.push([`exact.${fact}`, problem]);
  }
  if (!type.anchors.some((fact) => Object.hasOwn(selector.exact, fact)))
    problems.push(["exact", `needs at least one exact ${type.anchors.join(" or ")}`]);
  for (const fact of type.companions ?? [])
    if (!Object.hasOwn(selector.exact, fact)) problems.push(["exact", `needs the exact ${fact} too`]);
  if (selector.tags !== undefined && !type.tags)
    problems.push(["tags", `evidence of type ${selector.type} carries no tags, so that this would never match`]);
  return problems;
}

const unstated = (type: string, hint: string | undefined, fact: string): string =>
  `evidence of type ${type} never states ${fact}, so that this would never match${hint === undefined ? "" : `; ${hint}`}`;

/** What is wrong with a fact's value: its shape, or control and format characters, which no attestor states. */
function valueProblem(fact: string, value: string): string | undefined {
  if (/[*?]/.test(value)) return "must be exact: no wildcards";
  if (!readableText.test(value)) return "holds a control or format character, which no document's fact does";
  return factShapes.get(fact)?.(value) === false ? `is not a ${fact}` : undefined;
}

/**
 * Finds selectors that require a stronger assurance than their kind of evidence can prove; they could never match.
 * @returns for each, [path inside the agent, message]
 */
export function assuranceProblems({
  selectors,
  minimumAssurance,
}: AgentRegistration): readonly (readonly [string, string])[] {
  return selectors.flatMap(({ type }, index): [string, string][] => {
    const best = evidenceTypes.get(type)?.assurance;
    if (best === undefined || assuranceReaches(best, minimumAssurance)) return [];
    const why = `evidence of type ${type} proves ${best} at best, and minimumAssurance is ${minimumAssurance}`;
    return [[`selectors.${index}.type`, `${why}: lower that, or select by stronger evidence`]];
  });
}

/**
 * Facts in a form that can be compared across the kinds of one family. A role's name is unique in its account whatever
 * its path, which only some kinds know. The ARN of a function or role contains its account. A token whose subject is a
 * SPIFFE ID may be the JWT-SVID of that id. Facts that the caller picks are left out, since they do not distinguish
 * agents (threat 38).
 */
function comparable({ exact }: Selector): Readonly<Record<string, string>> {
  const { sessionName: _name, region: _region, sourceRegion: _source, ...facts } = exact;
  const role = parseRoleArn(facts.roleArn ?? "");
  const account = role?.account ?? parseFunctionArn(facts.functionArn ?? "")?.account;
  return {
    ...facts,
    ...(account === undefined ? {} : { account }),
    ...(role === undefined ? {} : { roleArn: `${role.account} ${role.name.split("/").at(-1)}` }),
    ...(facts.subject?.startsWith("spiffe://") ? { spiffeId: facts.subject } : {}),
  };
}

/** A selector with what is needed to compare it. */
interface Claim {
  readonly agent: AgentRegistration;
  readonly selector: number;
  readonly family: string;
  readonly facts: Readonly<Record<string, string>>;
}

/**
 * Whether one workload could satisfy both. Tags do not distinguish them, since anybody who may tag a session chooses
 * them (threat 15).
 */
function overlap(a: Claim, b: Claim): boolean {
  if (a.family !== b.family) return false;
  const common = Object.keys(a.facts).filter((fact) => Object.hasOwn(b.facts, fact));
  // an OIDC subject and a SPIFFE ID can only be the same workload where the subject is a SPIFFE ID
  if (a.family === "svid" && common.length === 0) return false;
  return common.every((fact) => a.facts[fact] === b.facts[fact]);
}

/**
 * Finds pairs of active agents that one workload could attest as, with one kind of document or two (threats 15 and 38).
 * @returns for each, the later agent, the index of its selector, and the earlier agent's name
 */
export function overlappingAgents(
  agents: readonly AgentRegistration[],
): readonly { readonly agent: AgentRegistration; readonly selector: number; readonly other: string }[] {
  const claims = agents
    .filter((agent) => agent.state === "active")
    .map((agent) =>
      agent.selectors.flatMap((selector, index): Claim[] => {
        const family = evidenceTypes.get(selector.type)?.family;
        return family === undefined ? [] : [{ agent, selector: index, family, facts: comparable(selector) }];
      }),
    );
  return claims.flatMap((own, at) =>
    claims.slice(0, at).flatMap((earlier) =>
      own.flatMap((claim) => {
        const met = earlier.find((other) => overlap(other, claim));
        return met ? [{ agent: claim.agent, selector: claim.selector, other: met.agent.name }] : [];
      }),
    ),
  );
}
