import type { Denial } from "../denial/denial.ts";
import type { AgentRegistration, Selector } from "../model/agent-registration.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AttestedFacts } from "./contract/attestor.ts";
import { evidenceTypes } from "./methods.ts";

/**
 * Decides whether proven facts match this ONE registration: one of its selectors for this type of evidence must hold.
 * Registrations are never searched, since then the loosest of them would win (threat 15).
 * @param agentId for the denial
 * @returns nothing, or `selector_mismatch` with the first fact that each selector lacked
 */
export function matchSelectors(
  agentId: string,
  registration: AgentRegistration,
  attested: Pick<AttestedFacts, "facts" | "tags"> & { readonly type: string },
): Result<void, Denial> {
  const { type } = attested;
  const missed: string[] = [];
  for (const selector of registration.selectors.filter((s) => s.type === type)) {
    const miss = missing(selector, attested);
    if (miss === undefined) return ok(undefined);
    missed.push(miss);
  }
  const text = missed.length > 0 ? missed.slice(0, 5).join("; ") : `no selector for ${type}`;
  return err({ code: "selector_mismatch", agent: agentId, missing: text });
}

/** The first rule of a selector that does not hold; an anchor must match before anything else counts. */
function missing(selector: Selector, attested: Pick<AttestedFacts, "facts" | "tags">): string | undefined {
  const { anchors = [], companions = [] } = evidenceTypes.get(selector.type) ?? {};
  const pinned = (name: string) => Object.hasOwn(selector.exact, name) && selector.exact[name] !== "";
  if (!anchors.some(pinned) || !companions.every(pinned)) return "no exact anchor";
  for (const [name, expected] of Object.entries(selector.exact)) {
    const actual = own(attested.facts, name);
    if (actual === undefined || actual === "" || actual !== expected) return name;
  }
  // anybody who may assume the role chooses its session tags, so they can only narrow what the anchor proved
  for (const [name, pattern] of Object.entries(selector.tags ?? {})) {
    const actual = own(attested.tags, name);
    if (actual === undefined || !matchesPattern(pattern, actual)) return `tag ${name}`;
  }
  return undefined;
}

const own = (facts: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(facts, name) ? facts[name] : undefined;

/**
 * True when `text` fits `pattern`, in which `*` stands for any characters and everything else is literal. It takes
 * linear time.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  const parts = pattern.split("*");
  const [first = "", last = ""] = [parts[0], parts[parts.length - 1]];
  if (parts.length === 1) return text === pattern;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
