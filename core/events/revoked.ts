/** What a revocation ended, by the names that `admin-revoke` uses. */
export type RevokedKind = "session" | "agent" | "principal" | "build" | "deployment";

/** A revocation that may concern receivers, read from its audit record. */
export interface Revoked {
  /** Id of the audit record: every event that the revocation causes carries it as `txn`. */
  readonly uid: string;
  readonly kind: RevokedKind;
  readonly id: string;
  /** The tree of a session, where the record knows it. */
  readonly root?: string;
  /**
   * CAEP's `initiating_entity`: an operator; or an agent that ended its own session, or was quarantined automatically,
   * or an identity provider that said of a person what ended its sessions.
   */
  readonly by: "admin" | "system";
  readonly atSeconds: number;
}

const shapes: Readonly<Record<RevokedKind, RegExp>> = {
  session: /^[A-Za-z0-9_-]{22}$/,
  agent: /^spiffe:\/\/[a-z0-9._-]{1,255}\/agent\/[A-Za-z0-9._/-]{1,200}$/,
  principal: /^(p_[a-z2-7]{32}|spiffe:\/\/[a-z0-9._-]{1,255}\/agent\/[A-Za-z0-9._/-]{1,200})$/,
  build: /^[A-Za-z0-9+/=_:.-]{1,128}$/,
  deployment: /^[a-z0-9._-]{1,255}$/,
};

/**
 * Reads the audit record of a revocation as the bus carries it.
 * @param detail the OCSF event
 * @returns the revocation; "other" for a record that ended nothing (an offer withdrawn, an unknown token); "malformed"
 * for one that cannot be read
 */
export function readRevoked(detail: unknown): Revoked | "other" | "malformed" {
  const { metadata, time, unmapped } = asObject(detail);
  const { operation, outcome, target, sid, root, quarantine, signal_issuer, operator_id } = asObject(
    asObject(unmapped).lanyard,
  );
  const { uid } = asObject(metadata);
  if (!isUid(uid) || typeof time !== "number") return "malformed";
  if (outcome !== "allowed") return "other";
  const at = { uid, atSeconds: Math.floor(time / 1000) };
  const tree = typeof root === "string" && shapes.session.test(root) ? { root } : {};
  if (operation === "session.end") {
    if (sid === undefined) return "other";
    return isOf("session", sid) ? { ...at, kind: "session", id: sid, ...tree, by: "system" } : "malformed";
  }
  if (operation !== "revoke") return "other";
  const [, kind, id] = /^([a-z]+):(.+)$/.exec(typeof target === "string" ? target : "") ?? [];
  if (kind === undefined || !Object.hasOwn(shapes, kind)) return "malformed";
  const known = kind as RevokedKind;
  if (!isOf(known, id)) return "malformed";
  // neither an automatic quarantine nor a provider's word has an operator
  const automatic = quarantine === true || signal_issuer !== undefined;
  const by = automatic && operator_id === undefined ? "system" : "admin";
  return { ...at, kind: known, id, ...(known === "session" ? tree : {}), by };
}

/** A revocation read from a message of our own, by the same rules. */
export function asRevoked(value: unknown): Revoked | undefined {
  const { uid, kind, id, root, by, atSeconds } = asObject(value);
  if (!isUid(uid) || typeof atSeconds !== "number" || (by !== "admin" && by !== "system")) return undefined;
  if (typeof kind !== "string" || !Object.hasOwn(shapes, kind) || !isOf(kind as RevokedKind, id)) return undefined;
  const tree = typeof root === "string" && shapes.session.test(root) ? { root } : {};
  return { uid, kind: kind as RevokedKind, id, ...tree, by, atSeconds };
}

/** Whether this can be the id of an audit record. */
export const isUid = (uid: unknown): uid is string => typeof uid === "string" && uid !== "" && uid.length <= 64;

/** Whether an id has the shape of its kind. */
export const isOf = (kind: RevokedKind, id: unknown): id is string => typeof id === "string" && shapes[kind].test(id);

/** An object's members, or none. It never throws, since the value is not trusted. */
export const asObject = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
