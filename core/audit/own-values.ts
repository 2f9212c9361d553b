import type { Denial } from "../denial/denial.ts";
import type { AuditFacts } from "./record.ts";

/** An id of ours: 128 bits as base64url. */
const id = /^[A-Za-z0-9_-]{22}$/;
/** A digest: SHA-256 in hex or base64, a thumbprint, an image's digest. */
const digest = /^(?:sha256:)?(?:[0-9a-f]{64}|[A-Za-z0-9+/_-]{43}=?)$/;
/** Whatever is registered has a name in lower case, which no token has. */
const name = /^(?:p_|spiffe:\/\/)?[a-z0-9][a-z0-9._/-]*$/;
const prefixed = /^(session|agent|principal|build|deployment|key):(.+)$/;

/**
 * The values of one decision that we made, proved or registered ourselves: session ids, thumbprints, digests, names of
 * agents, resources and policies. However much one of them looks like a token (one random id in 26,000 begins like a
 * JWT), it is never redacted: whoever was given such a session would vanish from the audit (threat 47). What a caller
 * wrote and nobody verified is none of them.
 * @returns the values as they may stand in any text of the record
 */
export function ownValues(facts: AuditFacts): ReadonlySet<string> {
  const { session, operator, grants = [], denial, target } = facts;
  return new Set([
    ...ofShape(id, [session?.sid, session?.root, session?.parent, facts.jti, facts.revocation]),
    ...ofShape(digest, [facts.jkt, facts.build]),
    ...ofShape(name, [facts.agent, facts.owner, facts.principal, facts.offeredTo, facts.receiver]),
    ...ofShape(name, [...(facts.actors ?? []), ...(facts.policies ?? [])]),
    ...grants.flatMap(({ resource, scopes }) => [resource, ...scopes]),
    ...(operator ? [operator.arn, operator.uniqueId, ...pointedAt(target)] : []),
    ...(denial ? told(denial) : []),
  ]);
}

const ofShape = (shape: RegExp, values: readonly (string | undefined)[]): readonly string[] =>
  values.filter((value): value is string => value !== undefined && shape.test(value));

/** `session:<id>`, `build:<digest>`, `agent:<name>` and the like: what an operator or a row of liveness points at. */
function pointedAt(target: string | undefined): readonly string[] {
  const [, kind, value] = prefixed.exec(target ?? "") ?? [];
  if (target === undefined || value === undefined) return [];
  const shape = kind === "session" ? id : kind === "build" || kind === "key" ? digest : name;
  return shape.test(value) ? [target, value] : [];
}

/** What a refusal tells of our own rows. */
function told(denial: Denial): readonly string[] {
  const { cause, subject, sid, build, offeredTo } = denial as {
    readonly cause?: { readonly sid?: string; readonly subject?: string };
    readonly subject?: string;
    readonly sid?: string;
    readonly build?: string;
    readonly offeredTo?: string;
  };
  return [
    ...ofShape(id, [sid, cause?.sid]),
    ...ofShape(digest, [build]),
    ...ofShape(name, [offeredTo]),
    ...[subject, cause?.subject].flatMap(pointedAt),
  ];
}
