/** Where a record stands. */
export interface LeafPlace {
  /** base64url SHA-256 of its line, as it was noted. */
  readonly hash: string;
  /** Its entry in the log; absent until it has one. */
  readonly index?: number;
  /** The object with its line; absent until it was delivered. */
  readonly object?: { readonly key: string; readonly versionId: string };
}

/** Reads where records stand. */
export interface Leaves {
  /** Strongly consistent. */
  placeOf(eventId: string): Promise<LeafPlace | undefined>;
}
