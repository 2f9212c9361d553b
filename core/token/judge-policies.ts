import type { Denial } from "../denial.ts";
import type { PolicyEngine } from "../policy/decide.ts";
import { err, ok, type Result } from "../result.ts";
import type { Plan, PlanInput } from "./plan.ts";
import type { Trail } from "./trail.ts";

/** Asks policy once a resource; what the agent merely asserts stands apart. Denial: `policy_denied`. */
export function judgePolicies(
  plan: Plan,
  input: PlanInput,
  policy: PolicyEngine,
  trail: Trail,
): Result<readonly string[], Denial> {
  const { request, caller, registry } = input;
  const { action, principal, depth, to } = plan;
  const asserted = {
    ...(request.purpose === undefined ? {} : { purpose: request.purpose }),
    ...(request.lifetimeSeconds === undefined ? {} : { lifetimeSeconds: request.lifetimeSeconds }),
  };
  const determining = new Set<string>();
  for (const grant of plan.grants) {
    const { assurance, build } = caller.identity;
    const facts = { action, principal, depth, grant, assurance, asserted, nowSeconds: input.nowSeconds };
    const more = { ...(build === undefined ? {} : { build }), ...(to === undefined ? {} : { to }) };
    const verdict = policy.decide(registry, { ...facts, ...more, agent: caller.agent });
    for (const id of verdict.policies) determining.add(id);
    trail.add({ policies: [...determining] });
    if (!verdict.allowed)
      return err({ code: "policy_denied", policies: verdict.policies, resource: grant.resource, why: verdict.why });
  }
  return ok([...determining]);
}
