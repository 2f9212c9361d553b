import type { ListedTool } from "./declaration.ts";
import { type NamedDigest, toolDigest } from "./digest.ts";

/** A tool as it is pinned: the declarations at which it may be served; any when there are none. */
export interface ToolPin {
  readonly name: string;
  readonly digests?: readonly string[];
}

/** How what a server lists differs from what is pinned, for one tool. */
export type ToolDifference =
  | { readonly kind: "changed"; readonly name: string; readonly digest: string; readonly pinned: readonly string[] }
  | { readonly kind: "new"; readonly name: string; readonly digest: string }
  /** Declared as before under another name. It is refused like a new one: its name is what policies are about. */
  | { readonly kind: "renamed"; readonly name: string; readonly digest: string; readonly from: string }
  | { readonly kind: "gone"; readonly name: string };

/** Pairs of a new and a missing tool that are compared to find one that was renamed. */
const pairsMost = 10_000;

/**
 * What is different between pins and what a server lists. A tool that is pinned without digests is never `changed`.
 * @param served with declarations, so that a renamed tool is found
 * @returns the differences, first by what was listed, then what is gone; empty when every tool listed is as pinned
 */
export async function toolDifferences(
  pins: readonly ToolPin[],
  served: readonly (NamedDigest & { readonly tool: ListedTool })[],
): Promise<readonly ToolDifference[]> {
  const pinned = new Map(pins.map((pin) => [pin.name, pin]));
  const listed = new Set(served.map(({ name }) => name));
  const gone = pins.filter(({ name }) => !listed.has(name));
  const added = served.filter(({ name }) => !pinned.has(name));
  const former = gone.length * added.length <= pairsMost ? gone : [];
  const found: ToolDifference[] = [];
  for (const { name, digest, tool } of served) {
    const pin = pinned.get(name);
    if (!pin) {
      const from = await formerName(tool, former);
      found.push(from === undefined ? { kind: "new", name, digest } : { kind: "renamed", name, digest, from });
    } else if (pin.digests && !pin.digests.includes(digest))
      found.push({ kind: "changed", name, digest, pinned: pin.digests });
  }
  return [...found, ...gone.map(({ name }): ToolDifference => ({ kind: "gone", name }))];
}

/** The pinned name under which this very declaration has a pinned digest. */
export async function formerName(tool: ListedTool, former: readonly ToolPin[]): Promise<string | undefined> {
  for (const { name, digests = [] } of former) {
    const digest = await toolDigest({ ...tool, name });
    if (digest.ok && digests.includes(digest.value)) return name;
  }
  return undefined;
}
