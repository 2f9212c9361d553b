import { err, ok, type Result } from "../model/result.ts";
import { parseBoundedJson } from "../text/json.ts";
import type { EvidenceFinding } from "./finding.ts";
import { evidenceBounds, files, isKnownName, manifestOf, sha256 } from "./layout.ts";
import { readTar } from "./tar.ts";

/** An archive's files by their names, and what is wrong with the list of them. */
interface Opened {
  readonly members: ReadonlyMap<string, Buffer>;
  readonly findings: readonly EvidenceFinding[];
}

const needed = [files.readme, files.session, files.registry, files.checkpoint, files.keys, files.manifest];

/**
 * Opens an archive and holds its files against its list of them.
 * @returns the files, or why it is no archive at all
 */
export function openArchive(bytes: Buffer): Result<Opened, string> {
  const read = readTar(bytes);
  if (!read.ok) return err(read.error);
  const count = (folder: string) => read.value.filter(({ name }) => name.startsWith(folder)).length;
  if (count("records/") > evidenceBounds.records || count("cloudtrail/") > evidenceBounds.calls)
    return err("holds more records or calls than are read");
  const members = new Map(read.value.map(({ name, bytes: content }) => [name, content]));
  const missing = needed.filter((name) => !members.has(name));
  const unknown = read.value.filter(({ name }) => !isKnownName(name));
  const findings: EvidenceFinding[] = [
    ...missing.map((member) => ({ code: "member.missing", member, what: "every archive has it" }) as const),
    ...unknown.map(
      ({ name }) => ({ code: "member.unknown", member: name, what: "no archive has such a file" }) as const,
    ),
  ];
  const manifest = members.get(files.manifest);
  if (manifest === undefined) return ok({ members, findings });
  const others = read.value.filter(({ name }) => name !== files.manifest);
  if (!manifest.equals(manifestOf(others))) findings.push(...differences(manifest, members));
  return ok({ members, findings });
}

/** Which files are not those that were listed. */
function differences(manifest: Buffer, members: Opened["members"]): readonly EvidenceFinding[] {
  const listed = listOf(manifest);
  const found: EvidenceFinding[] = [];
  for (const [name, digest] of listed) {
    const bytes = members.get(name);
    if (bytes === undefined) found.push({ code: "member.missing", member: name, what: "the manifest lists it" });
    else if (sha256(bytes) !== digest)
      found.push({ code: "member.changed", member: name, what: "it is not what the manifest lists" });
  }
  for (const name of members.keys())
    if (name !== files.manifest && !listed.has(name))
      found.push({ code: "member.unknown", member: name, what: "the manifest does not list it" });
  const malformed = {
    code: "manifest.malformed",
    member: files.manifest,
    what: "not as a manifest is written",
  } as const;
  return found.length > 0 ? found : [malformed];
}

function listOf(manifest: Buffer): ReadonlyMap<string, string> {
  const read = parseBoundedJson(manifest.toString("utf8"));
  const list = read.ok ? (read.value as { members?: unknown } | null)?.members : undefined;
  const rows = Array.isArray(list) ? (list as readonly ({ name?: unknown; sha256?: unknown } | null)[]) : [];
  return new Map(rows.map((row) => [String(row?.name), String(row?.sha256)]));
}
