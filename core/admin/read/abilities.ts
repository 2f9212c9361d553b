import type { PolicyDecision, PolicyEngine, PolicyQuestion } from "../../model/decision.ts";
import { limits } from "../../model/limits.ts";
import type { AgentRegistration } from "../../model/registry.ts";
import type { AuthorizationDetail } from "../../model/session.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import { type Delegator, delegatorsOf } from "./delegators.ts";

type Action = PolicyQuestion["action"];

/** What policies say to one action, and what else is in the way. */
interface Verdict {
  readonly allowed: boolean;
  /** Policies that determined it. */
  readonly policies: readonly string[];
  /** Of a refusal: in a sentence. */
  readonly why?: string;
  /** The agent, or a policy, is in log-only mode: allowed although policies would refuse. */
  readonly logged?: true;
}

/** What an agent can do with one scope on one's authority. */
interface Ability {
  readonly resource: string;
  readonly scope: string;
  readonly for: Delegator["for"];
  /** Types one of whose details every grant must carry. */
  readonly needsDetails?: readonly string[];
  readonly actions: Readonly<Partial<Record<Action, Verdict>>>;
}

/** What an agent can do. */
interface Abilities {
  readonly can: readonly Ability[];
  /** Scopes it is registered for that nobody may delegate. */
  readonly lentByNobody: readonly { readonly resource: string; readonly scope: string }[];
  /** What was supposed where a request would tell: evidence, assurance, depth. */
  readonly assuming: object;
  /** True when there were more questions than are asked at a time. */
  readonly cut: boolean;
}

/**
 * Tells what an agent can do by asking the policy engine what a request would ask it: every scope of its registration,
 * for everybody who may delegate it, every action. Nobody's text is read. Liveness and the agent's state are told apart; what a
 * policy decides by purpose, time or a person's own id is decided as for an unnamed person, now, with no purpose.
 */
export function abilitiesOf(
  agent: AgentRegistration,
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

/** Of several agents an offer may go to, one that is allowed is enough to say that it can offer. */
const better = (before: Verdict | undefined, now: Verdict): Verdict => (before?.allowed ? before : now);

function verdictOf(decision: PolicyDecision): Verdict {
  const { allowed, policies, logged } = decision;
  if (!allowed) return { allowed, policies, why: decision.why };
  // an agent in log-only mode is spared the refusal: whoever looks must see that no policy permits it
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

/** The steps a request could take: work begins, goes on, is handed out, or comes from somebody else. */
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

/** Details a grant must carry, by type alone: of what policies see, only the type counts. */
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

function evidenceOf({ selectors }: AgentRegistration): PolicyQuestion["evidence"] {
  const first = selectors[0];
  return first ? { type: first.type, facts: { ...first.exact, ...first.tags } } : { type: "none", facts: {} };
}

const assumed = ({ minimumAssurance: assurance, code }: AgentRegistration, evidence: PolicyQuestion["evidence"]) => ({
  evidence,
  assurance,
  ...(code?.releases[0] === undefined ? {} : { build: code.releases[0] }),
  person: "one that no policy names",
  time: "now",
  purpose: "none",
});
