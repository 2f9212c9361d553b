import { join } from "node:path";
import { isMap, parseAllDocuments } from "yaml";
import type { AgentRegistration } from "../../../../core/model/agent-registration.ts";
import { isCanary } from "../../../../core/model/canary.ts";
import type { Registration, ScopeMappingRegistration } from "../../../../core/model/registry.ts";
import { readText } from "../../registry/folder-files.ts";
import { Refused } from "../../terminal/outcome.ts";
import { byHand, isPlain, type Place, suspending, taking } from "./edit.ts";
import { type Edit, edited, unifiedDiff } from "./unified.ts";
import { pairOf, type Use } from "./use.ts";

/** One agent, and what is proposed for it. */
export interface Finding {
  readonly agent: string;
  readonly file: string;
  /** `dormant`: it got nothing. `overreaching`: some scopes were never granted to it. */
  readonly kind: "dormant" | "overreaching";
  /** Scopes that it was never granted, as `resource scope`. */
  readonly unused: readonly string[];
  /** Why nothing is proposed all the same. */
  readonly left?: string;
}

/** A folder's registration, and the file it was read from. */
export interface Registered {
  readonly file: string;
  readonly row: Registration;
}

/** A file with what is proposed for it. */
interface ProposedFile {
  readonly file: string;
  readonly text: string;
  readonly diff: readonly string[];
}

/** What is proposed for a folder. */
export interface Proposal {
  readonly findings: readonly Finding[];
  readonly files: readonly ProposedFile[];
}

/**
 * Proposes registrations that hold what was used: an active agent that got nothing is suspended; of another the scopes
 * that it was never granted are taken out. Where an entailment gives a scope to the agent, it stays: a registry that
 * entails what its agent may not hold is refused as a whole.
 * @param directory the folder that was read
 * @throws Refused for a file that cannot be read any more
 */
export async function propose(
  registered: readonly Registered[],
  use: Use,
  { directory, trustDomain }: { readonly directory: string; readonly trustDomain: string },
): Promise<Proposal> {
  const entailed = registered.flatMap(({ row }) => (row.kind === "entailment" ? [row] : []));
  const agents = registered.flatMap(({ file, row }) => (row.kind === "agent" ? [{ file, row }] : []));
  const found = agents.flatMap(({ file, row }) => findingOf({ file, row }, { use, trustDomain, entailed }));
  const findings: Finding[] = [];
  const files: ProposedFile[] = [];
  for (const [file, some] of Map.groupBy(found, (one) => one.file)) {
    const read = await readText(join(directory, file), fileBytes);
    if (!read.ok) throw new Refused(`${file}: ${read.error}`);
    const places = placesIn(read.value);
    const outcomes = some.map((finding) => editsFor(finding, places, agents));
    findings.push(...outcomes.map(({ finding }) => finding));
    const edits = outcomes.flatMap((one) => one.edits);
    if (edits.length > 0)
      files.push({ file, text: edited(read.value, edits), diff: unifiedDiff(file, read.value, edits) });
  }
  return { findings, files };
}

/** As much as the folder's reader takes. */
const fileBytes = 1_048_576;

interface Ground {
  readonly use: Use;
  readonly trustDomain: string;
  readonly entailed: readonly ScopeMappingRegistration[];
}

function findingOf(
  { file, row }: { readonly file: string; readonly row: AgentRegistration },
  { use, trustDomain, entailed }: Ground,
): readonly Finding[] {
  const { name, may, state } = row;
  const id = `spiffe://${trustDomain}/agent/${name}`;
  if (state !== "active" || may.length === 0 || isCanary(id)) return [];
  const granted = use.granted.get(id);
  const given = new Set(
    entailed.flatMap(({ agent, to }) => (agent === name ? to.scopes.map((scope) => pairOf(to.resource, scope)) : [])),
  );
  const held = may.flatMap(({ resource, scopes }) => scopes.map((scope) => pairOf(resource, scope)));
  const unused = held.filter((pair) => !granted?.has(pair) && !given.has(pair));
  const left = use.changed.has(name) ? { left: "it was registered, or may hold more, within this time" } : {};
  if (!granted) return [{ agent: name, file, kind: "dormant", unused: [], ...left }];
  return unused.length === 0 ? [] : [{ agent: name, file, kind: "overreaching", unused, ...left }];
}

/** Every document of a file that is one mapping. */
function placesIn(text: string): readonly Place[] {
  const parsed = parseAllDocuments(text, { version: "1.2", schema: "core", customTags: [] });
  return Array.isArray(parsed)
    ? parsed.flatMap(({ contents }) => (isMap(contents) ? [{ text, map: contents }] : []))
    : [];
}

function editsFor(
  finding: Finding,
  places: readonly Place[],
  agents: readonly { readonly file: string; readonly row: AgentRegistration }[],
): { readonly finding: Finding; readonly edits: readonly Edit[] } {
  if (finding.left !== undefined) return { finding, edits: [] };
  const row = agents.find(({ row }) => row.name === finding.agent)?.row;
  const place = places.find(({ map }) => map.get("kind") === "agent" && map.get("name") === finding.agent);
  if (!row || !place) return { finding: { ...finding, left: "its name is a placeholder: edit it by hand" }, edits: [] };
  if (!isPlain(place)) return { finding: { ...finding, left: byHand }, edits: [] };
  if (finding.kind === "dormant") return { finding, edits: suspending(place) };
  const sets = { may: row.may, lends: row.lends, quarantine: row.quarantine?.scopes ?? [] };
  return { finding, edits: taking(place, sets, new Set(finding.unused)) };
}
