import type { AuditLine, TrailLine } from "./lines.ts";

/** Whose an access key is, and how that is known. */
interface KeyOwner {
  readonly sid: string;
  /** The STS event that gave the key out. */
  readonly eventId: string;
  /**
   * `vended`: our record holds that event's request id, or the token that it was called with. `chained`: it was called with a
   * key that is the session's.
   */
  readonly by: "vended" | "chained";
}

/** Why an STS event gave no session a key, though a record of ours holds its request id. */
interface Disputed {
  readonly requestId: string;
  readonly why: "held_by_two_sessions" | "another_role" | "another_key" | "issued_twice";
  readonly sids: readonly string[];
}

/** What is known of keys. */
export interface Keys {
  readonly owners: ReadonlyMap<string, KeyOwner>;
  /** Session of each STS event that a record of ours holds, by the event's id. */
  readonly vends: ReadonlyMap<string, string>;
  readonly disputed: readonly Disputed[];
  /** Request ids that our records hold and no line of CloudTrail has: it comes later, or this trail does not have it. */
  readonly missing: readonly { readonly sid: string; readonly requestId: string }[];
}

const issuing: readonly string[] = ["AssumeRole", "AssumeRoleWithWebIdentity", "GetScopedCredentials"];

/** Whether a line tells that STS gave credentials out. */
export const isIssuing = ({ source, name, error, issuedKeyId }: TrailLine): boolean =>
  source === "sts.amazonaws.com" && issuing.includes(name) && error === undefined && issuedKeyId !== undefined;

/**
 * Finds whose each access key is. Only what STS answered to us, or to a token of ours, counts: a session name, a source identity or a tag can be
 * set by anybody who may assume some role (threat 21), a request id by nobody but AWS. A key that was got with one of a
 * session's keys is the session's too, however often.
 * @param audit records, each once
 * @param trail lines, each once
 */
export function keysOf(audit: readonly AuditLine[], trail: readonly TrailLine[]): Keys {
  const holders = holdersOf(audit);
  const events = trail.filter(isIssuing);
  const tokens = tokensOf(audit);
  const seen = new Set(events.map(({ requestId }) => requestId));
  const found = { owners: new Map<string, KeyOwner>(), vends: new Map<string, string>(), disputed: [] as Disputed[] };
  const issuedBy = Map.groupBy(events, ({ issuedKeyId = "" }) => issuedKeyId);
  for (const event of events) {
    const { requestId = "", issuedKeyId = "", eventId } = event;
    const held = holders.get(requestId) ?? shown(event, tokens);
    if (held === undefined) continue;
    const why = disputeOf(event, held, issuedBy.get(issuedKeyId) ?? []);
    const sids = [...new Set(held.map(({ sid = "" }) => sid))];
    if (why !== undefined) {
      found.disputed.push({ requestId, why, sids });
      continue;
    }
    const [sid = ""] = sids;
    found.vends.set(eventId, sid);
    found.owners.set(issuedKeyId, { sid, eventId, by: "vended" });
  }
  follow(events, found.owners);
  const missing = [...holders].flatMap(([requestId, held]) =>
    seen.has(requestId) ? [] : held.slice(0, 1).map(({ sid = "" }) => ({ sid, requestId })),
  );
  return { ...found, missing };
}

/** Records that hold a request id of STS. */
function holdersOf(audit: readonly AuditLine[]): ReadonlyMap<string, readonly AuditLine[]> {
  const holders = new Map<string, AuditLine[]>();
  for (const line of audit) {
    if (line.sid === undefined) continue;
    for (const id of line.awsRequestIds) holders.set(id, [...(holders.get(id) ?? []), line]);
  }
  return holders;
}

/** Records of tokens for STS, by what CloudTrail calls them. */
const tokensOf = (audit: readonly AuditLine[]): ReadonlyMap<string, readonly AuditLine[]> =>
  Map.groupBy(
    audit.filter(({ sid, awsToken }) => sid !== undefined && awsToken !== undefined),
    ({ awsToken = "" }) => awsToken,
  );

/**
 * Records of the token that a role was taken by. Nobody but our issuer signs what STS reads under its provider, and a record
 * holds each token's `jti` once; one token may open several sessions of its role for as long as it lives.
 */
const shown = ({ name, tokenId }: TrailLine, tokens: ReadonlyMap<string, readonly AuditLine[]>) =>
  name === "AssumeRoleWithWebIdentity" ? tokens.get(tokenId ?? "") : undefined;

function disputeOf(
  event: TrailLine,
  held: readonly AuditLine[],
  sameKey: readonly TrailLine[],
): Disputed["why"] | undefined {
  // a record copied under another name, or another session's, must not take a key over
  if (new Set(held.map(({ sid }) => sid)).size > 1) return "held_by_two_sessions";
  // the other account's copy of one call has the call's request id
  if (sameKey.some(({ requestId }) => requestId !== event.requestId)) return "issued_twice";
  const [record] = held;
  if (event.name !== "GetScopedCredentials" && event.assumedRoleArn !== record?.awsRoleArn) return "another_role";
  const isLast = record?.awsRequestIds.at(-1) === event.requestId;
  if (isLast && record?.awsAccessKeyId !== undefined && record.awsAccessKeyId !== event.issuedKeyId)
    return "another_key";
  return undefined;
}

/** Follows the sessions' keys to those that were got with them; each key is followed once, so that a circle ends. */
function follow(events: readonly TrailLine[], owners: Map<string, KeyOwner>): void {
  const calledWith = Map.groupBy(events, ({ accessKeyId = "" }) => accessKeyId);
  const open = [...owners.keys()];
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    const owner = owners.get(key);
    for (const { issuedKeyId = "", eventId } of calledWith.get(key) ?? []) {
      if (owner === undefined || owners.has(issuedKeyId)) continue;
      owners.set(issuedKeyId, { sid: owner.sid, eventId, by: "chained" });
      open.push(issuedKeyId);
    }
  }
}
