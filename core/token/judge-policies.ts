import type { Trail } from "../audit/context.ts";
import type { Denial } from "../denial/denial.ts";
import type { PolicyEngine, PolicyQuestion } from "../model/decision.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Plan, PlanInput } from "./plan.ts";

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
  const asked: PolicyQuestion[] = [];
  for (const grant of plan.grants) {
    const { assurance, build, evidence } = caller.identity;
    const facts = { action, principal, depth, grant, assurance, evidence, asserted, nowSeconds: input.nowSeconds };
    const more = { ...(build === undefined ? {} : { build }), ...(to === undefined ? {} : { to }) };
    const question = { ...facts, ...more, agent: caller.agent };
    asked.push(question);
    const verdict = policy.decide(registry, question);
    for (const id of verdict.policies) determining.add(id);
    trail.add({ policies: [...determining], asked: [...asked] });
    const { logged } = verdict;
    if (logged)
      trail.add({ policyLogged: [...(trail.facts.policyLogged ?? []), { resource: grant.resource, ...logged }] });
    if (!verdict.allowed) {
      const { policies, missing, why } = verdict;
      return err({ code: "policy_denied", policies, resource: grant.resource, action, missing, why });
    }
  }
  return ok([...determining]);
}
