import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { createCedarEngine } from "../../../core/policy/cedar.ts";
import { readRegistryFolder, skippedFiles, skippedLine } from "../registry/folder.ts";
import { Refused, type Terminal, Told, Usage } from "../terminal/outcome.ts";
import { type PolicyCase, readCases, runCase } from "./cases.ts";
import { invalid, type ProposedFolder, readProposed } from "./proposed.ts";
import { type Proof, proofLines } from "./prove.ts";
import { type Change, type Past, type Replay, replay } from "./replay.ts";

/** Options of all `policy` commands. */
export interface PolicyOptions {
  readonly json?: boolean;
}

/**
 * `policy check`: checks whether the folder could be applied, without calling a deployment. @throws Refused with every
 * problem
 */
export async function runCheck(folder: ProposedFolder, options: PolicyOptions, terminal: Terminal): Promise<void> {
  const registry = await readProposed(folder);
  const skipped = await skippedFiles(folder.directory);
  if (skipped.length > 0) terminal.err(skippedLine(skipped));
  const policies = registry.policies.length;
  const logged = registry.policies.filter((policy) => policy.mode === "log").map((policy) => policy.name);
  if (options.json) terminal.out(JSON.stringify({ ok: true, policies, logged, skipped }));
  else
    terminal.out(
      `${policies} policies are valid${logged.length > 0 ? `, ${logged.length} of them only logged: ${logged.join(", ")}` : ""}`,
    );
}

/**
 * `policy test`: runs the cases beside the policies; cases that name no time use the present time.
 * @throws Refused when one fails, or the folder is not valid
 */
export async function runTest(folder: ProposedFolder, options: PolicyOptions, terminal: Terminal): Promise<void> {
  const registry = await readProposed(folder);
  const documents = await readRegistryFolder(folder.directory, folder.variables, "cases");
  if (!documents.ok) throw invalid(documents.error);
  const cases = readCases(documents.value, registry, Math.floor(Date.now() / 1000));
  if (!cases.ok) throw invalid(cases.error);
  const engine = createCedarEngine(cedar);
  const outcomes = cases.value.map((one) => ({ one, ...runCase(one, registry, engine) }));
  const failed = outcomes.filter(({ passed }) => !passed).length;
  const counts = { passed: outcomes.length - failed, failed };
  if (options.json) {
    const shown = outcomes.map(({ one, passed, decision, why }) => ({ ...nameOf(one), passed, decision, why }));
    terminal.out(JSON.stringify({ ok: failed === 0, ...counts, cases: shown }));
  } else {
    for (const { one, passed, why } of outcomes)
      terminal.out(`${passed ? "pass" : "FAIL"}  ${one.file}:${one.line}  ${one.name}${why ? `\n      ${why}` : ""}`);
    terminal.out(`${counts.passed} passed, ${failed} failed`);
  }
  if (failed > 0) throw new Told("the policies are not as they should be");
}

const nameOf = ({ file, line, name }: PolicyCase) => ({ file, line, case: name });

/** Options of `policy plan`. */
export interface PlanOptions extends PolicyOptions {
  readonly confirmWidening?: boolean;
}

/**
 * `policy plan`: puts recorded decisions to a registry's policies, and shows, for each agent, which would be decided
 * otherwise; and, where it was tried, what is proved of all requests. It fails when something would newly be permitted,
 * unless that is confirmed.
 * @throws Refused for unconfirmed widening; Usage when there is nothing to replay
 */
export async function runPlan(
  { proof, ...past }: Past & { readonly proof?: Promise<Proof> },
  options: PlanOptions,
  terminal: Terminal,
): Promise<void> {
  const progress = (decisions: number) => {
    if (!options.json && decisions % 10_000 === 0) terminal.err(`${decisions} decisions replayed`);
  };
  const found = await replay(past, createCedarEngine(cedar), progress);
  if (found.decisions === 0 && found.unread === 0)
    throw new Usage(`there are no decisions by policy among the ${found.events} events there`);
  const proved = await proof;
  const wider = found.changes.some((change) => change.to === "permitted") || proved?.result === "newly-allowed";
  const confirmed = !wider || options.confirmWidening === true;
  if (options.json) terminal.out(JSON.stringify({ ok: confirmed, ...found, ...(proved ? { proof: proved } : {}) }));
  else for (const line of [...planLines(found), ...(proved ? proofLines(proved) : [])]) terminal.out(line);
  if (confirmed) return;
  if (options.json) throw new Told("the policies are not as they should be");
  throw new Refused("these policies permit what was refused: look at it and give --confirm-widening");
}

const planLines = ({ decisions, same, unread, changes, events }: Replay): readonly string[] => {
  const agents = [...new Set(changes.map((change) => change.agent))].sort();
  const of = (agent: string) => changes.filter((change) => change.agent === agent);
  return [
    ...agents.flatMap((agent) => [agent.slice(agent.indexOf("/agent/") + 7), ...of(agent).map(changeLine)]),
    `${decisions} decisions of ${events} events replayed: ${same} as they were, ${total(changes, "permitted")} newly permitted, ${total(changes, "refused")} newly refused${newlyAsked(changes)}`,
    ...(unread === 0
      ? []
      : [
          `${unread} decisions were NOT replayed: these policies read groups or purposes, and those are erased, withheld, or encrypted for whom no deployment was asked`,
        ]),
  ];
};

const changeLine = ({ to, action, resource, scopes, by, count, example }: Change): string =>
  `  ${turns[to]} ${action} at ${resource} [${scopes.join(" ")}], ${count} times: ${by} (event ${example})`;

const turns = {
  permitted: "+ would permit",
  approval: "? would ask people for",
  "sign-in": "? would have the person sign in again for",
  refused: "- would refuse",
} as const;

const newlyAsked = (changes: Replay["changes"]): string => {
  const [asked, signIns] = [total(changes, "approval"), total(changes, "sign-in")];
  return [
    ...(asked === 0 ? [] : [`, ${asked} newly with approval`]),
    ...(signIns === 0 ? [] : [`, ${signIns} newly with another sign-in`]),
  ].join("");
};

const total = (changes: readonly Change[], to: Change["to"]): number =>
  changes.filter((change) => change.to === to).reduce((sum, change) => sum + change.count, 0);
