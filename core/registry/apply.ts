import { toRecord } from "../audit/ocsf.ts";
import type { AuditFacts } from "../audit/record.ts";
import type { Denial } from "../denial/denial.ts";
import type { Operator } from "../model/operator.ts";
import type { Clock, Ids } from "../model/ports.ts";
import type { Registration } from "../model/registry.ts";
import { countsOf, type RegistryDifference, registryDifference, sizeOf } from "../model/registry-difference.ts";
import type { RegistryDocument, RegistryProblem } from "../model/registry-document.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Applied } from "./applied.ts";
import { registryDigest } from "./digest.ts";
import { formerTypesAfter, typeProblems } from "./former-types.ts";
import { stateProblems } from "./states.ts";
import type { RegistryStore } from "./store.ts";
import type { RegistrySettings } from "./validate.ts";

/** What applying stands on. */
export interface ApplyDeps extends RegistrySettings {
  readonly registry: RegistryStore;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** What somebody wants the registry to be. */
export interface ApplyOrder {
  /** Every registration of the new version, not yet believed. */
  readonly documents: readonly RegistryDocument[];
  /** The version it was made against; without it whatever counts now. */
  readonly base?: number;
  readonly reason?: string;
  readonly operator: Operator;
  /** Facts of the call, for the record. */
  readonly facts: Pick<AuditFacts, "timeMillis" | "requestId" | "sourceIp" | "userAgent" | "registryRestored">;
  /** Only says what it would change. */
  readonly dryRun?: boolean;
  /**
   * The stack that deploys it, for the history. A version is then written even when nothing changes: the history is to
   * tell that the stack stands behind what counts.
   */
  readonly source?: string;
}

/**
 * Makes a set of registrations the registry: validate ▸ compare with what counts ▸ store under a new version ▸ move
 * the deployment to it. Agents' states and the meaning of details types are held against what they were. Idempotent: what
 * changes nothing writes nothing, unless a stack takes it over. Live at every instance's next request.
 * @returns what it did, or `registry_invalid` with every problem, or `registry_stale`
 */
export async function applyRegistry(order: ApplyOrder, deps: ApplyDeps): Promise<Result<Applied, Denial>> {
  // the schemas are a third of what a function would otherwise read at every cold start: they wait for the first registry
  const { validateRegistry } = await import("./validate.ts");
  const rows = validateRegistry(order.documents, deps);
  if (!rows.ok) return invalid(rows.error);
  const base = await deps.registry.applied();
  // two people with one plan each: the second must look at what the first did
  if (order.base !== undefined && order.base !== base)
    return err({ code: "registry_stale", base: order.base, applied: base });
  const before = await deps.registry.rows(base);
  const [current] = base > 0 ? await deps.registry.history(1, base + 1) : [];
  const former = current?.version === base ? (current.formerTypes ?? []) : [];
  const types = { rows: before, former, nowMillis: deps.clock.nowMillis() };
  const problems = [
    ...stateProblems(before, rows.value, order.documents),
    ...typeProblems(types, rows.value, order.documents),
  ];
  if (problems.length > 0) return invalid(problems);
  const difference = registryDifference(before, rows.value);
  const same = base > 0 && sizeOf(difference) === 0;
  const nothing = same && order.source === undefined;
  if (nothing || order.dryRun) return ok({ version: base, base, difference });
  const { operator, reason, source, facts } = order;
  const record = (version: number) => recordOf(order, { changes: difference, base, version }, deps);
  const why = { ...(reason === undefined ? {} : { reason }), ...(source === undefined ? {} : { source }) };
  const digest = registryDigest(rows.value);
  const gone = formerTypesAfter(types, rows.value);
  const remembered = gone.length > 0 ? { formerTypes: gone } : {};
  const entry = {
    base,
    atMillis: facts.timeMillis,
    by: operator.arn,
    digest,
    ...countsOf(difference),
    ...why,
    ...remembered,
  };
  const applied = await deps.registry.apply({ base, rows: rows.value, entry, record });
  if (!applied.ok) return err({ code: "registry_stale", base, applied: await deps.registry.applied() });
  return ok({ version: applied.value, base, difference });
}

const invalid = (problems: readonly RegistryProblem[]): Result<never, Denial> =>
  err({ code: "registry_invalid", problems });

/** One event for one change of the registry: who, why, and every value before and after. */
function recordOf(
  order: ApplyOrder,
  { changes, base, version }: { readonly changes: RegistryDifference; readonly base: number; readonly version: number },
  deps: ApplyDeps,
) {
  const { operator, reason, facts } = order;
  const named = { operation: "registry.apply", outcome: "allowed", target: "registry" } as const;
  const numbers = { registryVersion: version, registryBase: base };
  const why = reason === undefined ? {} : { reason };
  return toRecord({ ...facts, ...named, ...numbers, ...why, operator, changes }, deps.ids.id());
}

/** Registrations as documents that have no file, such as those a request carries. */
export const documentsOf = (rows: readonly unknown[]): readonly RegistryDocument[] =>
  rows.map((value, at) => ({ file: `registrations[${at}]`, line: 1, value }));

/** Rows of an earlier version are documents too: today's rules are held against them again. */
export const documentsOfRows = (rows: readonly Registration[]): readonly RegistryDocument[] =>
  rows.map((value) => ({ file: `${value.kind} ${value.name}`, line: 1, value }));
