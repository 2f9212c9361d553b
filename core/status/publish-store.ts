import type { Session } from "../model/session.ts";
import type { Change } from "./changes.ts";
import type { CutLedger } from "./cuts.ts";

/** The members of a session's row that a walk needs. */
export interface ListedSession
  extends Pick<Session, "root" | "sid" | "anc" | "epochs" | "status" | "expiresAtSeconds"> {
  /** Places that tokens from before a renewal still name, each until the last of them has expired. */
  readonly formerStatus?: readonly (Session["status"] & { readonly untilSeconds: number })[];
}

/** How far a walk has come: in each shard of its subject, the key up to which all is done. */
export type WalkCursor = Readonly<Record<string, string>>;

/**
 * A change whose walk has begun. The row is deleted when the walk is finished, so that an interrupted walk is continued
 * (threat 48).
 */
export interface Due {
  readonly change: Exclude<Change, { kind: "deployment" }>;
  /** When a run was last known to work on it; 0 when it was put back. */
  readonly sinceSeconds: number;
  /** From where the walk continues. */
  readonly after?: WalkCursor;
}

/** A session of a subject, and where it was found. Within a shard, keys come in order. */
export interface FoundSession {
  readonly root: string;
  readonly sid: string;
  readonly shard: string;
  readonly key: string;
}

/** A status list token as it is stored. */
export interface SignedList {
  readonly token: string;
  readonly revokedCount: number;
  /** Its `exp`. No session of a list that `token` stands for ends later. */
  readonly untilSeconds: number;
}

/** The signed document of cuts as it is stored. */
export interface SignedCuts {
  readonly token: string;
  /** Version of the ledger it was made from. */
  readonly version: number;
  /** Its `exp`. */
  readonly untilSeconds: number;
}

/** The publisher's tables. */
export interface PublishStore {
  /** Every session of a tree, strongly consistent. */
  tree(root: string): Promise<readonly ListedSession[]>;
  /**
   * Sessions of an agent, principal, build or login that end after `nowSeconds`, strongly consistent. Every session
   * that was stored before the call is found; one may come more than once.
   * @param after sessions up to it are left out
   */
  sessions(subject: string, nowSeconds: number, after?: WalkCursor): AsyncIterable<FoundSession>;
  /** Root of a session below a root by its id alone, strongly consistent. */
  rootOf(sid: string): Promise<string | undefined>;
  /** Number of positions of a window leased so far, strongly consistent; 0 when there are none. */
  leased(window: string): Promise<number>;
  /** How many of them were leased before anything was issued under this epoch of the deployment. */
  leasedBefore(window: string, epoch: number): Promise<number>;
  /** Adds indices to the revoked ones of a list. */
  revoke(list: string, indices: readonly number[]): Promise<void>;
  /** Revokes every index of a list below `count`. */
  revokeBelow(list: string, count: number): Promise<void>;
  /** Every revoked index of a list, strongly consistent. */
  revoked(list: string): Promise<ReadonlySet<number>>;
  /** The longest life that a registration of the applied registry allows a session; undefined before one is applied. */
  longestLifeSeconds(): Promise<number | undefined>;
  /**
   * Stores a signed list unless the stored one revokes more: when two publishers run at once, the older list must not
   * win.
   */
  putSigned(list: string, signed: SignedList): Promise<void>;
  /** Stores the names of all lists that are open now, for the status list aggregation. */
  putOpen(lists: readonly string[]): Promise<void>;
  /** The ledger of cuts, strongly consistent. */
  cuts(): Promise<CutLedger>;
  /**
   * Replaces the ledger by its next version.
   * @returns false, with nothing stored, when another run stored that version meanwhile
   */
  putCuts(ledger: CutLedger): Promise<boolean>;
  /** Stores a signed document unless the stored one contains more, or the same for longer. */
  putSignedCuts(signed: SignedCuts): Promise<void>;
  dues(): Promise<readonly Due[]>;
  addDue(due: Due): Promise<void>;
  /**
   * Replaces the row of a walk.
   * @returns false, with nothing written, when the row changed meanwhile: another run has taken it, or the subject was
   * revoked again
   */
  replaceDue(was: Due, by: Due): Promise<boolean>;
  removeDue(due: Due): Promise<void>;
  /** The deployment's epoch whose cut the lists already show. */
  handledDeployment(): Promise<number>;
  setHandledDeployment(epoch: number): Promise<void>;
}
