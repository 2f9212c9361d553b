import type { AccessHandle, Offer, Session, Vend } from "../../model/session.ts";
import type { SessionStore } from "../../session/store.ts";

/** The place of a session of a subject, and the end by which it is found. */
export interface FoundPlace {
  readonly root: string;
  readonly sid: string;
  readonly endSeconds: number;
}

/** The place after which a page continues: after one session, or after everything that ends at or before a second. */
export type PlaceMark = FoundPlace | { readonly endSeconds: number };

/** One row of a tree: a session, an offer held out in it, or an access token of it that is a handle. */
export type TreeRow =
  | { readonly kind: "session"; readonly session: Session }
  | { readonly kind: "offer"; readonly offer: Offer }
  | { readonly kind: "handle"; readonly handle: AccessHandle };

/** Reads that answer an operator's questions about sessions; each is strongly consistent. */
export interface SessionQueries extends Pick<SessionStore, "readLiveness"> {
  /**
   * Places of a subject's sessions in the order in which they end, soonest first.
   * @param subject `agent:<id>` (as current agent), `principal:<id>` or `build:<digest>`
   * @param after only places after this one
   * @param limit most places answered
   */
  places(subject: string, after: PlaceMark, limit: number): Promise<readonly FoundPlace[]>;
  /** Sessions at these places, in their order; one whose row no longer exists is left out. At most 100. */
  sessions(places: readonly Pick<FoundPlace, "root" | "sid">[]): Promise<readonly Session[]>;
  /**
   * What the sessions of a tree, or one of them, were given at AWS; in the order of sessions.
   * @param most answered at most
   */
  vends(of: { readonly root: string; readonly sid?: string }, most: number): Promise<readonly Vend[]>;
  /** The root of a session's tree, by its id alone; a root names itself. */
  rootOf(sid: string): Promise<string | undefined>;
  /** How many uses are left, by the counters' names; one that no longer exists is left out. */
  usesLeft(names: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /**
   * Rows of one tree in the order of their keys.
   * @param after key of the last row of the page before
   * @param limit most rows read
   * @returns the rows, and the key to continue after, where there are more
   */
  tree(
    root: string,
    after: string | undefined,
    limit: number,
  ): Promise<{ readonly rows: readonly TreeRow[]; readonly next?: string }>;
}
