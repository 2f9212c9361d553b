import { detailsTypeFindings } from "../details/type.ts";
import { audienceProblem, type OwnAddress, resourceUriProblem } from "../keys/address.ts";
import { limits } from "../model/limits.ts";
import type { Registration } from "../model/registry.ts";
import { problemAt, type RegistryDocument, type RegistryProblem } from "../model/registry-document.ts";
import { err, ok, type Result } from "../model/result.ts";
import { groupsOf } from "../model/snapshot.ts";
import { ruleClaimProblem } from "../narrow/delegation.ts";
import type { CedarModule } from "../policy/ask.ts";
import { checkPolicies } from "../policy/check.ts";
import { awsRoleFindings, sharedExclusively } from "./aws-role.ts";
import { agentKeyFindings } from "./checks/agent-keys.ts";
import { canaryFindings } from "./checks/canary.ts";
import { scopeMappingCycle } from "./checks/cycle.ts";
import { policyBudgetFindings } from "./checks/policy-budget.ts";
import { receiverFindings } from "./checks/receiver.ts";
import { namesOf, referenceFindings } from "./checks/references.ts";
import { lackingFindings, type StageHas } from "./checks/stage-has.ts";
import { trustedIssuerFindings } from "./checks/trusted-issuer.ts";
import { uniqueKeys } from "./checks/unique.ts";
import type { Finding } from "./finding.ts";
import { publishedCardKeys } from "./published.ts";
import { registrationSchema } from "./schema.ts";
import { assuranceProblems, codeProblems, overlappingAgents, selectorProblems } from "./selectors.ts";

/** What a registry is validated for. */
export interface RegistrySettings extends OwnAddress {
  readonly trustDomain: string;
  readonly cedar: CedarModule;
  /** What the stage has beyond what every stage has. When it is left out, nothing is refused for lacking it. */
  readonly has?: readonly StageHas[];
}

/** Most registrations one registry may hold. */
const registrations = 10_000;

interface Entry {
  readonly document: RegistryDocument;
  readonly row: Registration;
}

/**
 * Turns parsed documents into registrations, or lists everything that is wrong with them, with file and line. With one
 * problem nothing may be written.
 * @param documents one registration each
 * @returns the rows in the documents' order, or all problems (shape problems first, and alone, since they hide others)
 */
export function validateRegistry(
  documents: readonly RegistryDocument[],
  settings: RegistrySettings,
): Result<readonly Registration[], readonly RegistryProblem[]> {
  const [first] = documents;
  if (!first)
    return err([
      { file: "", line: 0, path: "", message: "there are no registrations; an empty registry permits nothing" },
    ]);
  if (documents.length > registrations) return err([problemAt(first, "", `more than ${registrations} registrations`)]);
  const parsed = documents.map(parse);
  const shape = parsed.flatMap((p) => (p.ok ? [] : p.error));
  if (shape.length > 0) return err(shape);
  const entries = parsed.flatMap((p) => (p.ok ? [p.value] : []));
  const problems = [
    ...eachRow(entries, settings),
    ...together(entries),
    ...tooManyReceivers(entries),
    ...tooManyCardKeys(entries),
    ...policies(entries, settings),
  ];
  return problems.length > 0 ? err(problems) : ok(entries.map((e) => e.row));
}

function parse(document: RegistryDocument): Result<Entry, readonly RegistryProblem[]> {
  const outcome = registrationSchema.safeParse(document.value);
  if (outcome.success) return ok({ document, row: outcome.data });
  return err(
    outcome.error.issues.map((issue) => {
      const inside = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0] ?? ""] : issue.path;
      return problemAt(document, inside.map(String).join("."), issue.message);
    }),
  );
}

/** Rules about one registration and the registrations it names. */
const eachRow = (entries: readonly Entry[], settings: RegistrySettings): readonly RegistryProblem[] => {
  const names = namesOf(entries.map((e) => e.row));
  return entries.flatMap(({ document, row }) =>
    [
      ...ownFindings(row, settings),
      ...canaryFindings(row),
      ...lackingFindings(row, settings.has),
      ...(row.kind === "policy" ? policyBudgetFindings(settings.cedar, row) : []),
      ...referenceFindings(row, names),
    ].map(([path, message]) => problemAt(document, path, message)),
  );
};

const ownFindings = (row: Registration, settings: RegistrySettings): readonly Finding[] => {
  const found = (path: string, message: string | undefined): Finding[] => (message ? [[path, message]] : []);
  switch (row.kind) {
    case "agent": {
      const idCharacters = `spiffe://${settings.trustDomain}/agent/${row.name}`.length;
      return [
        ...found(
          "name",
          idCharacters > limits.agentIdCharacters
            ? `makes an id of ${idCharacters} characters; at most ${limits.agentIdCharacters}`
            : undefined,
        ),
        ...row.selectors.flatMap((s, i) => selectorProblems(s).map(([p, m]): Finding => [`selectors.${i}.${p}`, m])),
        ...assuranceProblems(row),
        ...agentKeyFindings(row),
        ...codeProblems(row),
        ...found(
          "replacesKeyAfterSeconds",
          row.replacesKeyAfterSeconds !== undefined && row.minimumAssurance !== "document"
            ? "only documents (minimumAssurance: document) belong to a key; fresher evidence is new each time"
            : undefined,
        ),
        // an agent that may hold nothing has no sessions, so it would be reported as dormant for ever
        ...found(
          "dormantAfterDays",
          row.dormantAfterDays !== undefined && row.may.length === 0
            ? "an agent that may hold nothing has no sessions, so that it cannot fall silent"
            : undefined,
        ),
        ...found(
          "ownerConfirmedDays",
          row.ownerConfirmedDays !== undefined && typeof row.owner === "string"
            ? "a text cannot sign in: name the owner by issuer and sub"
            : undefined,
        ),
        ...found(
          "quarantine.maxLifetimeSeconds",
          (row.quarantine?.maxLifetimeSeconds ?? 0) > (row.maxLifetimeSeconds ?? limits.sessionLifeMaxSeconds)
            ? "is longer than its sessions may be outside of quarantine"
            : undefined,
        ),
        ...row.audiences.flatMap((a, i) => found(`audiences.${i}`, audienceProblem(a))),
      ];
    }
    case "details-type":
      return detailsTypeFindings(row);
    case "resource":
      return found("uri", resourceUriProblem(row.uri, settings));
    case "trusted-issuer":
      return trustedIssuerFindings(row, settings);
    case "receiver":
      return receiverFindings(row, settings);
    case "aws-role":
      return awsRoleFindings(row);
    case "lending":
      return found("when.claim", ruleClaimProblem(row.when));
    default:
      return [];
  }
};

/** Refuses too many receivers, since each revocation costs a message and a push for each. */
const tooManyReceivers = (entries: readonly Entry[]): readonly RegistryProblem[] =>
  entries
    .filter(({ row }) => row.kind === "receiver")
    .slice(limits.eventReceivers, limits.eventReceivers + 1)
    .map(({ document }) => problemAt(document, "", `more than ${limits.eventReceivers} receivers`));

/** The keys of all agents that sign cards stand in one row, and any stranger may have it read. */
function tooManyCardKeys(entries: readonly Entry[]): readonly RegistryProblem[] {
  const signing = entries.filter(({ row }) => row.kind === "agent" && row.signsCards);
  const last = signing.at(-1);
  const bytes = JSON.stringify(publishedCardKeys(signing.map(({ row }) => row))).length;
  if (!last || bytes <= limits.cardKeysBytes) return [];
  const message = `the keys of agents that sign cards take ${bytes} bytes; at most ${limits.cardKeysBytes}`;
  return [problemAt(last.document, "signsCards", message)];
}

/** Rules between registrations: values that must be unique, registrations that could be confused, circles. */
const together = (entries: readonly Entry[]): readonly RegistryProblem[] => {
  const seen = new Map<string, RegistryDocument>();
  const problems: RegistryProblem[] = [];
  for (const { document, row } of entries)
    for (const { key, path, what } of uniqueKeys(row)) {
      const earlier = seen.get(key);
      if (earlier) problems.push(problemAt(document, path, `${what} already at ${earlier.file}:${earlier.line}`));
      else seen.set(key, document);
    }
  const documentOf = new Map(entries.map((e) => [e.row, e.document]));
  const report = (row: Registration, path: string, message: string) => {
    const document = documentOf.get(row);
    if (document) problems.push(problemAt(document, path, message));
  };
  const rows = entries.map((e) => e.row);
  for (const { agent, selector, other } of overlappingAgents(rows.filter((r) => r.kind === "agent")))
    report(
      agent,
      `selectors.${selector}`,
      `one workload could be this and active agent ${other}: pin facts in both that differ, such as the exact roleArn`,
    );
  for (const { row, other } of sharedExclusively(rows.filter((r) => r.kind === "aws-role")))
    report(row, "arn", `is the role of aws-role ${other} too, and one of the two says that it is exclusive`);
  const cycle = scopeMappingCycle(rows.filter((r) => r.kind === "entailment"));
  if (cycle) report(cycle.row, "to", `entailments go in a circle: ${cycle.names.join(" → ")}`);
  return problems;
};

const policies = (entries: readonly Entry[], settings: RegistrySettings): readonly RegistryProblem[] => {
  const rows = entries.map((e) => e.row);
  const known = {
    agents: new Set(rows.flatMap((r) => (r.kind === "agent" ? [r.name] : []))),
    resources: new Set(rows.flatMap((r) => (r.kind === "resource" ? [r.uri] : []))),
    tools: new Set(rows.flatMap((r) => (r.kind === "resource" ? r.scopes : []))),
    groups: groupsOf(rows),
  };
  const checked = entries.flatMap(({ document, row }) => (row.kind === "policy" ? [{ document, row }] : []));
  const found = checkPolicies(
    settings.cedar,
    checked.map(({ row }) => row),
    known,
  );
  return checked.flatMap(({ document }, place) =>
    found.filter(({ at }) => at === place).map(({ message }) => problemAt(document, "cedar", message)),
  );
};
