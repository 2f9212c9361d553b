/** What the model knows of how much is enough: buckets of a second, and what a tree may grow by in a quarter of an hour. */
import type { AgentName, Growth, Span, State } from "./state.ts";

/** What the model cannot know by itself of one request. */
export interface Context {
  /** Whether nothing happened beside it; two that meet may be decided twice. */
  readonly alone: boolean;
  /** Whether it was granted; only where a count is uncertain does the model go by that. */
  readonly granted: boolean;
  /** Whether two spend at once. */
  readonly contested: boolean;
  /** Bytes of the session or offer stored for it, which is the service's encoding and nobody's promise. */
  readonly rowBytes?: number;
}

/** Signatures a second of those who may cause fewer than fifty, and of everyone's right to end. */
export const signaturesPerSecond = (agent: AgentName): number => (agent === "researcher" ? 15 : 50);
const endingsPerSecond = 20;
const quarterSeconds = 900;
/** Children of trees that these agents open; nobody else opens any that grow. */
export const childrenOf: Partial<Record<AgentName, number>> = { planner: 3, researcher: 2, triage: 1 };
/** The stage asks the store for this share of the bytes that the service allows: no program writes as much. */
export const bytesShare = 1 / 3_000;
const treeBytes = 32_000_000 * bytesShare;
/** No row of a program is larger, so that a tree with so much room refuses none for its size. */
const largestRowBytes = 2_500;
/** An offer takes room for itself, for being redeemed, and for its child, which is no larger than this. */
const withChild = (offerBytes: number): number => 2 * offerBytes + 1_152;

const exactly = (count: number): Span => ({ least: count, most: count });
const plus = (a: Span, b: Span): Span => ({ least: a.least + b.least, most: a.most + b.most });
/** What granted proves: that the count was still within. */
const within = ({ least, most }: Span, bound: number): Span => ({ least, most: Math.min(most, bound) });

/**
 * Takes from an agent's bucket of this second, as many as `count` says; refused takings count too.
 * @returns whether the bucket lets the request through
 */
export function take(
  state: State,
  bucket: "issue" | "end",
  agent: AgentName,
  count: Span,
  { granted }: Context,
): boolean {
  const perSecond = bucket === "issue" ? signaturesPerSecond(agent) : endingsPerSecond;
  const key = `${bucket} ${agent}`;
  const held = state.taken[key];
  const now = plus(held?.atSeconds === state.nowSeconds ? held : exactly(0), count);
  state.taken[key] = { atSeconds: state.nowSeconds, ...now };
  return (granted ? now.least : now.most) <= perSecond;
}

/** How often a token request takes: once, but again where the registry, or another request, made the decision start over. */
export function takesOf(state: State, { alone }: Context): Span {
  const again = state.newRegistry ? 1 : 0;
  if (alone) state.newRegistry = false;
  return { least: 1, most: (alone ? 1 : 2) + again };
}

/**
 * Counts a hop's child, or an offer with the child it may become, into the tree whose root is `root`.
 * @returns whether the tree has room for it; a tree without room stays as it was
 */
export function grow(state: State, root: number, what: "child" | "offer", context: Context): boolean {
  const quarter = Math.floor(state.nowSeconds / quarterSeconds);
  const most = childrenOf[state.sessions[root]?.agent ?? "planner"] ?? 1_000;
  const held = growthOf(state, root, quarter);
  const stored = context.rowBytes;
  const counted = plus(held.children, exactly(1));
  const row = stored ?? largestRowBytes;
  const bytes = plus(held.bytes, exactly(what === "offer" ? withChild(row) : row));
  const room =
    stored === undefined
      ? counted.most <= most && bytes.most <= treeBytes
      : counted.least <= most && bytes.least <= treeBytes;
  if (room)
    state.trees[root] = {
      ...held,
      children: within(counted, most),
      bytes: within(bytes, treeBytes),
    };
  return room;
}

/** Something may have been counted of which nothing came, because something overtook it. */
export function growInVain(state: State, root: number, what: "child" | "offer"): void {
  const held = growthOf(state, root, Math.floor(state.nowSeconds / quarterSeconds));
  const children = plus(held.children, { least: 0, most: 1 });
  const bytes = plus(held.bytes, {
    least: 0,
    most: what === "offer" ? withChild(largestRowBytes) : largestRowBytes,
  });
  state.trees[root] = { ...held, children, bytes };
}

function growthOf(state: State, root: number, quarter: number): Growth {
  const held = state.trees[root];
  return held?.quarter === quarter ? held : { quarter, children: exactly(0), bytes: exactly(0) };
}
