import { plain } from "../terminal/plain.ts";
import { short } from "../terminal/words.ts";
import type { AuditEvent } from "./events.ts";
import { shownText } from "./reveal.ts";

type Facts = Readonly<Record<string, unknown>>;

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** One event as one line: time, outcome, operation, who, for whom, in which session, and the reason of a refusal. */
export function eventLine({ time, unmapped: { lanyard: facts } }: AuditEvent): string {
  const count = typeof facts.count === "number" && facts.count > 1 ? `${facts.count} times` : "";
  const parts = [
    new Date(time).toISOString(),
    verdict(facts),
    text(facts.operation).padEnd(15),
    who(facts),
    forWhom(facts),
    text(facts.sid),
    what(facts),
    whyNot(facts),
    text(facts.reason) === "" ? "" : `"${shownText(text(facts.reason))}"`,
    count,
  ];
  return plain(parts.filter((part) => part !== "").join("  "));
}

/** An event that was not delivered is a failure of Lanyard itself, not a refusal of somebody's request. */
const isOwnFailure = ({ operation }: Facts): boolean => operation === "event.undelivered";

function verdict(facts: Facts): string {
  if (facts.outcome !== "denied") return "allowed";
  return isOwnFailure(facts) ? "FAILED " : "DENIED ";
}

/**
 * The operator, else the agent. With neither, an allowed operation was Lanyard's own, and a refused one came from a
 * stranger, except for Lanyard's own failures.
 */
function who(facts: Facts): string {
  const { operator_arn: operator, agent, outcome } = facts;
  if (typeof operator === "string") return operator.slice(operator.lastIndexOf(":") + 1);
  return short(text(agent) || (outcome === "denied" && !isOwnFailure(facts) ? "unproven" : "lanyard itself"));
}

const forWhom = ({ principal, agent }: Facts): string =>
  typeof principal === "string" && principal !== agent ? `for ${short(principal)}` : "";

/** What was requested or given. */
function what({
  grants,
  offered_to: offeredTo,
  receiver,
  target,
  registry_version: version,
  operation,
}: Facts): string {
  const scopes = Array.isArray(grants)
    ? grants.flatMap((grant) => ((grant as { scopes?: unknown }).scopes as unknown[] | undefined) ?? []).map(String)
    : [];
  return [
    text(target),
    operation === "registry.apply" && typeof version === "number" ? `version ${version}` : "",
    scopes.length > 0 ? `[${scopes.join(" ")}]` : "",
    offeredTo === undefined ? "" : `to ${short(text(offeredTo))}`,
    receiver === undefined ? "" : `to ${text(receiver)}`,
  ]
    .filter((part) => part !== "")
    .join(" ");
}

function whyNot({ denial }: Facts): string {
  const code = (denial as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? `because ${code}` : "";
}
