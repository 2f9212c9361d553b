import { limits } from "../../core/model/limits.ts";
import { canonicalOf, readListed } from "../../core/tools/declaration.ts";
import type { LanyardAgent } from "../agent/agent.ts";
import { malformed } from "./tool-call.ts";

/**
 * How it stands with a tool that was told of. `pinned`: it is served as somebody looked at it, or is not pinned.
 * `unasked`: the registry names nobody to ask. `asked`, `approved`, `refused`: what people were asked about it, and said.
 */
export interface ToldTool {
  readonly state: "pinned" | "unasked" | "asked" | "approved" | "refused";
  /** `tc_…` of what people are asked: a name, and no secret. */
  readonly approval?: string;
}

/** Tells the deployment how the tools of one server are declared now, so that people see a change and answer it. */
export interface Telling {
  /**
   * @param definition one item of `tools` of `tools/list`
   * @param former the declaration before it, where it is at hand and its digest is a pinned one: people see both
   * @throws LanyardError `access_refused` for a server that this agent neither serves nor fronts, and where its changes
   * have no place
   */
  tell(definition: unknown, former?: unknown): Promise<ToldTool>;
  /** The same in passing: once for each declaration, and without a failure, after which it is told again. */
  mention(definition: unknown): void;
  /** Keeps a declaration that is served as it is pinned, so that people see what of it changes one day. */
  seen(name: string, definition: unknown): void;
}

const states: readonly unknown[] = ["pinned", "unasked", "asked", "approved", "refused"];
/** Declarations that were told of and are remembered: more than a server lists. */
const mostKnown = 2_000;
/** Tools whose pinned declaration is kept: as many as a resource may declare. */
const mostSeen = limits.toolsOfResource;

/** Makes it for one resource, by the agent that serves or fronts it. */
export function createTelling(agent: Pick<LanyardAgent, "decide">, resource: string): Telling {
  const known = new Set<string>();
  const former = new Map<string, unknown>();
  const tell = async (definition: unknown, before?: unknown): Promise<ToldTool> => {
    const body = { server: resource, definition, ...(before === undefined ? {} : { former: before }) };
    const { state, approval } = await agent.decide("changes", body);
    if (!isState(state) || (approval !== undefined && typeof approval !== "string"))
      throw malformed("no state of a tool");
    return { state, ...(approval === undefined ? {} : { approval }) };
  };
  return {
    tell,
    mention(definition) {
      const listed = readListed(definition);
      const text = listed.ok ? canonicalOf(listed.value) : listed;
      // what has no digest is refused, and nobody could be shown it
      if (!text.ok || known.has(text.value)) return;
      if (known.size >= mostKnown) known.clear();
      known.add(text.value);
      const before = listed.ok ? former.get(listed.value.name) : undefined;
      // what was pinned when it was seen need not be any more: then people see the new one alone
      tell(definition, before)
        .catch(() => (before === undefined ? Promise.reject() : tell(definition)))
        .catch(() => known.delete(text.value));
    },
    seen(name, definition) {
      if (former.size < mostSeen || former.has(name)) former.set(name, definition);
    },
  };
}

const isState = (state: unknown): state is ToldTool["state"] => states.includes(state);
