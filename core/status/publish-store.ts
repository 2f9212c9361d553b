import type { Session } from "../session/model.ts";
import type { Change } from "./changes.ts";

/** What of a session's row the walk needs. */
export type ListedSession = Pick<Session, "root" | "sid" | "anc" | "generations" | "status" | "expiresAtSeconds">;

/** A change to be walked again, since an index showed it too early. */
export interface Due {
  readonly change: Exclude<Change, { kind: "deployment" }>;
  readonly sinceSeconds: number;
}

/** The publisher's tables. */
export interface PublishStore {
  /** Every session of a tree, strongly consistent. */
  tree(root: string): Promise<readonly ListedSession[]>;
  /**
   * Roots of sessions of an agent, principal or build that end after `nowSeconds`, by an index that may lag; each root may
   * come more than once.
   */
  roots(subject: string, nowSeconds: number): AsyncIterable<string>;
  /** Root of a session by its id alone, by an index that may lag. */
  rootOf(sid: string): Promise<string | undefined>;
  /** Positions of a window leased so far, strongly consistent; 0 for none. */
  leased(window: string): Promise<number>;
  /** Adds indices to what is revoked of a list. */
  revoke(list: string, indices: readonly number[]): Promise<void>;
  /** Revokes every index of a list below `count`. */
  revokeBelow(list: string, count: number): Promise<void>;
  /** Everything revoked of a list, strongly consistent. */
  revoked(list: string): Promise<ReadonlySet<number>>;
  /** Stores a signed list unless one that revokes more is there: of two publishers at once the staler must not win. */
  putSigned(list: string, token: string, revokedCount: number): Promise<void>;
  dues(): Promise<readonly Due[]>;
  addDue(due: Due): Promise<void>;
  removeDue(due: Due): Promise<void>;
  /** Generation of the deployment whose cut the lists show already. */
  handledDeployment(): Promise<number>;
  setHandledDeployment(generation: number): Promise<void>;
}
