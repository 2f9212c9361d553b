import { parseBoundedJson } from "../../../core/text/json.ts";
import { unifiedDiff } from "../terminal/diff.ts";
import { plainLines } from "../tools/declarations.ts";
import type { ShownChange } from "./shapes.ts";

/** One line about a tool, for a list. */
export const happened = ({ change, tool, from }: Pick<ShownChange, "change" | "tool" | "from">): string =>
  change === "renamed" ? `tool ${tool}, was ${from}` : `tool ${tool}, ${change}`;

/**
 * A tool as people look at it before they answer: whose it is, what a call of it will take, and its declaration, as a
 * difference to the one that was pinned where who told of it still had that. Whatever is no printable ASCII is escaped:
 * a look-alike letter, or one that nobody sees, is an order to a model all the same.
 */
export function changeLines(one: ShownChange): readonly string[] {
  const { definition, former, pinned = [], scopes = [] } = one;
  return [
    `${happened(one)}`,
    `server     ${one.server}`,
    `told by    ${one.agent}`,
    `is at      ${one.toolDigest}`,
    ...pinned.map((digest) => `pinned at  ${digest}`),
    `a call of it needs ${scopes.join(" ") || "nothing"}`,
    ...(definition === undefined ? ["it is not shown: the registry asks something else by now"] : []),
    ...(definition !== undefined && former === undefined && pinned.length > 0
      ? ["who told of it did not have the pinned declaration: this is all of the new one"]
      : []),
    ...(definition === undefined ? [] : unifiedDiff(`tool ${one.tool}`, textOf(former), textOf(definition))),
  ];
}

/** Deeper than any declaration. */
const depth = 66;

function textOf(declaration: string | undefined): string {
  if (declaration === undefined) return "";
  const json = parseBoundedJson(declaration, depth);
  return plainLines(json.ok ? json.value : declaration).join("\n");
}
