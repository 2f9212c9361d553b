import { type Keys, keysOf } from "./keys.ts";
import { type AuditLine, distinct, type TrailLine } from "./lines.ts";
import { type Origin, originsOf } from "./origins.ts";

/** A call to AWS that belongs to a session, or to an attestation. */
export interface Call {
  readonly line: TrailLine;
  /**
   * `key`: made with a key of the session. `vend`: the call to STS by which we got one. `sign`: our signature on a token
   * of it. `evidence`: the document that the agent showed.
   */
  readonly by: "key" | "vend" | "sign" | "evidence";
  /** Of a document: who stands behind the credentials that asked for it, where AWS says it. */
  readonly origin?: Origin;
}

/** Everything that could be joined, and what looks like ours and is not. */
export interface Joined {
  readonly audit: readonly AuditLine[];
  readonly keys: Keys;
  /** By session. */
  readonly calls: ReadonlyMap<string, readonly Call[]>;
  /** Of an attestation, by its record. */
  readonly proofs: ReadonlyMap<string, readonly Call[]>;
  /** Lines that name a session of ours by source identity, session name or user agent, and are nobody's of ours. */
  readonly claims: readonly TrailLine[];
  /** Who stands behind lines that are nobody's of ours, by the line. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** Names under which two different things were told. */
  readonly contradicted: readonly string[];
}

/** Joins records of ours with CloudTrail's, in any order and however often each came. */
export function join(records: readonly AuditLine[], lines: readonly TrailLine[]): Joined {
  const audit = distinct(records, ({ uid }) => uid);
  const trail = distinct(lines, ({ eventId }) => eventId);
  const keys = keysOf(audit.lines, trail.lines);
  const known = namesOf(audit.lines, ownedCalls(trail.lines, keys));
  const calls = new Map<string, Call[]>();
  const proofs = new Map<string, Call[]>();
  const claims: TrailLine[] = [];
  const origins = new Map<string, Origin>();
  const originOf = originsOf(trail.lines);
  for (const line of trail.lines) {
    const place = placeOf(line, keys, known);
    const origin = place === undefined || place.by === "evidence" ? originOf(line) : undefined;
    if (place === undefined) {
      if (origin !== undefined) origins.set(line.eventId, origin);
      if (claimOf(line, known.sids)) claims.push(line);
      continue;
    }
    const list = place.of === "session" ? calls : proofs;
    list.set(place.id, [...(list.get(place.id) ?? []), { line, by: place.by, ...(origin && { origin }) }]);
  }
  const contradicted = [...audit.contradicted, ...trail.contradicted];
  return { audit: audit.lines, keys, calls, proofs, claims, origins, contradicted };
}

interface Known {
  readonly sids: ReadonlySet<string>;
  /** Record of an attestation by the identity token's `jti`, and by the document's. */
  readonly byToken: ReadonlyMap<string, string>;
  readonly byEvidence: ReadonlyMap<string, string>;
  /** Roles of our own functions: the only ones whose user agent is our word. */
  readonly functionRoles: ReadonlySet<string>;
  /** Session of each call under a key of ours, by {@link callOf}. */
  readonly ownedCalls: ReadonlyMap<string, string>;
}

/** A call, whichever account's trail tells of it: nobody but AWS chooses a request id. */
const callOf = ({ source, name, requestId }: TrailLine): string => `${source} ${name} ${requestId}`;

const ownedCalls = (trail: readonly TrailLine[], { owners }: Keys): ReadonlyMap<string, string> =>
  new Map(
    trail.flatMap((line) => {
      const sid = line.requestId && owners.get(line.accessKeyId ?? "")?.sid;
      return sid ? [[callOf(line), sid] as const] : [];
    }),
  );

function namesOf(audit: readonly AuditLine[], owned: Known["ownedCalls"]): Known {
  const attested = audit.filter(({ operation, outcome }) => operation === "attest" && outcome === "allowed");
  const by = (member: "jti" | "evidenceId") =>
    new Map(attested.flatMap((line) => (line[member] === undefined ? [] : [[line[member], line.uid] as const])));
  return {
    sids: new Set(audit.flatMap(({ sid }) => sid ?? [])),
    byToken: by("jti"),
    byEvidence: by("evidenceId"),
    functionRoles: new Set(audit.flatMap(({ functionRoleArn }) => functionRoleArn ?? [])),
    ownedCalls: owned,
  };
}

interface Place {
  readonly of: "session" | "attestation";
  readonly id: string;
  readonly by: Call["by"];
}

function placeOf(line: TrailLine, keys: Keys, known: Known): Place | undefined {
  const owner = keys.owners.get(line.accessKeyId ?? "");
  if (owner !== undefined) return { of: "session", id: owner.sid, by: "key" };
  // the account of a bucket or table is told of a call without the caller's key
  const copied = line.accessKeyId === undefined ? known.ownedCalls.get(callOf(line)) : undefined;
  if (copied !== undefined) return { of: "session", id: copied, by: "key" };
  const vend = keys.vends.get(line.eventId);
  if (vend !== undefined) return { of: "session", id: vend, by: "vend" };
  if (line.source === "sts.amazonaws.com" && line.name === "GetWebIdentityToken") {
    const attestation = known.byEvidence.get(line.tokenId ?? "");
    return attestation === undefined ? undefined : { of: "attestation", id: attestation, by: "evidence" };
  }
  return line.source === "kms.amazonaws.com" && line.name === "Sign" ? signOf(line, known) : undefined;
}

/** A signature says in its user agent what it was for; anybody's key can be asked with that user agent. */
function signOf({ userAgent = "", roleArn = "", error }: TrailLine, known: Known): Place | undefined {
  if (error !== undefined || !known.functionRoles.has(roleArn)) return undefined;
  const id = signedFor(userAgent);
  const attestation = known.byToken.get(id);
  if (attestation !== undefined) return { of: "attestation", id: attestation, by: "sign" };
  return known.sids.has(id) ? { of: "session", id, by: "sign" } : undefined;
}

const signedFor = (userAgent: string): string => / lanyard\/([A-Za-z0-9_#-]{1,64})$/.exec(userAgent)?.[1] ?? "";

/** Whether a line that is not ours names a session of ours. */
function claimOf(
  { sourceIdentity = "", principalId = "", userAgent = "", name }: TrailLine,
  sids: ReadonlySet<string>,
) {
  const [, , bySource = ""] = sourceIdentity.split(".");
  const byName = principalId.slice(principalId.indexOf(":") + 1);
  return sids.has(bySource) || sids.has(byName) || (name === "Sign" && sids.has(signedFor(userAgent)));
}
