import { heldTool, type Inventory, listOf, type Members, membersOf } from "./found.ts";

/** Whether a document is what agent-bom writes as JSON (`document_type: AI-BOM`, schema 1.x). */
export const isAgentBom = (file: unknown): boolean => {
  const { document_type: type, ai_bom_version: version, agents } = membersOf(file);
  return (type === "AI-BOM" || typeof version === "string") && Array.isArray(agents);
};

/**
 * Reads agents and their MCP servers out of a report of agent-bom. A server's version is that of the one package it is
 * run from, where it is one. Its fingerprints are of its own making and cover no schemas, so they are no digests of ours:
 * `tools pin` makes those.
 */
export function readAgentBom(file: unknown): Inventory {
  const agents = listOf(membersOf(file).agents).map((agent) => ({
    name: String(agent.name ?? ""),
    tools: listOf(agent.mcp_servers).flatMap((server) => heldTool("mcp-server", serverOf(server)) ?? []),
  }));
  const unfit = listOf(membersOf(file).agents).flatMap((agent) =>
    listOf(agent.mcp_servers).flatMap((server) =>
      heldTool("mcp-server", serverOf(server)) ? [] : [`an MCP server of ${String(agent.name)}`],
    ),
  );
  return { agents, unplaced: unfit };
}

function serverOf({ name, packages }: Members): { readonly name: unknown; readonly version?: unknown } {
  const direct = listOf(packages).filter((one) => one.is_direct !== false && one.parent_package == null);
  return direct.length === 1 ? { name, version: direct[0]?.version } : { name };
}
