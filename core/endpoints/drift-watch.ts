import type { AuditRecord, Recorder } from "../audit/record.ts";
import type { Baseline, BaselineStore } from "../drift/baseline.ts";
import { evaluate, type Told } from "../drift/evaluate.ts";
import type { ControlPlanes, Found } from "../drift/function-state.ts";
import { type Clock, type Ids, nowSeconds } from "../model/ports.ts";

/** What the watch needs. */
interface DriftDeps {
  readonly planes: ControlPlanes;
  readonly store: BaselineStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly toRecord: Recorder;
  /** Id of the call, for the records. */
  readonly requestId: string;
  /** Name of the function that watches, which is deployed last. */
  readonly self: string;
  /** The template's mark of each function, by the function's name. */
  readonly marks: ReadonlyMap<string, string>;
}

/** Functions that are read at the same time; few, since the whole account shares the control planes. */
const atOnce = 4;

/**
 * Checks every function of the deployment, and whom its role trusts (threat 45):
 *
 * 1. **look at itself**: this function is deployed last, so a function with a later change was changed after the
 *    deployment
 * 2. **recall** the baseline of each function
 * 3. **look** at each by its name, a few at a time
 * 4. **evaluate** what was found against the template's mark and the baseline (`drift/evaluate.ts`)
 * 5. **write** the new baseline together with the audit event of a difference, in ONE transaction, so that it is
 *    reported once
 * 6. **count** the functions that ring; they ring for as long as the difference exists
 *
 * @returns how many functions ring
 * @throws after all were checked, when one could not be read: a failed check must not look like one that found nothing
 */
export async function watchDrift(deps: DriftDeps): Promise<number> {
  // 1. look at itself
  const own = await deps.planes.find(deps.self);
  if (own === undefined) throw new Error("the control plane knows nothing of the function that asks");
  // 2. recall
  const baselines = new Map((await deps.store.all()).map((baseline) => [baseline.name, baseline]));
  const names = [...deps.marks.keys()];
  const looked: PromiseSettledResult<boolean>[] = [];
  for (let at = 0; at < names.length; at += atOnce) {
    const bases = names.slice(at, at + atOnce).map((name) => baselines.get(name) ?? { name, revision: 0, known: [] });
    looked.push(...(await Promise.allSettled(bases.map((base) => look(base, own, deps)))));
  }
  return count(looked);
}

async function look(base: Baseline, own: Found, deps: DriftDeps): Promise<boolean> {
  // 3. look
  const found = base.name === deps.self ? own : await deps.planes.find(base.name);
  const mark = deps.marks.get(base.name) ?? "";
  const measure = { mark, deployedAtMillis: own.modifiedAtMillis, nowSeconds: nowSeconds(deps.clock) };
  // 4. evaluate
  const { next, rings, tell } = evaluate(base, found, measure);
  // 5. write
  if (next) await deps.store.keep(next, tell ? [recordOf(tell, { name: base.name, found }, deps)] : []);
  return rings.length > 0;
}

function count(looked: readonly PromiseSettledResult<boolean>[]): number {
  const failures = looked.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} functions could not be looked at`);
  // 6. count
  return looked.filter((one) => one.status === "fulfilled" && one.value).length;
}

function recordOf(
  told: Told,
  { name, found }: { readonly name: string; readonly found: Found | undefined },
  deps: DriftDeps,
): AuditRecord {
  const { operation, what, against } = told;
  const evidence = {
    ...(found && { codeSha256: found.codeSha256, roleArn: found.roleArn }),
    ...(found && { modifiedAt: new Date(found.modifiedAtMillis).toISOString() }),
    ...(against && { deployedCodeSha256: against.codeSha256, deployedRoleArn: against.roleArn }),
  };
  const facts = { timeMillis: deps.clock.nowMillis(), requestId: deps.requestId, target: `function:${name}` };
  return deps.toRecord({ operation, outcome: "allowed", ...facts, reason: what, evidence }, deps.ids.id());
}
