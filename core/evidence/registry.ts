import type { Registration } from "../model/registry.ts";
import { canonicalJson } from "../model/registry-difference.ts";
import { digestOfDigests, registrationDigest } from "../registry/digest.ts";
import { files, jsonBytes } from "./layout.ts";
import { type EvidenceRecord, textsOf, versionOf } from "./record.ts";
import type { Member } from "./tar.ts";

/** What is shown of a version of the registry: some registrations, and of the others their digests alone. */
export interface ShownVersion {
  readonly version: number;
  readonly registrations: readonly { readonly kind: string; readonly name: string; readonly cedar?: unknown }[];
  /** Hex SHA-256 each. */
  readonly others: readonly string[];
}

const byText = (one: string, other: string): number => (one < other ? -1 : 1);
const nameOf = (row: { readonly kind: string; readonly name: string }): string => `${row.kind} ${row.name}`;

/**
 * Shows of a version all policies, since a prohibition counts where nothing names it, and whatever else the tree used:
 * agents, resources with their details types, AWS roles.
 */
export function shownVersion(
  version: number,
  rows: readonly Registration[],
  records: readonly EvidenceRecord[],
): ShownVersion {
  const names = namesIn(records);
  const uris = new Set(rows.flatMap((row) => (row.kind === "resource" && names.has(row.uri) ? row.uri : [])));
  const isUsed = (row: Registration): boolean => {
    if (row.kind === "policy") return true;
    if (row.kind === "agent") return [...names].some((name) => name.endsWith(`/agent/${row.name}`));
    if (row.kind === "resource") return uris.has(row.uri);
    if (row.kind === "details-type") return uris.has(row.resource);
    return row.kind === "aws-role" && names.has(row.arn);
  };
  const shown = rows.filter(isUsed).toSorted((one, other) => byText(nameOf(one), nameOf(other)));
  const others = rows.filter((row) => !isUsed(row)).map(registrationDigest);
  // members in one order, whatever the store's
  return { version, registrations: JSON.parse(canonicalJson(shown) ?? "[]"), others: others.sort() };
}

/** Ids of agents, URIs of resources and ARNs of roles that records name. */
function namesIn(records: readonly EvidenceRecord[]): ReadonlySet<string> {
  return new Set(
    records.flatMap(({ line, facts }) => [
      ...[line.agent, line.offeredTo, line.awsRoleArn].flatMap((name) => name ?? []),
      ...textsOf(facts.actors),
      ...(Array.isArray(facts.grants) ? facts.grants : []).flatMap((grant: { resource?: unknown } | null) =>
        typeof grant?.resource === "string" ? grant.resource : [],
      ),
    ]),
  );
}

/** What is shown of all versions, as an archive holds it. */
export const registryBytes = (versions: readonly ShownVersion[]): Buffer =>
  jsonBytes({ format: "lanyard-evidence-registry/1", versions });

/** The policies' texts as files. */
export const policyMembers = (versions: readonly ShownVersion[]): readonly Member[] =>
  versions.flatMap(({ version, registrations }) =>
    registrations.flatMap(({ kind, name, cedar }) =>
      kind === "policy" && typeof cedar === "string"
        ? { name: files.policy(version, name), bytes: Buffer.from(cedar) }
        : [],
    ),
  );

/**
 * Whether what is shown of a version is what the log's record of its making says.
 * @returns why not; undefined when it is
 */
export function versionFault(shown: ShownVersion, records: readonly EvidenceRecord[]): string | undefined {
  const made = records.filter(
    (record) => record.line.operation === "registry.apply" && versionOf(record) === shown.version,
  );
  const digests = new Set(made.map(({ facts }) => facts.registry_digest));
  if (digests.size === 0) return `no record tells of the making of version ${shown.version}`;
  const digest = digestOfDigests([...shown.registrations.map(registrationDigest), ...shown.others]);
  if (digests.size > 1 || !digests.has(digest))
    return `version ${shown.version} is not what the record of its making says`;
  const policies = new Set(shown.registrations.flatMap(({ kind, name }) => (kind === "policy" ? name : [])));
  const named = records.filter((record) => versionOf(record) === shown.version && !made.includes(record));
  const missing = named.flatMap(({ facts }) => textsOf(facts.policies)).find((name) => !policies.has(name));
  return missing === undefined ? undefined : `version ${shown.version} lacks policy ${missing}, which decided`;
}
