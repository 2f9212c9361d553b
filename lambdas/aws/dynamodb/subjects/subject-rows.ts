import { createHash } from "node:crypto";
import { limits } from "../../../../core/model/limits.ts";
import { isLogin, type Login, loginEpochs } from "../../../../core/model/login.ts";
import type { Session } from "../../../../core/model/session.ts";
import { subjects } from "../../../../core/model/subjects.ts";
import { members, optional, text } from "../codec.ts";
import type { Tables } from "../dynamo.ts";

/** How long a row is kept after its session ended; as long as the session's own row. */
const keptSeconds = 86_400;

/** The members of a session that decide which rows find it. */
type FoundBy = Pick<
  Session,
  "root" | "sid" | "actors" | "principal" | "build" | "owner" | "login" | "expiresAtSeconds"
>;

/** A login, as rows of Subjects and Sessions carry it. */
export const login = members<Login>({ at: optional(text), sid: optional(text), document: text, any: text });

/** The place of a subject's session in table Sessions. */
export interface SessionPlace {
  readonly root: string;
  readonly sid: string;
}

/**
 * Puts of the rows that find a session: by its agent, its principal, its build and its owner, a root also by its login, and a
 * session below a root by its own id. They belong in the transaction that stores the session, and again, with the new
 * end, in one that moves its end. A walk reads only rows that have not ended yet, and a session it does not find stays
 * valid for offline verifiers.
 * @param session with the end that the rows will carry
 */
export function subjectPuts(session: FoundBy, tables: Tables) {
  const { root, sid, build, login, owner, actors, expiresAtSeconds } = session;
  const principal = shardedSubject(subjects.principal(session.principal.id), sid);
  const names = [
    shardedSubject(subjects.agent(actors[actors.length - 1] ?? ""), sid),
    principal,
    // who owns the agent and asks it too has one row, since a transaction takes a key once
    ...(owner === undefined || owner === session.principal.id ? [] : [shardedSubject(subjects.principal(owner), sid)]),
    ...(build === undefined ? [] : [shardedSubject(subjects.build(build), sid)]),
    // a root's id is the key of its tree already
    ...(sid === root ? [] : [subjectOfId(sid)]),
    // a login has few trees, each found by its root, but may have more than one partition can serve
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

/** Partition of the row that finds a session by its id alone. */
export const subjectOfId = (sid: string): string => `session:${sid}`;

/** All partitions of a liveness subject (`agent:<id>`, `principal:<id>`, `build:<digest>`, `login:<hash>`). */
export const shardsOf = (subject: string): readonly string[] =>
  Array.from({ length: isLogin(subject) ? 1 : limits.subjectShards }, (_, n) => `${subject}#${n}`);

/** The number of a partition among those of its subject, as text. */
export const numberOfShard = (partition: unknown): string => /#(\d+)$/.exec(String(partition))?.[1] ?? "";

/** Sort keys above this one belong to sessions that end after `nowSeconds`. */
export const endsAfter = (nowSeconds: number): string => `${padded(nowSeconds)}~`;

/** @throws on a sort key of another form */
export function placeOf(key: unknown): SessionPlace {
  const [, root, sid] = /^\d{10}#([A-Za-z0-9_-]{1,64})#([A-Za-z0-9_-]{1,64})$/.exec(String(key)) ?? [];
  if (root === undefined || sid === undefined) throw new Error("a row of Subjects names no session");
  return { root, sid };
}

/** The end in a sort key. */
export const endOf = (key: unknown): number => Number(String(key).slice(0, 10));

/**
 * The end comes first, so that a walk can start at the present and skip the many ended sessions whose rows are not
 * deleted yet.
 */
export const sortKey = (endSeconds: number, { root, sid }: SessionPlace): string =>
  `${padded(endSeconds)}#${root}#${sid}`;

const padded = (seconds: number): string => String(seconds).padStart(10, "0");

/** The same session is always in the same shard, since a repeated write must be identical byte for byte. */
function shardedSubject(subject: string, sid: string): string {
  const first = createHash("sha256").update(sid).digest()[0] ?? 0;
  return `${subject}#${first % limits.subjectShards}`;
}
