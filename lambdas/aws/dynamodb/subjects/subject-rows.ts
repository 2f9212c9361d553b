import { createHash } from "node:crypto";
import { limits } from "../../../../core/model/limits.ts";
import { isLogin, type Login, loginEpochs } from "../../../../core/model/login.ts";
import type { Session } from "../../../../core/model/session.ts";
import { subjects } from "../../../../core/model/subjects.ts";
import { members, optional, text } from "../codec.ts";
import type { Tables } from "../dynamo.ts";

/** A row stays this long after its session ended, as the session's own does. */
const keptSeconds = 86_400;

/** What of a session decides which rows it is found by. */
type FoundBy = Pick<Session, "root" | "sid" | "actors" | "principal" | "build" | "login" | "expiresAtSeconds">;

/** A login, as rows of Subjects and Sessions carry it. */
export const login = members<Login>({ at: optional(text), sid: optional(text), document: text, any: text });

/** Where a session of a subject stands in table Sessions. */
export interface SessionPlace {
  readonly root: string;
  readonly sid: string;
}

/**
 * Puts of the rows by which a session is found again: by its agent, its principal, its build, a root by its login, and
 * what is below a root by its own id. They belong into the transaction that stores the session, and again, with the new end, into one that moves
 * its end: a walk reads what has not ended yet, and a session it does not find stays good for offline verifiers.
 * @param session with the end the row is to carry
 */
export function subjectPuts(session: FoundBy, tables: Tables) {
  const { root, sid, build, login, actors, expiresAtSeconds } = session;
  const principal = shardedSubject(subjects.principal(session.principal.id), sid);
  const names = [
    shardedSubject(subjects.agent(actors[actors.length - 1] ?? ""), sid),
    principal,
    ...(build === undefined ? [] : [shardedSubject(subjects.build(build), sid)]),
    // a root's id is its tree's key already
    ...(sid === root ? [] : [subjectOfId(sid)]),
    // the tree hangs on its root, and a login has too few of them for more than one partition
    ...(login === undefined ? [] : loginEpochs(login).flatMap(shardsOf)),
  ];
  return names.map((subject) => ({
    Put: {
      TableName: tables.subjects,
      Item: {
        subject,
        session: sortKey(expiresAtSeconds, { root, sid }),
        expiresAt: expiresAtSeconds + keptSeconds,
        ...(login !== undefined && subject === principal ? { login } : {}),
      },
    },
  }));
}

/** Partition of a session known by its id alone. */
export const subjectOfId = (sid: string): string => `session:${sid}`;

/** All partitions of a liveness subject (`agent:<id>`, `principal:<id>`, `build:<digest>`, `login:<hash>`). */
export const shardsOf = (subject: string): readonly string[] =>
  Array.from({ length: isLogin(subject) ? 1 : limits.subjectShards }, (_, n) => `${subject}#${n}`);

/** Which of its subject's partitions a partition is, as text. */
export const numberOfShard = (partition: unknown): string => /#(\d+)$/.exec(String(partition))?.[1] ?? "";

/** Sort keys above this one belong to sessions that end after `nowSeconds`. */
export const endsAfter = (nowSeconds: number): string => `${padded(nowSeconds)}~`;

/** @throws on a sort key that is none of ours */
export function placeOf(key: unknown): SessionPlace {
  const [, root, sid] = /^\d{10}#([A-Za-z0-9_-]{1,64})#([A-Za-z0-9_-]{1,64})$/.exec(String(key)) ?? [];
  if (root === undefined || sid === undefined) throw new Error("a row of Subjects names no session");
  return { root, sid };
}

/** The end that stands in a sort key of ours. */
export const endOf = (key: unknown): number => Number(String(key).slice(0, 10));

/** Ends first, so that a walk starts at now and leaves out the many that TTL has not taken away yet. */
export const sortKey = (endSeconds: number, { root, sid }: SessionPlace): string =>
  `${padded(endSeconds)}#${root}#${sid}`;

const padded = (seconds: number): string => String(seconds).padStart(10, "0");

/** The same session always lands in the same shard: a repeated write must be byte-identical. */
function shardedSubject(subject: string, sid: string): string {
  const first = createHash("sha256").update(sid).digest()[0] ?? 0;
  return `${subject}#${first % limits.subjectShards}`;
}
