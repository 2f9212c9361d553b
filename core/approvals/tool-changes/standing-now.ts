import type { Denial } from "../../denial/denial.ts";
import { type Clock, nowSeconds } from "../../model/ports.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import { subjects } from "../../model/subjects.ts";
import type { ToolChangePlace } from "../../model/tool-change.ts";
import { ownersOf } from "../../person/owner.ts";
import { epochOf, readLiveness } from "../../session/liveness.ts";
import type { SessionStore } from "../../session/store.ts";
import { partiesOf } from "./change.ts";
import { type ChangeStanding, changeStanding } from "./standing.ts";
import type { ToolChangeReads } from "./store.ts";

/** What reading how people answered needs. */
export interface StandingPorts {
  readonly clock: Clock;
  readonly store: Pick<SessionStore, "readLiveness">;
  readonly changes: Pick<ToolChangeReads, "decisions">;
}

/** How people answered, or that what they were asked has ended. */
type StandingNow = ChangeStanding | { readonly state: "expired" };

/** Whether enough people approved, of whom every one counts. */
export const isApproved = (standing: StandingNow): standing is Extract<ChangeStanding, { state: "asked" }> =>
  standing.state === "asked" && standing.approvers.length >= standing.change.rule.needed;

/**
 * How people answered about a served tool, as of now: without those whom an operator blocked since.
 * @returns the standing, or `liveness_unavailable`
 */
export async function standingNow(
  place: ToolChangePlace,
  registry: RegistrySnapshot,
  { clock, store, changes }: StandingPorts,
): Promise<Result<StandingNow, Denial>> {
  if (place.expiresAtSeconds <= nowSeconds(clock)) return ok({ state: "expired" });
  const decisions = await changes.decisions(place.id);
  const owners = ownersOf(partiesOf(place, registry), registry);
  const standing = changeStanding(place, { decisions, owners }, registry);
  if (standing.state !== "asked" || standing.approvers.length === 0) return ok(standing);
  const rows = await readLiveness(store, { tombstones: [], subjects: standing.approvers.map(subjects.principal) });
  if (!rows.complete) return err({ code: "liveness_unavailable", why: "an approver's row stayed unread" });
  const approvers = standing.approvers.filter((person) => !epochOf(rows, subjects.principal(person)).blocked);
  return ok({ ...standing, approvers });
}
