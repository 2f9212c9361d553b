import type { Registration } from "../../../core/model/registry.ts";

/** One thing that one agent works with. */
export interface ToolUse {
  readonly agent: string;
  readonly state: string;
  /** `tool`: its registration allows a call of it; any other kind: its registration names it. */
  readonly kind: "tool" | "mcp-server" | "skill" | "plugin" | "script";
  readonly name: string;
  /** Name of the resource that serves it, as far as it is registered. */
  readonly server?: string;
  readonly version?: string;
  /** Digests at which it may be; none when it may be at any. */
  readonly digests: readonly string[];
}

/** Which uses are sought; what is left out does not matter. */
export interface SoughtUse {
  readonly agent?: string | undefined;
  /** A resource's name or URI, or a server's name. */
  readonly server?: string | undefined;
  /** Exact name of a tool, a skill, a plugin or a script. */
  readonly tool?: string | undefined;
  /** A version or a digest. */
  readonly at?: string | undefined;
}

/**
 * Which agents work with what, by their registrations: the tools of resources whose scopes they may hold, and what they
 * are registered with. What an agent *may* hold is the bound; policies and principals may give it less.
 */
export function usesOf(rows: readonly Registration[], sought: SoughtUse): readonly ToolUse[] {
  const resources = rows.filter((row) => row.kind === "resource");
  const nameOf = new Map(resources.map(({ uri, name }) => [uri, name]));
  const uses = rows.flatMap((row) => {
    if (row.kind !== "agent") return [];
    const { name: agent, state } = row;
    const held = (row.tools ?? []).map(({ kind, name, version, resource, digests = [] }): ToolUse => {
      const server = resource === undefined ? undefined : nameOf.get(resource);
      return {
        ...{ agent, state, kind, name, digests },
        ...(server === undefined ? {} : { server }),
        ...(version === undefined ? {} : { version }),
      };
    });
    const may = new Map(row.may.map(({ resource, scopes }) => [resource, new Set(scopes)]));
    const callable = resources.flatMap(({ uri, name: server, tools = [] }) =>
      tools
        .filter(({ scopes }) => scopes.every((scope) => may.get(uri)?.has(scope)))
        .map(({ name, digests = [] }): ToolUse => ({ agent, state, kind: "tool", name, server, digests })),
    );
    return [...callable, ...held];
  });
  const named = sought.server === undefined ? undefined : (nameOf.get(sought.server) ?? sought.server);
  return uses.filter(
    (use) =>
      (sought.agent === undefined || use.agent === sought.agent) &&
      (sought.tool === undefined || (use.kind !== "mcp-server" && use.name === sought.tool)) &&
      (named === undefined || use.server === named || (use.kind === "mcp-server" && use.name === named)) &&
      (sought.at === undefined || use.version === sought.at || use.digests.includes(sought.at)),
  );
}
