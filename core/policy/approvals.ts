import type * as cedarWasm from "@cedar-policy/cedar-wasm/nodejs";
import type { ApprovalRule } from "../model/decision.ts";
import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";

/** What is read of a policy's JSON form. */
type Annotated = Pick<cedarWasm.PolicyJson, "effect" | "annotations">;

/**
 * What a policy asks for by its annotations: `@approval("<trusted issuer>/<group>")`, and `@approvers("2")` where one
 * person is not enough.
 * @returns the rule; nothing for a policy without them; or in a sentence why they make no rule
 */
export function approvalRuleOf({ effect, annotations }: Annotated): Result<ApprovalRule | undefined, string> {
  const { approval: group, approvers } = annotations ?? {};
  if (group === undefined && approvers === undefined) return ok(undefined);
  if (group === undefined) return err("@approvers says how many people of a group: name it by @approval");
  if (effect !== "permit") return err("@approval belongs to a permit: what is forbidden nobody can approve");
  if (!group) return err('@approval names a group: @approval("<trusted issuer>/<group>")');
  const needed = approvers === undefined ? 1 : /^[1-9]$/.test(approvers ?? "") ? Number(approvers) : 0;
  if (needed < 1 || needed > limits.approversMost)
    return err(`@approvers is a whole number from 1 to ${limits.approversMost}: @approvers("2")`);
  return ok({ group, needed });
}

/**
 * What one answer asks for: the rules of the permits that made it, each of which is enough, and nothing where a permit
 * without a rule is among them. Of one group the rule that needs the fewest people is kept.
 */
export function rulesAmong(
  policies: readonly string[],
  rules: ReadonlyMap<string, ApprovalRule>,
): readonly ApprovalRule[] | undefined {
  const least = new Map<string, number>();
  for (const name of policies) {
    const rule = rules.get(name);
    if (!rule) return undefined;
    least.set(rule.group, Math.min(rule.needed, least.get(rule.group) ?? rule.needed));
  }
  return [...least].map(([group, needed]) => ({ group, needed }));
}

/**
 * The one rule that satisfies several needs, for each of which any of its rules is enough: the first group, by name,
 * that is among the rules of every need, and as many people as the need that needs most.
 * @returns undefined where no single group could approve all of it
 */
export function commonRule(needs: readonly (readonly ApprovalRule[])[]): ApprovalRule | undefined {
  const [first = [], ...rest] = needs;
  const of = (group: string, need: readonly ApprovalRule[]) => need.find((rule) => rule.group === group)?.needed;
  const groups = first.map(({ group }) => group).sort();
  const group = groups.find((name) => rest.every((need) => of(name, need) !== undefined));
  return group === undefined ? undefined : { group, needed: Math.max(...needs.map((need) => of(group, need) ?? 0)) };
}
