import type { ApprovalDecision } from "../../model/approval.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import type { ToolChangePlace } from "../../model/tool-change.ts";
import { stillCounts } from "../still-counts.ts";
import { type Change, changeOf } from "./change.ts";

/** How people answered about a served tool, by one version of the registry. */
export type ChangeStanding =
  /** The registry asks something else by now, or nothing: what people said of it counts no more. */
  | { readonly state: "overtaken" }
  | { readonly state: "refused"; readonly change: Change }
  /** With the people whose approvals count, at most one each; whether they are blocked, liveness says. */
  | { readonly state: "asked"; readonly change: Change; readonly approvers: readonly string[] };

/** What was said of it, and who must not have said it. */
interface Said {
  readonly decisions: readonly ApprovalDecision[];
  /** Principal ids of the owners of {@link partiesOf | the agents in question}. */
  readonly owners: readonly string[];
}

/**
 * Counts what people said of a served tool. Only approvals of this very change count, by people whom the registry still
 * has as approvers of its group and who own no agent in question; one refusal is one for all.
 */
export function changeStanding(
  place: ToolChangePlace,
  { decisions, owners }: Said,
  registry: Parameters<typeof changeOf>[1] & Parameters<typeof stillCounts>[2] & Pick<RegistrySnapshot, "resource">,
): ChangeStanding {
  const change = changeOf(place, registry);
  if (!change || change.requestHash !== place.requestHash) return { state: "overtaken" };
  if (decisions.some(({ verdict }) => verdict === "refused")) return { state: "refused", change };
  const counted = decisions.filter(
    (one) =>
      one.requestHash === place.requestHash &&
      !owners.includes(one.approver) &&
      stillCounts(one, change.rule.group, registry),
  );
  return { state: "asked", change, approvers: [...new Set(counted.map(({ approver }) => approver))] };
}
