import type { AgentRegistration } from "../../model/agent-registration.ts";
import type { PolicyDecision, PolicyEngine, PolicyQuestion } from "../../model/decision.ts";
import { limits } from "../../model/limits.ts";
import type { AuthorizationDetail } from "../../model/session.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import type { InForce } from "../../session/quarantine.ts";
import { type Delegator, delegatorsOf } from "./delegators.ts";

type Action = PolicyQuestion["action"];

/** The decision of policies about one action. */
interface Verdict {
  readonly allowed: boolean;
  /** Policies that determined it. */
  readonly policies: readonly string[];
  /** For a refusal: why, in a sentence. */
  readonly why?: string;
  /** Allowed although policies would refuse, because the agent or a policy is in log-only mode. */
  readonly logged?: true;
}

/** What an agent can do with one scope on one principal's authority. */
interface Ability {
  readonly resource: string;
  readonly scope: string;
  readonly for: Delegator["for"];
  /** Details types of which every grant must carry one. */
  readonly needsDetails?: readonly string[];
  readonly actions: Readonly<Partial<Record<Action, Verdict>>>;
}

/** What an agent can do. */
interface Abilities {
  readonly can: readonly Ability[];
  /** Scopes it is registered for that nobody may delegate. */
  readonly lentByNobody: readonly { readonly resource: string; readonly scope: string }[];
  /** What was assumed where a request would say it: evidence, assurance, depth. */
  readonly assuming: object;
  /** True when there were more questions than are asked in one answer. */
  readonly cut: boolean;
}

/**
 * Finds out what an agent can do. It asks the policy engine the questions that requests would ask: every scope of its
 * registration, for everybody who may delegate it, and every action. Liveness and the agent's state are answered
 * separately; of a quarantined agent the profile is asked for, and no offer. Where a policy decides by purpose, time or a person's own id, the question is about an unnamed person,
 * now, without a purpose.
 */
export function abilitiesOf(
  { registration: agent, quarantined }: InForce,
  registry: RegistrySnapshot,
  { policy, nowSeconds }: { readonly policy: PolicyEngine; readonly nowSeconds: number },
): Abilities {
  const delegators = delegatorsOf(agent, registry);
  const evidence = evidenceOf(agent);
  const build = agent.code?.releases[0];
  const can: Ability[] = [];
  const lentByNobody: { resource: string; scope: string }[] = [];
  let asked = 0;
  for (const { resource, scopes } of agent.may)
    for (const scope of scopes) {
      const delegating = delegators.filter(({ mayDelegate }) =>
        mayDelegate.some((set) => set.resource === resource && set.scopes.includes(scope)),
      );
      if (delegating.length === 0) lentByNobody.push({ resource, scope });
      const details = detailsFor(agent, { resource, scope }, registry);
      for (const delegator of delegating) {
        const actions: Partial<Record<Action, Verdict>> = {};
        for (const { action, depth, to } of stepsOf(agent, { resource, scope, opens: delegator.opens }, registry)) {
          if (action === "offer" && quarantined) continue;
          if (++asked > limits.adminQuestions)
            return { can, lentByNobody, assuming: assumed(agent, evidence), cut: true };
          const grant = { resource, scopes: [scope], details };
          const { principal } = delegator;
          const who = { agent: registry.agentId(agent.name), principal, ...(to === undefined ? {} : { to }) };
          const what = { action, grant, depth, assurance: agent.minimumAssurance, evidence, nowSeconds, asserted: {} };
          const decision = policy.decide(registry, { ...who, ...what, ...(build === undefined ? {} : { build }) });
          actions[action] = better(actions[action], verdictOf(decision));
        }
        const needs = details.length > 0 ? { needsDetails: details.map(({ type }) => type) } : {};
        can.push({ resource, scope, for: delegator.for, ...needs, actions });
      }
    }
  return { can, lentByNobody, assuming: assumed(agent, evidence), cut: false };
}

/** The better of two verdicts: an agent can offer when it may offer to at least one other agent. */
const better = (before: Verdict | undefined, now: Verdict): Verdict => (before?.allowed ? before : now);

function verdictOf(decision: PolicyDecision): Verdict {
  const { allowed, policies, logged } = decision;
  if (!allowed) return { allowed, policies, why: decision.why };
  // a refusal is not enforced for an agent in log-only mode, but the operator must see that no policy permits the
  // action
  return logged && !logged.allowed ? { allowed, policies, why: logged.why, logged: true } : { allowed, policies };
}

/** A scope at its resource. */
interface Wanted {
  readonly resource: string;
  readonly scope: string;
}

interface Step {
  readonly action: Action;
  readonly depth: number;
  readonly to?: string;
}

/** The actions of requests: open or renew a session, get a token, offer, redeem or exchange downstream. */
function stepsOf(
  agent: AgentRegistration,
  { resource, scope, opens }: Wanted & Pick<Delegator, "opens">,
  registry: RegistrySnapshot,
): readonly Step[] {
  const depth = opens ? 0 : 1;
  const isMapped = registry
    .scopeMappingsOf(agent.name)
    .some(({ to }) => to.resource === resource && to.scopes.includes(scope));
  const takers = registry.agents.filter(
    ({ name, state, may }) =>
      name !== agent.name &&
      state === "active" &&
      may.some((set) => set.resource === resource && set.scopes.includes(scope)),
  );
  return [
    ...(opens ? [{ action: "open", depth } as const] : []),
    { action: "redeem", depth: 1 },
    ...(isMapped ? [{ action: "hop", depth: 1 } as const] : []),
    { action: "access", depth },
    { action: "renew", depth },
    ...takers.map(({ name }) => ({ action: "offer", depth, to: registry.agentId(name) }) as const),
  ];
}

/** The details that a grant must carry, with their types only, since policies see nothing else of them. */
function detailsFor(
  agent: AgentRegistration,
  { resource, scope }: Wanted,
  registry: RegistrySnapshot,
): readonly AuthorizationDetail[] {
  const types = registry.detailsTypes(resource);
  const required = types.filter(({ requiredFor = [] }) => requiredFor.includes(scope));
  const first = required.length === 0 && agent.requiresDetails ? types.slice(0, 1) : required;
  return first.map(({ name }) => ({ type: name }));
}

function evidenceOf({ selectors }: AgentRegistration): NonNullable<PolicyQuestion["evidence"]> {
  const first = selectors[0];
  return first ? { type: first.type, facts: { ...first.exact, ...first.tags } } : { type: "none", facts: {} };
}

const assumed = (
  { minimumAssurance: assurance, code }: AgentRegistration,
  evidence: NonNullable<PolicyQuestion["evidence"]>,
) => ({
  evidence,
  assurance,
  ...(code?.releases[0] === undefined ? {} : { build: code.releases[0] }),
  person: "one that no policy names",
  time: "now",
  purpose: "none",
});
