import { type HeldTool, heldToolKinds } from "../../../../core/model/agent-registration.ts";
import { Usage } from "../../terminal/outcome.ts";
import { type FoundAgent, heldTool, type Inventory, listOf, type Members, membersOf } from "./found.ts";

/** Whether a document is a BOM of CycloneDX. */
export const isCycloneDx = (file: unknown): boolean => membersOf(file).bomFormat === "CycloneDX";

/** Properties by which a component says what it is: ours, and agent-bom's. */
const kindProperties = ["lanyard:kind", "agent-bom:type"];
const agentKinds = ["agent", "ai-agent"];

/** Most components that are looked at. */
const componentsMost = 100_000;

/**
 * Reads agents and what they work with out of a BOM of CycloneDX 1.6 or later. A component says what it is by the
 * property `lanyard:kind` (`agent`, `mcp-server`, `skill`, `plugin`, `script`) or agent-bom's `agent-bom:type`; whose it
 * is, by `dependencies`, or by standing inside the agent's component. A SHA-256 in `hashes` is taken as its digest, but
 * for MCP servers, whose digest is of their tools and not of their code.
 * @throws Usage for an earlier version, or a BOM that is too long
 */
export function readCycloneDx(file: unknown): Inventory {
  const { specVersion, components, dependencies, metadata } = membersOf(file);
  const [, major = "0", minor = "0"] = /^(\d{1,4})\.(\d{1,4})$/.exec(String(specVersion)) ?? [];
  if (!(Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 6)))
    throw new Usage(`CycloneDX ${String(specVersion).slice(0, 20)} is not read; write 1.6 or later`);
  const all = [
    ...listOf([membersOf(metadata).component]).map((component): Placed => ({ component })),
    ...flattened(listOf(components)),
  ];
  if (all.length > componentsMost) throw new Usage(`the BOM has more than ${componentsMost} components`);
  const refs = new Map(all.map(({ component }) => [component["bom-ref"], component]));
  const needs = new Map(listOf(dependencies).map(({ ref, dependsOn }) => [ref, dependsOn]));
  const placed = new Set<Members>();
  const agents = all
    .filter(({ component }) => kindOf(component) === "agent")
    .map(({ component: agent }): FoundAgent => {
      const below = needs.get(agent["bom-ref"]);
      const linked = (Array.isArray(below) ? below : []).flatMap((ref: unknown) => {
        const component = refs.get(ref);
        return component ? [component] : [];
      });
      const inside = all.filter(({ inside: holder }) => holder === agent).map(({ component }) => component);
      const tools = [...new Set([...linked, ...inside])].flatMap((component) => {
        const tool = toolOf(component);
        if (tool) placed.add(component);
        return tool ?? [];
      });
      return { name: String(agent.name ?? ""), tools };
    });
  const unplaced = all.filter(({ component }) => isTool(kindOf(component)) && !placed.has(component));
  return { agents, unplaced: unplaced.map(({ component }) => `${kindOf(component)} ${String(component.name)}`) };
}

interface Placed {
  readonly component: Members;
  readonly inside?: Members;
}

/** Components and those inside them, without recursion: how deep they nest is what the file says. */
function flattened(components: readonly Members[]): readonly Placed[] {
  const found: Placed[] = [];
  const left: Placed[] = components.map((component) => ({ component })).toReversed();
  for (let next = left.pop(); next && found.length <= componentsMost; next = left.pop()) {
    const { component } = next;
    found.push(next);
    const inside = kindOf(component) === "agent" ? component : next.inside;
    for (const inner of listOf(component.components).toReversed())
      left.push({ component: inner, ...(inside ? { inside } : {}) });
  }
  return found;
}

function kindOf({ properties }: Members): string | undefined {
  const said = listOf(properties).find(({ name }) => kindProperties.includes(String(name)))?.value;
  return agentKinds.includes(String(said)) ? "agent" : typeof said === "string" ? said : undefined;
}

const isTool = (kind: string | undefined): kind is HeldTool["kind"] => heldToolKinds.some((one) => one === kind);

function toolOf(component: Members): HeldTool | undefined {
  const kind = kindOf(component);
  if (!isTool(kind)) return undefined;
  const { name, version, hashes } = component;
  const sha256 = listOf(hashes).find(({ alg }) => alg === "SHA-256")?.content;
  return heldTool(kind, { name, version, ...(kind === "mcp-server" ? {} : { sha256 }) });
}
