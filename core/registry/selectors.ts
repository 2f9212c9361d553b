import type { AgentRegistration, Selector } from "./model.ts";

const arn = (service: string, tail: string) => new RegExp(`^arn:aws[a-z-]*:${service}:${tail}$`);

/**
 * Per type of evidence: the facts that anchor a selector, with the shape of an exact value. A selector rests on at least
 * one of them; everything else only adds to it (threat 15).
 */
export const selectorAnchors: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  "aws-sts-web-identity": {
    roleArn: arn("iam", ":\\d{12}:role/[A-Za-z0-9+=,.@_/-]+"),
    functionArn: arn("lambda", "[a-z0-9-]+:\\d{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?"),
  },
};

/** What is wrong with a selector, as [path inside it, message]; empty when it may stand. */
export function selectorProblems(selector: Selector): readonly (readonly [string, string])[] {
  const anchors = Object.hasOwn(selectorAnchors, selector.type) ? selectorAnchors[selector.type] : undefined;
  if (!anchors) return [["type", `no such type of evidence; known: ${Object.keys(selectorAnchors).join(", ")}`]];
  const problems: [string, string][] = [];
  for (const [fact, value] of Object.entries(selector.exact)) {
    if (/[*?]/.test(value)) problems.push([`exact.${fact}`, "must be exact: no wildcards"]);
    else if (anchors[fact]?.test(value) === false) problems.push([`exact.${fact}`, `is not a ${fact}`]);
  }
  if (!Object.keys(anchors).some((fact) => Object.hasOwn(selector.exact, fact)))
    problems.push(["exact", `needs at least one exact ${Object.keys(anchors).join(" or ")}`]);
  return problems;
}

/** Could one document satisfy both? Tags do not keep them apart: whoever may tag a session chooses them (threat 15). */
const overlap = (a: Selector, b: Selector): boolean =>
  a.type === b.type &&
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
