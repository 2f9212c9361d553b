import type { FactsSoFar } from "../../audit/context.ts";
import type { Denial } from "../../denial/denial.ts";
import type { PendingApproval } from "../../model/approval.ts";
import type { Result } from "../../model/result.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import type { ToolChange } from "../../model/tool-change.ts";
import type { Approver } from "./approver.ts";

/** Who looks, by which version of the registry, and when. */
export interface Looking {
  readonly approver: Approver;
  readonly registry: RegistrySnapshot;
  readonly nowSeconds: number;
}

/** Something that waits for a group of the person who looks, of whichever kind. */
export interface Waiting {
  readonly pending: Pick<
    PendingApproval | ToolChange,
    "id" | "requestHash" | "group" | "needed" | "agent" | "expiresAtSeconds"
  >;
  /** What the record of a decision says of it. */
  readonly facts: Partial<FactsSoFar>;
  /** How many approved it so far. */
  readonly approvals: number;
  /** Whether this person may decide it. */
  readonly may: Result<void, Denial>;
  /** Everything that is approved. */
  readonly shown: object;
  /** Whether its refusal is one of its agent's: that of a tool says nothing of who told of it. */
  readonly isAgents: boolean;
}
