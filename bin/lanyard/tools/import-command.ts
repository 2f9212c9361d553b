import type { HeldTool } from "../../../core/model/agent-registration.ts";
import { limits } from "../../../core/model/limits.ts";
import { findRegistration, setItems } from "../registry/edit.ts";
import { type Proposal, proposed } from "../registry/propose.ts";
import { Refused, type Terminal, Usage } from "../terminal/outcome.ts";
import { plain } from "../terminal/plain.ts";
import { readJsonFile } from "./declarations.ts";
import { isAgentBom, readAgentBom } from "./inventory/agent-bom.ts";
import { isCycloneDx, readCycloneDx } from "./inventory/cyclonedx.ts";
import type { FoundAgent, Inventory } from "./inventory/found.ts";

/** Options of `tools import`. */
export interface ImportOptions {
  readonly registry: string;
  /** `found=registered`, each. */
  readonly as: readonly string[];
  readonly write?: boolean;
  readonly json?: boolean;
}

/**
 * `tools import`: what an inventory found agents to work with, as a change of their registrations. It adds and brings up
 * to date; what the inventory did not find stays, since a scan of one machine does not see another.
 * @throws Usage, Refused
 */
export async function runImport(path: string, options: ImportOptions, terminal: Terminal): Promise<void> {
  const { agents, unplaced } = inventoryIn(await readJsonFile(path), path);
  const all = together(agents, registeredNames(options.as));
  const proposals = new Map<string, Proposal>();
  for (const [agent, tools] of all) {
    const proposal = await proposalFor(agent, tools, options.registry);
    if (proposal) proposals.set(agent, proposal);
  }
  const unknown = [...all.keys()].filter((agent) => !proposals.has(agent));
  // made anew, one by one: two agents may stand in one file
  if (options.write)
    for (const agent of proposals.keys())
      await (await proposalFor(agent, all.get(agent) ?? [], options.registry))?.write();
  const facts = { agents: [...proposals.keys()], unknown, unplaced };
  const diff = [...proposals.values()].flatMap((proposal) => proposal.diff);
  if (options.json)
    return terminal.out(JSON.stringify({ ok: true, ...facts, diff: diff.join("\n"), written: options.write === true }));
  for (const name of unknown)
    terminal.err(plain(`${name}: no agent is registered so; say which one it is by --as ${name}=<name>`));
  for (const what of unplaced) terminal.err(plain(`${what}: the file does not say whose it is, or its name is unfit`));
  for (const line of diff) terminal.out(plain(line));
}

function inventoryIn(file: unknown, path: string): Inventory {
  if (isCycloneDx(file)) return readCycloneDx(file);
  if (isAgentBom(file)) return readAgentBom(file);
  throw new Usage(`${path} is neither a BOM of CycloneDX nor a report of agent-bom, as JSON`);
}

function registeredNames(options: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    options.map((option) => {
      const at = option.lastIndexOf("=");
      if (at < 1 || at === option.length - 1) throw new Usage(`--as is <found>=<name>, not ${JSON.stringify(option)}`);
      return [option.slice(0, at), option.slice(at + 1)];
    }),
  );
}

/** Tools by registered agent: several found ones may be one, on several machines. With `--as`, only those named. */
function together(
  found: readonly FoundAgent[],
  names: ReadonlyMap<string, string>,
): ReadonlyMap<string, readonly HeldTool[]> {
  const wanted = names.size === 0 ? found : found.filter(({ name }) => names.has(name));
  const grouped = Map.groupBy(wanted, ({ name }) => names.get(name) ?? name);
  return new Map([...grouped].map(([name, all]) => [name, all.flatMap(({ tools }) => tools)]));
}

async function proposalFor(agent: string, found: readonly HeldTool[], registry: string): Promise<Proposal | undefined> {
  const written = await findRegistration(registry, "agent", agent).catch((cause: unknown) => {
    if (cause instanceof Usage && /no registration/.test(cause.message)) return undefined;
    throw cause;
  });
  if (!written) return undefined;
  const { tools: held = [] } = written.map.toJSON() as { readonly tools?: readonly HeldTool[] };
  const tools = merged(held, found);
  if (tools.length > limits.toolsOfAgent)
    throw new Refused(`${agent} would have ${tools.length} tools; at most ${limits.toolsOfAgent}`);
  const differing = tools.flatMap((tool, at): readonly (readonly [number, string])[] =>
    JSON.stringify(tool) === JSON.stringify(held[at]) ? [] : [[at, flow(tool)]],
  );
  const edits = setItems(written.text, written.map, { name: "tools", items: new Map(differing) });
  return proposed(registry, written, { edits, members: differing.length > 0 ? { tools } : {} });
}

/** By kind and name: what is found replaces version and digests, where it has any. */
function merged(held: readonly HeldTool[], found: readonly HeldTool[]): readonly HeldTool[] {
  const keyOf = ({ kind, name }: HeldTool) => JSON.stringify([kind, name]);
  const all = new Map(held.map((tool) => [keyOf(tool), tool]));
  const isNew = new Set<string>();
  for (const tool of found.map(escaped)) {
    const key = keyOf(tool);
    const old = all.get(key);
    // two machines with two versions: both digests may be
    const digests = isNew.has(key) ? [...(old?.digests ?? []), ...(tool.digests ?? [])] : tool.digests;
    const bounded = digests && [...new Set(digests)].slice(-limits.digestsOfTool);
    all.set(key, { ...old, ...tool, ...(bounded && bounded.length > 0 ? { digests: bounded } : {}) });
    isNew.add(key);
  }
  return [...all.values()];
}

/** A placeholder of the registry's folder must not come out of a name that somebody else chose. */
const escaped = (tool: HeldTool): HeldTool => ({
  ...tool,
  name: tool.name.replace(/(?<!\$)\$\{/g, "$$$${"),
  ...(tool.version === undefined ? {} : { version: tool.version.replace(/(?<!\$)\$\{/g, "$$$${") }),
});

/** One tool on one line; JSON's texts are YAML's. */
const flow = (tool: HeldTool): string =>
  `{ ${Object.entries(tool)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    .join(", ")} }`;
