import { currentAgent, type Session } from "../model/session.ts";

/** How a session's credentials are named at AWS, so that each line of CloudTrail leads back to it. */
export interface Lineage {
  /** On every line, through the whole chain of roles; it can never be changed. `lyd.<root>.<sid>`. */
  readonly sourceIdentity: string;
  /** Last part of the assumed role's ARN: the session's id. */
  readonly roleSessionName: string;
  /** Session tags, all of them transitive. They stand on the STS line alone, and in `aws:PrincipalTag` of every request. */
  readonly tags: Readonly<Record<(typeof lineageTags)[number], string>>;
}

/** What every SourceIdentity of ours begins with; trust policies let nobody else's in. */
export const sourceIdentityPrefix = "lyd.";

/** Keys of the session tags. With dashes: whether a key with a colon can stand in a policy variable is told nowhere. */
export const lineageTags = ["lanyard-session", "lanyard-tree", "lanyard-agent", "lanyard-principal"] as const;

/** Our ids, within the alphabet that STS takes for names (`[\w+=,.@-]`), and without IAM's wildcards. */
const ownId = /^[A-Za-z0-9_-]{22}$/;
/** What STS takes as the value of a tag. */
const tagValue = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,256}$/u;

/**
 * Names the credentials of a session. The names hold ids of ours and nothing a caller could choose, neither scope, purpose
 * nor claim; each tag is always set, so that none can be added later in the chain (threat 21).
 * @throws RangeError for a session whose ids are not ours: a broken row, never a caller's doing
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
