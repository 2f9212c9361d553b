import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import type { ToolSet } from "../../../core/tools/collect.ts";
import { type ToolDifference, type ToolPin, toolDifferences } from "../../../core/tools/difference.ts";
import { findRegistration, mapsOf, setMember, type WrittenRegistration } from "../registry/edit.ts";
import { type Proposal, proposed } from "../registry/propose.ts";
import { unifiedDiff } from "../terminal/diff.ts";
import { type Terminal, Told } from "../terminal/outcome.ts";
import { plain } from "../terminal/plain.ts";
import { declarationsText, digestsMost, listIn, plainLines, readJsonFile, readWhole } from "./declarations.ts";
import { openMcpList } from "./mcp-list.ts";

/** Options of `tools pin`. */
export interface PinOptions {
  /** Name of the resource that the server is. */
  readonly resource: string;
  /** Folder of the registry. */
  readonly registry: string;
  /** Environment variable with a token for the server. */
  readonly tokenEnv?: string;
  /** File with the declarations that were looked at last. */
  readonly declarations?: string;
  /** Keeps former digests, for a rollout. */
  readonly keep?: boolean;
  readonly write?: boolean;
  readonly check?: boolean;
  readonly json?: boolean;
}

/**
 * `tools pin`: reads a server's whole list, shows what is different from what is pinned, and proposes the pins as a
 * change of the registry's folder.
 * @param from address of an MCP server, or a file with its list
 * @throws Usage, Refused; Told for `--check` where anything differs
 */
export async function runPin(
  from: string,
  options: PinOptions,
  { terminal, token }: { readonly terminal: Terminal; readonly token?: string | undefined },
): Promise<void> {
  const list = /^https?:/i.test(from) ? await openMcpList({ url: from, token }) : listIn(await readJsonFile(from));
  const served = await readWhole(list);
  const written = await findRegistration(options.registry, "resource", options.resource);
  const pins = pinsOf(written);
  const differences = await toolDifferences(pins, served.tools);
  const proposal = pinned(written, served, options);
  const unpinned = pins.filter(({ name, digests }) => !digests && served.tools.some((tool) => tool.name === name));
  const { file, diff } = proposal;
  const facts = { resource: options.resource, digest: served.digest, differences, file, diff: diff.join("\n") };
  const texts = options.json ? [] : await textDifferences(served, options.declarations);
  if (options.write) await write(proposal, served, options);
  const differs = differences.length > 0 || unpinned.length > 0;
  const failing = options.check === true && differs;
  if (options.json) terminal.out(JSON.stringify({ ok: !failing, ...facts, written: options.write === true }));
  else for (const line of [...told(facts, served), ...texts, ...diff]) terminal.out(plain(line));
  if (failing) throw new Told("tools differ from their pins");
}

/** The tools that a registration declares, with their digests. */
const pinsOf = ({ map }: WrittenRegistration): readonly ToolPin[] =>
  mapsOf(map, "tools").map((tool) => {
    const { name, digests } = tool.toJSON() as { readonly name?: unknown; readonly digests?: unknown };
    return { name: String(name), ...(Array.isArray(digests) ? { digests: digests.map(String) } : {}) };
  });

/** The registration with the digests of the tools that it declares; what is new needs scopes first, which nobody can guess. */
function pinned(written: WrittenRegistration, served: ToolSet, { registry, keep }: PinOptions): Proposal {
  const now = new Map(served.tools.map(({ name, digest }) => [name, digest]));
  const edits = [];
  const tools = [];
  for (const map of mapsOf(written.map, "tools")) {
    const tool = map.toJSON() as { readonly name?: unknown; readonly digests?: readonly string[] };
    const digest = now.get(String(tool.name));
    const former = tool.digests ?? [];
    const digests = keep ? [...new Set([...former, digest])].slice(-digestsMost) : [digest];
    const stays = digest === undefined || JSON.stringify(digests) === JSON.stringify(former);
    tools.push(stays ? tool : { ...tool, digests });
    if (!stays) edits.push(setMember(written.text, map, { name: "digests", value: JSON.stringify(digests) }));
  }
  return proposed(registry, written, { edits, members: tools.length > 0 ? { tools } : {} });
}

async function write(proposal: Proposal, served: ToolSet, { declarations }: PinOptions): Promise<void> {
  await proposal.write();
  if (declarations !== undefined) await writeFile(declarations, declarationsText(served));
}

/** What changed in the texts that somebody looked at last, tool by tool. */
async function textDifferences(served: ToolSet, file: string | undefined): Promise<readonly string[]> {
  if (file === undefined || !existsSync(file)) return [];
  const former = await readWhole(listIn(await readJsonFile(file)));
  const before = new Map(former.tools.map(({ name, tool }) => [name, tool]));
  return served.tools.flatMap(({ name, tool }) => {
    const old = before.get(name);
    const [was, is] = [old ? plainLines(old) : [], plainLines(tool)].map((lines) => lines.join("\n"));
    return unifiedDiff(`tool ${name}`, was ?? "", is ?? "");
  });
}

const told = (
  { resource, differences, file }: { resource: string; differences: readonly ToolDifference[]; file: string },
  { tools, digest }: ToolSet,
): readonly string[] => [
  `${resource}: ${tools.length} tools, together ${digest}`,
  ...differences.map(lineOf),
  `in ${file}:`,
];

function lineOf(difference: ToolDifference): string {
  const { kind, name } = difference;
  switch (kind) {
    case "changed":
      return `CHANGED  ${name} is at ${difference.digest}, and pinned at ${difference.pinned.join(" ")}`;
    case "renamed":
      return `RENAMED  ${name} was ${difference.from}: it is refused until it is declared under its new name`;
    case "new":
      return `NEW      ${name} at ${difference.digest}: it is refused until it is declared, with the scopes it needs`;
    case "gone":
      return `GONE     ${name} is declared and not listed`;
  }
}
