import { currentAgent, type Session } from "../model/session.ts";

/** The names of a session's credentials at AWS, by which each line of CloudTrail leads back to the session. */
export interface Lineage {
  /** On every line of CloudTrail, through the whole chain of roles; it cannot be changed. `lyd.<root>.<sid>`. */
  readonly sourceIdentity: string;
  /** Last part of the assumed role's ARN: the session's id. */
  readonly roleSessionName: string;
  /**
   * Session tags, all of them transitive. They are on the line of the STS call only, and in `aws:PrincipalTag` of every
   * request.
   */
  readonly tags: Readonly<Record<(typeof lineageTags)[number], string>>;
}

/** The beginning of every SourceIdentity that we set; trust policies admit no others. */
export const sourceIdentityPrefix = "lyd.";

/**
 * Keys of the session tags. They have dashes, since AWS does not document whether a key with a colon can be used in a
 * policy variable.
 */
export const lineageTags = ["lanyard-session", "lanyard-tree", "lanyard-agent", "lanyard-principal"] as const;

/**
 * Keys of the further tags of a token for STS: the one role it is for, and its `jti`, by which CloudTrail leads to our record
 * of it. They are about this one call of STS, so they are not transitive.
 */
export const tokenTags = ["lanyard-role", "lanyard-token"] as const;

/** Our ids, within the alphabet that STS accepts for names (`[\w+=,.@-]`), and without IAM's wildcards. */
const ownId = /^[A-Za-z0-9_-]{22}$/;
/** What STS accepts as the value of a tag; no character of it has a meaning in a policy. */
export const tagValue = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,256}$/u;

/**
 * Names the credentials of a session. The names contain only ids of ours and nothing that a caller could choose,
 * neither scope, purpose nor claim. Each tag is always set, so that none can be added later in the chain (threat 21).
 * @throws RangeError for a session whose ids are not ours: its row is broken; no caller can cause this
 */
export function lineageOf(session: Pick<Session, "root" | "sid" | "actors" | "principal">): Lineage {
  const { root, sid, principal } = session;
  const tags = {
    "lanyard-session": sid,
    "lanyard-tree": root,
    "lanyard-agent": currentAgent(session as Session),
    "lanyard-principal": principal.id,
  };
  if (!ownId.test(root) || !ownId.test(sid)) throw new RangeError("a session's ids are not of our alphabet");
  for (const [key, value] of Object.entries(tags))
    if (!tagValue.test(value)) throw new RangeError(`${key} does not fit a session tag`);
  return { sourceIdentity: `${sourceIdentityPrefix}${root}.${sid}`, roleSessionName: sid, tags };
}
