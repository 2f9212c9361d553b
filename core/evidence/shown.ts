import { parseBoundedJson } from "../text/json.ts";
import type { EvidenceFinding } from "./finding.ts";
import { files } from "./layout.ts";
import type { EvidenceRecord } from "./record.ts";
import { policyMembers, registryBytes, type ShownVersion, versionFault } from "./registry.ts";

/** What the archive shows of the registry, against what the records say of its versions. */
export function registryFindings(
  members: ReadonlyMap<string, Buffer>,
  records: readonly EvidenceRecord[],
  versions: readonly number[],
): readonly EvidenceFinding[] {
  const bytes = members.get(files.registry);
  if (bytes === undefined) return [];
  const member = files.registry;
  const shown = shownIn(bytes);
  if (shown === undefined || !bytes.equals(registryBytes(shown)))
    return [{ code: "registry.unproven", member, what: "not as an archive tells of versions" }];
  const findings = shown.flatMap((one): readonly EvidenceFinding[] => {
    const what = versionFault(one, records);
    return what === undefined ? [] : [{ code: "registry.unproven", member, what }];
  });
  const differs = shown.length !== versions.length || shown.some(({ version }, n) => version !== versions[n]);
  const texts = new Map(policyMembers(shown).map(({ name, bytes: text }) => [name, text]));
  const names = new Set([...texts.keys(), ...[...members.keys()].filter((name) => name.startsWith("policy/"))]);
  const changed = [...names].filter((name) => !texts.get(name)?.equals(members.get(name) ?? Buffer.of(0)));
  return [
    ...findings,
    ...(differs
      ? [{ code: "registry.unproven", member, what: "the records were decided by other versions" } as const]
      : []),
    ...changed.map(
      (name) => ({ code: "policy.disagrees", member: name, what: "the registry has another text" }) as const,
    ),
  ];
}

const digest = /^[0-9a-f]{64}$/;

function shownIn(bytes: Buffer): readonly ShownVersion[] | undefined {
  const read = parseBoundedJson(bytes.toString("utf8"), 64);
  const list = read.ok ? (read.value as { versions?: unknown } | null)?.versions : undefined;
  if (!Array.isArray(list)) return undefined;
  const isShown = (one: Partial<ShownVersion> | null): one is ShownVersion =>
    Number.isSafeInteger(one?.version) &&
    Array.isArray(one?.registrations) &&
    one.registrations.every((row) => typeof row?.kind === "string" && typeof row?.name === "string") &&
    Array.isArray(one.others) &&
    one.others.every((other) => typeof other === "string" && digest.test(other));
  return list.every(isShown) ? list : undefined;
}
