import type { Denial } from "../denial/denial.ts";
import type { AuditFacts } from "./record.ts";

/** An id that we made: 128 bits as base64url. */
const id = /^[A-Za-z0-9_-]{22}$/;
/** A digest: SHA-256 in hex or base64, a thumbprint, an image's digest. */
const digest = /^(?:sha256:)?(?:[0-9a-f]{64}|[A-Za-z0-9+/_-]{43}=?)$/;
/** Every registered name is in lower case, and no token is. */
const name = /^(?:p_|spiffe:\/\/)?[a-z0-9][a-z0-9._/-]*$/;
/** An access key of temporary credentials that we were given for an agent: it names them and opens nothing alone. */
const accessKey = /^ASIA[A-Z0-9]{12,124}$/;
const prefixed = /^(session|agent|principal|build|deployment|key):(.+)$/;

/**
 * The values of one decision that we made, proved or registered ourselves: session ids, thumbprints, digests, names of
 * agents, resources and policies. One random id in 26,000 begins like a JWT, but these are never redacted: otherwise a
 * session that was given such an id would vanish from the audit (threat 47). Values that a caller wrote and nobody
 * verified are not among them.
 * @returns the values in every form in which a text of the record may contain them
 */
export function ownValues(facts: AuditFacts): ReadonlySet<string> {
  const { session, operator, grants = [], denial, target, aws } = facts;
  return new Set([
    ...ofShape(id, [
      session?.sid,
      session?.root,
      session?.parent,
      ...(session?.anc ?? []),
      facts.jti,
      facts.revocation,
    ]),
    ...ofShape(digest, [facts.jkt, facts.build, aws?.policyDigest]),
    // a registered role's, and what STS answered
    ...(aws ? [aws.role, aws.roleArn, ...(aws.requestIds ?? [])] : []),
    ...ofShape(accessKey, [aws?.accessKeyId]),
    ...ofShape(name, [facts.agent, facts.owner, facts.principal, facts.offeredTo, facts.receiver]),
    ...ofShape(name, [...(facts.actors ?? []), ...(facts.policies ?? [])]),
    ...grants.flatMap(({ resource, scopes }) => [resource, ...scopes]),
    ...(operator ? [operator.arn, operator.uniqueId, ...pointedAt(target)] : []),
    ...(denial ? told(denial) : []),
  ]);
}

const ofShape = (shape: RegExp, values: readonly (string | undefined)[]): readonly string[] =>
  values.filter((value): value is string => value !== undefined && shape.test(value));

/**
 * The name in `session:<id>`, `build:<digest>`, `agent:<name>` and the like, as an operator's order or a row of
 * liveness gives it.
 */
function pointedAt(target: string | undefined): readonly string[] {
  const [, kind, value] = prefixed.exec(target ?? "") ?? [];
  if (target === undefined || value === undefined) return [];
  const shape = kind === "session" ? id : kind === "build" || kind === "key" ? digest : name;
  return shape.test(value) ? [target, value] : [];
}

/** What a refusal tells of rows of our own. */
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

/** Longest text a record carries; what is longer is cut. */
const textCharacters = 2_048;
/** Most entries of a list a record carries. */
const listEntries = 100;
/** How deep a record's facts may nest. */
const nesting = 16;

/** The start of any JSON object in base64 of either alphabet: `{` followed by a quote, a blank or a line break. */
const jwtShape = /(?<![A-Za-z0-9_-])(?:ey[ABIJ]|ew[opkl01])[A-Za-z0-9+/_-]{9,}={0,2}(?:\.[A-Za-z0-9_-]*){0,4}/g;
/** An offer's handle: its secret, and the sealed locator that may follow. The root before them is an id. */
const handleShape = /(?<=lyo_[A-Za-z0-9_-]{22}\.)[A-Za-z0-9_-]+/g;
/** A session token of AWS STS: it begins with the name of its origin. */
const sessionTokenShape = /(?:IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz)(?:[A-Za-z0-9+/]|%2[BbFf])+(?:=|%3[Dd]){0,2}/g;
const pemShape = /-----BEGIN [A-Z0-9 ]{1,40}-----[\s\S]{0,16384}?(?:-----END [A-Z0-9 ]{1,40}-----|$)/g;
const accessKeyShape = /(?<![A-Z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Z0-9])/g;
/** 30 bytes or more in base64, or in that as a URL carries it: a secret key, a private JWK member, part of a document. */
const secretShape = /(?:[A-Za-z0-9+/_-]|%2[BbFf]){40,}(?:=|%3[Dd]){0,2}/g;

const nothing: ReadonlySet<string> = new Set();

/** Values of our own that are never redacted, see {@link ownValues}. */
export type Own = ReadonlySet<string>;

/**
 * Removes what looks like a token or private key, so that nobody can steal one from the log (threat 25). Runs of base64
 * that are only lower case (paths, hex digests) stay.
 * @param text any text that a caller may have written
 * @param own values that stay where they stand alone in the text
 * @returns the text, cut to 2,048 characters, with each finding replaced by `[redacted]`
 */
export function redactText(text: string, own: Own = nothing): string {
  return cleaned(text, own, (part) =>
    withoutTokens(part)
      .replace(accessKeyShape, "[redacted]")
      .replace(secretShape, (run) => (/[A-Z]/.test(run) && /[a-z]/.test(run) ? "[redacted]" : run)),
  );
}

/**
 * As {@link redactText} for values that are ours and may be long hashes (`jkt`, ids): only tokens and keys are removed.
 */
export const redactTokens = (text: string, own: Own = nothing): string =>
  // an id alone is 16 bytes: too short to be or to contain a token
  id.test(text) ? text : cleaned(text, own, withoutTokens);

const withoutTokens = (text: string): string =>
  text
    .replace(pemShape, "[redacted]")
    .replace(jwtShape, (run) => (beginsJson(run) ? "[redacted]" : run))
    .replace(handleShape, "[redacted]")
    .replace(sessionTokenShape, "[redacted]");

/**
 * Whether a run of base64url spells the beginning of a JSON object. A word may begin like a JWT (`ewok-translator`) and
 * not spell one.
 */
const beginsJson = (run: string): boolean =>
  /^\{[\t\n\r ]*(?:"|$)/.test(Buffer.from(run.slice(0, 12), "base64url").toString("latin1"));

const lastRun = /(?<![A-Za-z0-9+/_=.%-])[A-Za-z0-9+/_=.%-]+$/;

function cleaned(text: string, own: Own, clean: (part: string) => string): string {
  // cut before and after: the first bounds the work, and the second removes a token that the first cut in half
  const most = 8 * textCharacters;
  // a secret that the first cut in half no longer has its shape: of the run in which it cuts, nothing stays
  const bounded = text.length > most ? text.slice(0, most).replace(lastRun, "…") : text;
  const result = own.has(bounded) ? bounded : around(bounded, own, clean);
  return (result.length > textCharacters ? `${result.slice(0, textCharacters)}…` : result).toWellFormed();
}

/** Cleans the text between our own values. Most texts contain none. */
function around(text: string, own: Own, clean: (part: string) => string): string {
  const whole = clean(text);
  const kept = [...own].filter((value) => text.includes(value));
  if (whole === text || kept.length === 0) return whole;
  // a value stands alone: one that is only the beginning of something longer is not ours
  const any = kept.sort((a, b) => b.length - a.length).map((value) => value.replace(/[^A-Za-z0-9_]/g, "\\$&"));
  const alone = new RegExp(`(?<![A-Za-z0-9_-])(${any.join("|")})(?![A-Za-z0-9_+/=-]|\\.[A-Za-z0-9_-])`, "g");
  return text
    .split(alone)
    .map((part, i) => (i % 2 === 1 ? part : clean(part)))
    .join("");
}

/**
 * As {@link redactText} for the target that an operator or agent named: a build or key is named by its digest, which is
 * no secret.
 */
export const redactTarget = (target: string, own: Own = nothing): string =>
  /^(build|key|function):/.test(target) ? redactTokens(target, own) : redactText(target, own);

/**
 * Copies plain data with every text redacted and every dimension bounded.
 * @param value JSON-like data
 * @param redact applied to each text
 * @param bounds `entries`: most entries of a list or members of an object
 */
export function redactAll(
  value: unknown,
  redact: (text: string) => string,
  { entries = listEntries, depth = 0 }: { readonly entries?: number; readonly depth?: number } = {},
): unknown {
  const below = { entries, depth: depth + 1 };
  if (typeof value === "string") return redact(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= nesting) return "[too deep]";
  if (Array.isArray(value)) return value.slice(0, entries).map((v) => redactAll(v, redact, below));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, entries)
      .map(([name, v]) => [redact(name), redactAll(v, redact, below)]),
  );
}
