import { createHash } from "node:crypto";
import { subjects } from "./subjects.ts";

/**
 * The login that a person's document comes from, for ONE agent, by every name the login has. The names are keys of
 * liveness subjects. With a refresh token a document can be renewed at any time (OpenID Connect Core 12.2: a new `jti`,
 * the same `auth_time`). A revoked root therefore denylists the login and not the document alone (threat 32).
 */
export interface Login {
  /** Hash of issuer, subject, agent and `auth_time`, where the document says when the person signed in. */
  readonly at?: string;
  /** Hash of issuer, subject, agent and the provider's own session (`sid`), where the document names it. */
  readonly sid?: string;
  /** Hash of what names the document itself. */
  readonly document: string;
  /** Hash of issuer, subject and agent. It stands for any login of this person with this agent. */
  readonly any: string;
}

/** Keys of a login that are denylisted or cleared: all of them, or those that other documents share. */
export type LoginKeys = Pick<Login, "at" | "sid" | "any"> & { readonly document?: string };

/** What a login's keys are made from. */
interface LoginNames {
  readonly issuer: string;
  readonly subject: string;
  readonly agent: string;
  readonly authTimeSeconds?: number;
  readonly sid?: string;
  /** The document's own name: its `jti`, or a hash of what was signed. */
  readonly document: string;
}

const prefix = subjects.login("");

/** Whether a liveness subject is a login's. */
export const isLogin = (subject: string): boolean => subject.startsWith(prefix);

/** How a token of ours names a login. */
export const loginName = (subject: string): string => subject.slice(prefix.length);

/** Characters of a login's name: 132 bits of SHA-256. */
export const loginNameCharacters = 22;

/** Each part is preceded by its length. Otherwise ("a", "bc") would have the same hash as ("ab", "c"). */
function subjectOf(...parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of ["login", ...parts]) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return subjects.login(hash.digest("base64url").slice(0, loginNameCharacters));
}

/** The login of a person's document that an agent showed. */
export function loginOf({ issuer, subject, agent, authTimeSeconds, sid, document }: LoginNames): Login {
  const of = (kind: string, name: string) => subjectOf(kind, issuer, subject, agent, name);
  return {
    ...(authTimeSeconds === undefined ? {} : { at: of("auth_time", String(authTimeSeconds)) }),
    ...(sid === undefined ? {} : { sid: of("sid", sid) }),
    document: of("document", document),
    any: of("any", ""),
  };
}

/** Whether the document says neither when nor by which session of its provider the person signed in. */
export const isUnnamed = ({ at, sid }: Login): boolean => at === undefined && sid === undefined;

/**
 * Subjects a root is issued under, so that it ends with its login: one for each name the document gives. Where the
 * document gives none, the root ends with any login of this person with this agent, since it may be that one.
 */
export const loginEpochs = ({ at, sid, any }: Login): readonly string[] =>
  at === undefined && sid === undefined ? [any] : [at, sid].filter((name) => name !== undefined);

/** Subjects to be read before a document of this login opens anything. */
export const loginReads = (login: Login): readonly string[] => [login.document, ...loginEpochs(login)];

/** The logins among what a session was issued under. */
export const loginsOf = (epochs: Readonly<Record<string, number>>): readonly string[] =>
  Object.keys(epochs).filter(isLogin);

/** A row that a denylisting writes: whether it ends what was issued under it, and the exact names that it denylists. */
interface DenylistRow {
  readonly subject: string;
  readonly raise: boolean;
  readonly names: readonly string[];
}

/**
 * Rows of one denylisting or of lifting one, each once even where logins share a name. Every exact name has its own
 * row, and all of them are listed in the row of "any login of this person with this agent". Nothing is issued under a
 * document's row.
 */
export function denylistRows(logins: readonly LoginKeys[]): readonly DenylistRow[] {
  const rows = new Map<string, { raise: boolean; names: Set<string> }>();
  const add = (subject: string, raise: boolean, names: readonly string[]) => {
    const row = rows.get(subject) ?? { raise, names: new Set() };
    rows.set(subject, row);
    for (const name of names) row.names.add(loginName(name));
  };
  for (const { at, sid, document, any } of logins) {
    const exact = [at, sid].filter((name) => name !== undefined);
    for (const name of exact) add(name, true, [name]);
    if (document !== undefined) add(document, false, [document]);
    add(any, true, exact.length > 0 || document === undefined ? exact : [document]);
  }
  return [...rows].map(([subject, { raise, names }]) => ({ subject, raise, names: [...names] }));
}

/** By which of its names a login is denylisted. */
type DenylistedBy = "document" | "auth_time" | "sid" | "unnamed";

/**
 * Whether a document's login is denylisted. A provider may keep a `sid` after the person signed in again (Keycloak
 * does), so a denylisted `sid` does not count against an `auth_time` that is later than the denylisting. A document
 * that names no login may belong to any login, so it is refused while one of them is denylisted.
 */
export function denylistedBy(
  login: Login,
  authTimeSeconds: number | undefined,
  { epochs }: { readonly epochs: ReadonlyMap<string, { readonly denylistedAtSeconds?: number }> },
): DenylistedBy | undefined {
  const at = (subject: string | undefined) =>
    subject === undefined ? undefined : epochs.get(subject)?.denylistedAtSeconds;
  if (at(login.document) !== undefined) return "document";
  if (at(login.at) !== undefined) return "auth_time";
  const sidAt = at(login.sid);
  if (sidAt !== undefined && !(authTimeSeconds !== undefined && authTimeSeconds > sidAt)) return "sid";
  return isUnnamed(login) && at(login.any) !== undefined ? "unnamed" : undefined;
}
