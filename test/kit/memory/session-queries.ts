import type { SessionQueries, TreeRow } from "../../../core/admin/read/session-queries.ts";
import { loginEpochs } from "../../../core/model/login.ts";
import { currentAgent, type Session } from "../../../core/model/session.ts";
import { subjects } from "../../../core/model/subjects.ts";
import type { MemoryStore } from "./store.ts";

const hung = (session: Session): readonly string[] => [
  subjects.agent(currentAgent(session)),
  subjects.principal(session.principal.id),
  ...(session.build === undefined ? [] : [subjects.build(session.build)]),
  ...(session.login ? loginEpochs(session.login) : []),
];

const keyOf = (end: number, root: string, sid: string) => `${String(end).padStart(10, "0")}#${root}#${sid}`;

/**
 * Operators' queries over the store in memory; `former` holds the places that renewals left behind, by subject.
 */
export function memoryQueries(store: MemoryStore, former: readonly { subject: string; place: string }[] = []) {
  const asked: string[] = [];
  const queries: SessionQueries = {
    readLiveness: (query) => store.readLiveness(query),
    async places(subject, after, limit) {
      asked.push(subject);
      const mark =
        "sid" in after
          ? keyOf(after.endSeconds, after.root, after.sid)
          : `${String(after.endSeconds).padStart(10, "0")}~`;
      const own = [...store.sessions.values()]
        .filter((session) => hung(session).includes(subject))
        .map(({ root, sid, expiresAtSeconds }) => keyOf(expiresAtSeconds, root, sid));
      const left = former.filter((each) => each.subject === subject).map(({ place }) => place);
      return [...own, ...left]
        .sort()
        .filter((key) => key > mark)
        .slice(0, limit)
        .map((key) => {
          const [end, root = "", sid = ""] = key.split("#");
          return { root, sid, endSeconds: Number(end) };
        });
    },
    async sessions(places) {
      const once = new Set(places.map(({ root, sid }) => `${root} ${sid}`));
      return [...once].flatMap((key) => structuredClone(store.sessions.get(key)) ?? []);
    },
    async vends({ root, sid }, most) {
      const all = [...store.vends.values()].filter(
        (one) => one.root === root && (sid === undefined || one.sid === sid),
      );
      const key = (one: (typeof all)[number]) => `${one.sid}#${one.role}`;
      return structuredClone(all.sort((a, b) => (key(a) < key(b) ? -1 : 1)).slice(0, most));
    },
    async rootOf(sid) {
      return (await store.findSession(sid))?.root;
    },
    async usesLeft(names) {
      return new Map(
        names.flatMap((name) => (store.counters.has(name) ? [[name, store.counters.get(name) ?? 0]] : [])),
      );
    },
    async tree(root, after, limit) {
      const rows: { key: string; row: TreeRow }[] = [
        ...[...store.sessions.values()].map((s) => ({
          root: s.root,
          key: s.sid,
          row: { kind: "session", session: s } as const,
        })),
        ...[...store.offers.values()].map((o) => ({
          root: o.root,
          key: `~offer#${o.handleHash}`,
          row: { kind: "offer", offer: o } as const,
        })),
        ...[...store.handles.values()].map((h) => ({
          root: h.root,
          key: `~access#${h.handleHash}`,
          row: { kind: "handle", handle: h } as const,
        })),
      ].filter((each) => each.root === root);
      const left = rows
        .sort((a, b) => (a.key < b.key ? -1 : 1))
        .filter(({ key }) => after === undefined || key > after);
      const page = left.slice(0, limit);
      const last = page.at(-1);
      return {
        rows: structuredClone(page.map(({ row }) => row)),
        ...(left.length > limit && last ? { next: last.key } : {}),
      };
    },
  };
  return { queries, asked };
}
