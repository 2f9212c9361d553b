import { plain } from "../terminal/plain.ts";
import { short } from "../terminal/words.ts";
import type { Session } from "./shapes.ts";
import { givenLines, scopesOf, stateOf } from "./words.ts";

/** Sessions of one tree as lines, each below its parent. One whose parent is not among them is at the top. */
export function treeLines(sessions: readonly Session[], nowSeconds: number): readonly string[] {
  const known = new Set(sessions.map(({ sid }) => sid));
  const children = Map.groupBy(sessions, ({ parent }) => (parent !== undefined && known.has(parent) ? parent : ""));
  const below = (sid: string, indent: string): readonly string[] => {
    const of = [...(children.get(sid) ?? [])].sort((a, b) => a.createdAtSeconds - b.createdAtSeconds);
    return of.flatMap((session, at) => {
      const last = at === of.length - 1;
      const inner = `${indent}${last ? "   " : "│  "}`;
      return [
        `${indent}${last ? "└─ " : "├─ "}${label(session, nowSeconds)}`,
        ...given(session, inner),
        ...below(session.sid, inner),
      ];
    });
  };
  const given = (session: Session, indent: string): readonly string[] => {
    const mark = children.has(session.sid) ? "│" : " ";
    return givenLines(session, nowSeconds).map((line) => plain(`${indent}${mark}  at AWS: ${line}`));
  };
  return (children.get("") ?? []).flatMap((root) => [
    `${label(root, nowSeconds)}  for ${root.principal.kind} ${short(root.principal.id)}`,
    ...given(root, ""),
    ...below(root.sid, ""),
  ]);
}

const label = (session: Session, nowSeconds: number): string =>
  plain(`${session.sid}  ${short(session.agent)}  ${scopesOf(session)}  ${stateOf(session, nowSeconds)}`);
