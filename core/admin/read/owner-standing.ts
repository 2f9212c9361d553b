import type { AgentRegistration } from "../../model/agent-registration.ts";
import { ownerId, ownerWords } from "../../model/owner.ts";
import { subjects } from "../../model/subjects.ts";
import { ownerGone } from "../../person/owner.ts";
import type { LivenessRows } from "../../session/store.ts";

const daySeconds = 86_400;

/** Who owns an agent, as operators see it. */
interface OwnerView {
  readonly owner: string;
  readonly ownerPrincipal?: string;
  /** `unverified` for a text, which nobody can block and of which nobody hears. */
  readonly ownerStanding: "good" | "blocked" | "unconfirmed" | "unverified";
  /** Until when the owner's last word counts, where the registration asks for it and there was one. */
  readonly ownerConfirmedUntilSeconds?: number;
}

/**
 * How the owner of an agent stands, by the rule by which agents are refused ({@link ownerGone}).
 * @param agent a registered agent, and its SPIFFE ID
 * @param rows of a query that `withOwners` made with the same registry
 */
export function ownerView(
  { id, ...agent }: AgentRegistration & { readonly id: string },
  rows: LivenessRows,
  nowSeconds: number,
): OwnerView {
  const owner = ownerWords(agent.owner);
  const principal = ownerId(agent.owner);
  if (principal === undefined) return { owner, ownerStanding: "unverified" };
  const gone = ownerGone(rows, [subjects.agent(id)], { registry: { agent: () => agent }, nowSeconds });
  const { ownerConfirmedDays: days } = agent;
  const last = rows.confirmedAtSeconds?.get(principal);
  const until =
    days === undefined || last === undefined ? {} : { ownerConfirmedUntilSeconds: last + days * daySeconds };
  return { owner, ownerPrincipal: principal, ownerStanding: gone?.kind ?? "good", ...until };
}

/** Whether nobody who can be asked answers for an agent. */
export const isOrphan = ({ ownerStanding }: Pick<OwnerView, "ownerStanding">): boolean => ownerStanding !== "good";

/** Why its owner gives an agent nothing, in words. */
export function ownerInTheWay({ owner, ownerStanding }: OwnerView): readonly string[] {
  if (ownerStanding === "blocked") return [`its owner ${owner} was revoked, and an operator has not lifted the block`];
  if (ownerStanding === "unconfirmed")
    return [
      `its owner ${owner} has neither signed in nor been confirmed for as long as the registration lets it count`,
    ];
  return [];
}
