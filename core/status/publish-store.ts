import type { Session } from "../model/session.ts";
import type { Change } from "./changes.ts";
import type { CutLedger } from "./cuts.ts";

/** What of a session's row the walk needs. */
export interface ListedSession
  extends Pick<Session, "root" | "sid" | "anc" | "epochs" | "status" | "expiresAtSeconds"> {
  /** Places that tokens from before a renewal still name, each until the last of them has expired. */
  readonly formerStatus?: readonly (Session["status"] & { readonly untilSeconds: number })[];
}

/** How far a walk has come: in each shard of its subject, the key up to which all is done. */
export type WalkCursor = Readonly<Record<string, string>>;

/** A change whose walk has begun; it is taken away when the walk is done, so that one cut off goes on. */
export interface Due {
  readonly change: Exclude<Change, { kind: "deployment" }>;
  /** When somebody was last known to be at it; 0 when it was put back. */
  readonly sinceSeconds: number;
  /** Where it goes on. */
  readonly after?: WalkCursor;
}

/** A session of a subject, and where it was found: in each shard, keys come in their order. */
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
  /** Its `exp`: `token` names no list that is over. */
  readonly untilSeconds: number;
}

/** The signed document of cuts as it is stored. */
export interface SignedCuts {
  readonly token: string;
  /** Of the ledger it was made from. */
  readonly version: number;
  /** Its `exp`. */
  readonly untilSeconds: number;
}

/** The publisher's tables. */
export interface PublishStore {
  /** Every session of a tree, strongly consistent. */
  tree(root: string): Promise<readonly ListedSession[]>;
  /**
   * Sessions of an agent, principal, build or login that end after `nowSeconds`, strongly consistent: every one that was
   * stored before this is called. A session may come more than once.
   * @param after leaves out what lies before it
   */
  sessions(subject: string, nowSeconds: number, after?: WalkCursor): AsyncIterable<FoundSession>;
  /** Root of a session below a root by its id alone, strongly consistent. */
  rootOf(sid: string): Promise<string | undefined>;
  /** Positions of a window leased so far, strongly consistent; 0 for none. */
  leased(window: string): Promise<number>;
  /** Those of them leased before anything was under this epoch of the deployment. */
  leasedBefore(window: string, epoch: number): Promise<number>;
  /** Adds indices to what is revoked of a list. */
  revoke(list: string, indices: readonly number[]): Promise<void>;
  /** Revokes every index of a list below `count`. */
  revokeBelow(list: string, count: number): Promise<void>;
  /** Everything revoked of a list, strongly consistent. */
  revoked(list: string): Promise<ReadonlySet<number>>;
  /** The longest life that a registration of the applied registry allows a session; undefined before one is applied. */
  longestLifeSeconds(): Promise<number | undefined>;
  /** Stores a signed list unless one that revokes more is there: of two publishers at once the staler must not win. */
  putSigned(list: string, signed: SignedList): Promise<void>;
  /** Stores the names of all lists that are open now, for their aggregation. */
  putOpen(lists: readonly string[]): Promise<void>;
  /** What was cut, strongly consistent. */
  cuts(): Promise<CutLedger>;
  /**
   * Stores a ledger in the place of the one before it.
   * @returns false, and nothing stored, when another took that place meanwhile
   */
  putCuts(ledger: CutLedger): Promise<boolean>;
  /** Stores a signed document unless one is there that says more, or the same for longer. */
  putSignedCuts(signed: SignedCuts): Promise<void>;
  dues(): Promise<readonly Due[]>;
  addDue(due: Due): Promise<void>;
  /**
   * Writes anew what was written down of a walk.
   * @returns false, and nothing written, when it is not there any more as it was: another run has it, or it was revoked again
   */
  replaceDue(was: Due, by: Due): Promise<boolean>;
  removeDue(due: Due): Promise<void>;
  /** Generation of the deployment whose cut the lists show already. */
  handledDeployment(): Promise<number>;
  setHandledDeployment(epoch: number): Promise<void>;
}
