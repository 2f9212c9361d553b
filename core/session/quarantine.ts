import type { Denial } from "../denial/denial.ts";
import type { AgentRegistration } from "../model/agent-registration.ts";
import type { ApprovalRule } from "../model/decision.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Session } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { subjects } from "../model/subjects.ts";
import { blockedAmong, epochOf } from "./liveness.ts";
import type { LivenessRows } from "./store.ts";

/** A registration as far as it counts now. */
export interface InForce {
  /** With the bounds of its profile, where its agent is quarantined. */
  readonly registration: AgentRegistration;
  /** Set where its agent is quarantined: it hands nothing on. */
  readonly quarantined?: true;
}

/** Whether an agent is quarantined, by rows that were read for it. */
export const isQuarantined = (rows: LivenessRows, agent: string): boolean =>
  epochOf(rows, subjects.agent(agent)).quarantined === true;

/**
 * What a registration is worth now: all of it, or, while its agent is quarantined, the profile that it names for that
 * case. Every decision that reads a registration's bounds reads them from here, so that no way keeps the whole ones.
 * @param agent SPIFFE ID of the registration's agent
 * @param rows liveness rows of a batch that the agent's was part of
 * @returns the registration in force, or `quarantined` where it names no profile
 */
export function inForce(registration: AgentRegistration, agent: string, rows: LivenessRows): Result<InForce, Denial> {
  if (!isQuarantined(rows, agent)) return ok({ registration });
  const { quarantine, maxLifetimeSeconds } = registration;
  if (!quarantine) return err({ code: "quarantined", agent, why: "a profile for quarantine in its registration" });
  const shortest = Math.min(quarantine.maxLifetimeSeconds ?? Infinity, maxLifetimeSeconds ?? Infinity);
  const life = Number.isFinite(shortest) ? { maxLifetimeSeconds: shortest } : {};
  return ok({ registration: { ...registration, may: quarantine.scopes, ...life }, quarantined: true });
}

/**
 * Whether an agent may serve now: be shown tokens, ask about them and go on with them. A quarantined one may not, unless
 * its profile says that it does: what it serves would carry people's data to whoever made it misbehave (threat 42).
 */
export const isServing = (
  { quarantine }: Pick<AgentRegistration, "quarantine">,
  agent: string,
  rows: LivenessRows,
): boolean => !isQuarantined(rows, agent) || quarantine?.serves === true;

/** Whom the profile of a quarantined agent has asked before anything is opened for it. */
export function approvalInQuarantine({ registration, quarantined }: InForce): ApprovalRule | undefined {
  const asked = quarantined && registration.quarantine?.approval;
  return asked ? { needed: 1, ...asked } : undefined;
}

/** The refusal of an agent that may not serve now. */
export const notServing = (agent: string): Denial => ({
  code: "quarantined",
  agent,
  why: "a profile by which this agent serves",
});

/**
 * How an agent that serves stands: as its registration says, unless an operator blocked it, or it is quarantined without
 * leave to serve on.
 * @param rows of a batch that its row was part of
 */
export function serverState(
  agent: string,
  rows: LivenessRows,
  registry: Pick<RegistrySnapshot, "agent">,
): AgentRegistration["state"] | "blocked" | "quarantined" {
  const registration = registry.agent(agent);
  if (blockedAmong(rows, [subjects.agent(agent)]) !== undefined) return "blocked";
  if (!registration) return "retired";
  return isServing(registration, agent, rows) ? registration.state : "quarantined";
}

/**
 * The agents of a session that handed on what its current agent holds; with `next`, also those that would hand it to a
 * next one. None of them may be quarantined: a quarantined agent delegates nothing, and the server it calls must not
 * delegate for it by exchanging its token.
 * @returns `quarantined` with the first such agent
 */
export function handedOnFreely(
  { actors }: Pick<Session, "actors">,
  rows: LivenessRows,
  next?: "next",
): Result<void, Denial> {
  const handing = next ? actors : actors.slice(0, -1);
  const agent = handing.find((id) => isQuarantined(rows, id));
  return agent === undefined ? ok(undefined) : err({ code: "quarantined", agent, why: "no delegation by this agent" });
}
