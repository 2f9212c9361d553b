import type { Denial } from "../../denial/denial.ts";
import type { ApprovalDecision } from "../../model/approval.ts";
import type { ReplayEntry } from "../../model/replay/entry.ts";
import type { Result } from "../../model/result.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";

/** A person who was proved to be one, and may look at and decide what waits for some groups. */
export interface Approver {
  /** `p_` + 32 base32 characters: the same for one person, however proved. */
  readonly principal: string;
  /** Groups the person approves for, as `<trusted issuer's name>/<group>`. */
  readonly groups: readonly string[];
  /** How the person was proved. */
  readonly as: Pick<ApprovalDecision, "proof" | "uniqueId" | "sourceIdentity" | "issuer" | "clientId">;
  /** Of a token: when the person signed in, or else when it was issued. A cut of the person ends what is older. */
  readonly signedInSeconds?: number;
  /** Written with a decision, so that a proof is used once. */
  readonly replayEntries: readonly ReplayEntry[];
}

/** Says who calls by one version of the registry. */
export type Introduce = (registry: RegistrySnapshot) => Promise<Result<Approver, Denial>>;
