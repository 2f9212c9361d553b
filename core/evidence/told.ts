import type { TrailLine } from "../lineage/lines.ts";
import { parseBoundedJson } from "../text/json.ts";
import type { EvidenceFinding } from "./finding.ts";
import { files } from "./layout.ts";
import type { EvidenceRecord } from "./record.ts";
import { sessionBytes } from "./session.ts";
import { readLine } from "./trail-line.ts";
import { treeOf } from "./tree.ts";
import { callMember } from "./write.ts";

/** What the records tell of tree and calls, against what the archive says of them. */
export function toldBy(members: ReadonlyMap<string, Buffer>, records: readonly EvidenceRecord[]) {
  const said = members.get(files.session);
  const parsed = said && parseBoundedJson(said.toString("utf8"), 64);
  const asked = parsed?.ok ? (parsed.value as { asked?: unknown } | null)?.asked : undefined;
  const sid = typeof asked === "string" ? asked : "";
  const rows = callsOf(members);
  const tree = treeOf(sid, records, rows.lines);
  const findings: EvidenceFinding[] = [...rows.findings];
  const belonging = new Set(tree.records.map(({ eventId }) => eventId));
  for (const { eventId } of records)
    if (!belonging.has(eventId))
      findings.push({ code: "record.foreign", member: files.record(eventId), what: "it belongs to another tree" });
  const joined = new Set(tree.calls.map(({ line }) => line.eventId));
  for (const { eventId } of rows.lines)
    if (!joined.has(eventId))
      findings.push({ code: "call.foreign", member: files.call(eventId), what: "no record leads to it" });
  for (const each of tree.incomplete)
    findings.push({ code: "tree.incomplete", what: `the records lack how session ${each} came to be, or its parent` });
  if (said && (tree.root === undefined || !said.equals(sessionBytes(sid, tree))))
    findings.push({ code: "session.disagrees", member: files.session, what: "the records tell another tree" });
  const counts = { sessions: tree.nodes.length, calls: rows.lines.length };
  return { findings, counts, versions: tree.versions, ...(sid === "" ? {} : { asked: sid }) };
}

/** Lines of CloudTrail, each written as we write it and under its own name. */
function callsOf(members: ReadonlyMap<string, Buffer>): {
  readonly lines: readonly TrailLine[];
  readonly findings: readonly EvidenceFinding[];
} {
  const lines: TrailLine[] = [];
  const findings: EvidenceFinding[] = [];
  for (const [member, bytes] of members) {
    if (!member.startsWith("cloudtrail/")) continue;
    const line = readLine(bytes);
    const again = line && callMember(line);
    if (line && again?.name === member && again.bytes.equals(bytes)) lines.push(line);
    else findings.push({ code: "call.malformed", member, what: "not a line as an archive holds it" });
  }
  return { lines, findings };
}
