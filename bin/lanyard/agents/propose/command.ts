import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { registryDifference } from "../../../../core/model/registry-difference.ts";
import type { RegistryDocument } from "../../../../core/model/registry-document.ts";
import { validateRegistry } from "../../../../core/registry/validate.ts";
import { eventsSince, namedSource } from "../../audit/source.ts";
import type { CommandContext } from "../../deployment/context.ts";
import { variablesOf } from "../../registry/apply.ts";
import { readDocuments, readRegistryFolder } from "../../registry/folder.ts";
import { RegistryInvalid } from "../../registry/plan.ts";
import { Refused, Usage } from "../../terminal/outcome.ts";
import { plain } from "../../terminal/plain.ts";
import { count } from "../../terminal/words.ts";
import { type Finding, type Proposal, propose, type Registered } from "./proposal.ts";
import { useOf } from "./use.ts";

/** Options of `agents propose`. */
export interface ProposeOptions {
  readonly days: string;
  readonly events: string;
  readonly set: readonly string[];
  readonly json?: boolean;
}

const dayMillis = 86_400_000;

/**
 * `agents propose`: compares what agents may hold with what the audit says that they were granted, and prints what the
 * folder would be without the rest, as a diff. It changes no file.
 * @param folder where the command was called
 * @throws Usage; Refused where the audit does not reach back so far, or the folder, or the proposal, is not valid
 */
export async function runPropose(
  directory: string,
  options: ProposeOptions,
  { context, folder }: { readonly context: CommandContext; readonly folder: string },
): Promise<void> {
  const { profile, terminal } = context;
  if (!/^[1-9]\d{0,2}$/.test(options.days)) throw new Usage("--days takes a number of days, 1 to 999");
  const days = Number(options.days);
  const nowMillis = Date.now();
  const read = { directory, variables: { ...profile.variables, ...variablesOf(options.set) } };
  const documents = await readRegistryFolder(directory, read.variables);
  if (!documents.ok) throw new RegistryInvalid(documents.error);
  const registered = registeredOf(documents.value, profile);
  const source = namedSource(options.events, folder, profile);
  const use = await useOf(eventsSince(source, 0), nowMillis - days * dayMillis);
  reachesBack(use.firstMillis, { days, nowMillis });
  if (use.unclear)
    throw new Refused("a change of the registry in this time was too large to be recorded whole: give fewer --days");
  const proposal = await propose(registered, use, { directory, trustDomain: profile.trustDomain });
  onlyNarrows(proposal, { registered, documents: documents.value, variables: read.variables }, profile);
  const { findings, files } = proposal;
  if (options.json) return terminal.out(JSON.stringify({ ok: true, days, findings, files }));
  for (const { diff } of files) for (const line of diff) terminal.out(line);
  for (const finding of findings) terminal.err(plain(lineOf(finding, days)));
  terminal.err(
    files.length === 0
      ? `nothing to propose by ${count(days, "day")} of audit`
      : `nothing was changed: look at it, then git apply, or patch -p1 -d ${directory}; and lanyard apply ${directory}`,
  );
}

const lineOf = ({ agent, kind, unused, left }: Finding, days: number): string => {
  const found = kind === "dormant" ? `got nothing in ${days} days` : `never got ${unused.join(", ")} in ${days} days`;
  return `${agent}: ${found}${left === undefined ? "" : `; left as it is, since ${left}`}`;
};

/**
 * An audit that begins later than asked knows nothing of the time before: what was used then would be proposed away.
 * @throws Refused
 */
function reachesBack(firstMillis: number, { days, nowMillis }: { readonly days: number; readonly nowMillis: number }) {
  if (firstMillis <= nowMillis - days * dayMillis) return;
  const known = Number.isFinite(firstMillis) ? Math.floor((nowMillis - firstMillis) / dayMillis) : 0;
  throw new Refused(
    known < 1
      ? "there is less than a day of audit: nothing can be said of what is unused"
      : `the audit goes back ${count(known, "day")}, and what was used before is not in it: give --days ${known} or fewer`,
    { days: known },
  );
}

interface Names {
  readonly issuer: string;
  readonly trustDomain: string;
}

/** @throws RegistryInvalid */
function registeredOf(documents: readonly RegistryDocument[], { issuer, trustDomain }: Names): readonly Registered[] {
  const rows = validateRegistry(documents, { issuer, trustDomain, cedar });
  if (!rows.ok) throw new RegistryInvalid(rows.error);
  return rows.value.map((row, at) => ({ row, file: documents[at]?.file ?? "" }));
}

interface Before {
  readonly registered: readonly Registered[];
  readonly documents: readonly RegistryDocument[];
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Reads what the files would be, and holds it against what they are: the registry must be valid, and nothing may differ
 * but agents' state and bounds.
 * @throws RegistryInvalid where the rest of the registry needs what was not used; Error for a bug of the editing
 */
function onlyNarrows({ files }: Proposal, before: Before, names: Names): void {
  const changed = new Map(files.map(({ file, text }) => [file, text]));
  const untouched = before.documents.filter(({ file }) => !changed.has(file));
  const anew = [...changed].flatMap(([file, text]) => {
    const read = readDocuments(file, text, before.variables);
    if (!read.ok) throw new RegistryInvalid(read.error);
    return read.value;
  });
  const after = registeredOf([...untouched, ...anew], names).map(({ row }) => row);
  const difference = registryDifference(
    before.registered.map(({ row }) => row),
    after,
  );
  const paths = difference.changed.flatMap(({ name, values }) => values.map(({ path }) => `${name} ${path}`));
  const other = paths.find((path) => !/^agent \S+ (state|may|lends|quarantine)(\.|$)/.test(path));
  if (difference.added.length + difference.removed.length > 0 || other !== undefined)
    throw new Error(`the proposal would change more than it should: ${other ?? "registrations"}`);
}
