import { plain } from "../terminal/plain.ts";
import { short } from "../terminal/words.ts";
import type { Session } from "./shapes.ts";
import { scopesOf, stateOf } from "./words.ts";

/** Sessions of one tree as lines, each below its parent. One whose parent is not among them is at the top. */
export function treeLines(sessions: readonly Session[], nowSeconds: number): readonly string[] {
  const known = new Set(sessions.map(({ sid }) => sid));
  const children = Map.groupBy(sessions, ({ parent }) => (parent !== undefined && known.has(parent) ? parent : ""));
  const below = (sid: string, indent: string): readonly string[] => {
    const of = [...(children.get(sid) ?? [])].sort((a, b) => a.createdAtSeconds - b.createdAtSeconds);
    return of.flatMap((session, at) => {
      const last = at === of.length - 1;
      return [
        `${indent}${last ? "└─ " : "├─ "}${label(session, nowSeconds)}`,
        ...below(session.sid, `${indent}${last ? "   " : "│  "}`),
      ];
    });
  };
  return (children.get("") ?? []).flatMap((root) => [
    `${label(root, nowSeconds)}  for ${root.principal.kind} ${short(root.principal.id)}`,
    ...below(root.sid, ""),
  ]);
}

const label = (session: Session, nowSeconds: number): string =>
  plain(`${session.sid}  ${short(session.agent)}  ${scopesOf(session)}  ${stateOf(session, nowSeconds)}`);
