import { roleFacts } from "../attest/formats/assumed-role.ts";
import { matchSelectors } from "../attest/selectors.ts";
import { activeRegistration, callerSubjects, type KeyedCaller } from "../caller/authenticate.ts";
import type { Denial } from "../denial/denial.ts";
import { type Assurance, assuranceReaches } from "../model/assurance.ts";
import type { ReplayEntry } from "../model/replay/entry.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { subjects } from "../model/subjects.ts";
import type { PlatformCaller } from "../model/wire.ts";
import { blockedAmong, raisedSince } from "../session/liveness.ts";
import { isServing, notServing } from "../session/quarantine.ts";
import type { LivenessRows } from "../session/store.ts";

/** Who asks: a registered agent that proved who it is in this very call. */
export interface Asker {
  readonly agent: string;
  readonly assurance: Assurance;
  /** Liveness subjects it depends on. */
  readonly subjects: readonly string[];
  /** What its proof was issued under. */
  readonly epochs: Readonly<Record<string, number>>;
  /** Written with what the call writes, so that a proof works once. */
  readonly replayEntries: readonly ReplayEntry[];
  /** Thumbprint of its key, where it proved one. */
  readonly jkt?: string;
}

/** Finds who asks by a version of the registry; a caller that IAM authenticated is known by it alone. */
export type Admission = (registry: RegistrySnapshot) => Result<Asker, Denial>;

/** The asker that showed an identity token and proved its key. */
export const askerOf = (caller: KeyedCaller): Asker => ({
  agent: caller.agent,
  assurance: caller.identity.assurance,
  subjects: callerSubjects(caller),
  epochs: caller.identity.epochs,
  replayEntries: caller.entries,
  jkt: caller.jkt,
});

const type = "aws-lambda-url-iam";

/**
 * The asker whose role IAM authenticated: the one agent whose registration admits that role as evidence
 * `aws-lambda-url-iam`. A registration that pins the code is not satisfied by a role, which says nothing of code.
 * @param partition of the deployment
 * @returns who it is by a registry, or `gateway_unmatched`
 */
export function admitRole(caller: PlatformCaller | undefined, partition: string): Admission {
  const no = (why: string) => err<Denial>({ code: "gateway_unmatched", why });
  if (!caller) return () => no("the call did not come through a URL that IAM guards");
  const facts = roleFacts(caller, partition);
  if (!facts.ok) return () => no(facts.error.why);
  const { organization } = caller;
  const proven = { type, facts: { ...facts.value, ...(organization === undefined ? {} : { organization }) }, tags: {} };
  return (registry) => {
    const [registration, ...others] = registry.agents.filter(
      (one) => one.state === "active" && matchSelectors(registry.agentId(one.name), one, proven).ok,
    );
    if (!registration) return no(`an active agent that admits ${proven.facts.roleArn}`);
    if (others.length > 0) return no(`one agent that admits ${proven.facts.roleArn}; there are several`);
    if (registration.code) return no(`an agent whose code is not pinned; ${registration.name}'s is`);
    if (!assuranceReaches("fresh", registration.minimumAssurance))
      return no(`evidence of ${registration.minimumAssurance}`);
    const agent = registry.agentId(registration.name);
    return ok({ agent, assurance: "fresh", subjects: [subjects.agent(agent)], epochs: {}, replayEntries: [] });
  };
}

/**
 * Whether who asks may ask anything now: registered and active, not blocked, not quarantined unless it serves on, its
 * proof not from before a cut (threat 1).
 * @returns nothing, or `agent_unknown`, `agent_inactive`, `blocked`, `quarantined`, `assertion_dead`
 */
export function checkAsker(asker: Asker, rows: LivenessRows, registry: RegistrySnapshot): Result<void, Denial> {
  const active = activeRegistration(asker, registry);
  if (!active.ok) return active;
  const blocked = blockedAmong(rows, asker.subjects);
  if (blocked !== undefined) return err({ code: "blocked", subject: blocked });
  if (!isServing(active.value, asker.agent, rows)) return err(notServing(asker.agent));
  const raised = raisedSince(rows, asker.epochs);
  return raised === undefined ? ok(undefined) : err({ code: "assertion_dead", subject: raised });
}
