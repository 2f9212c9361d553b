import type { AuditFacts, Recorder } from "../audit/record.ts";
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

/** What applying a registry needs. */
export interface ApplyDeps extends RegistrySettings {
  readonly registry: RegistryStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly toRecord: Recorder;
}

/** A request to make these registrations the registry. */
export interface ApplyOrder {
  /** Every registration of the new version, not validated yet. */
  readonly documents: readonly RegistryDocument[];
  /** The version it was made against; when left out, the current one. */
  readonly base?: number;
  readonly reason?: string;
  readonly operator: Operator;
  /** Facts of the call, for the record. */
  readonly facts: Pick<AuditFacts, "timeMillis" | "requestId" | "sourceIp" | "userAgent" | "registryRestored">;
  /** Only tells what it would change. */
  readonly dryRun?: boolean;
  /**
   * The stack that deploys it, for the history. Then a version is written even when nothing changes, so that the
   * history shows the stack as the author of the current registry.
   */
  readonly source?: string;
}

/**
 * Makes a set of registrations the registry: validate ▸ compare with the current version ▸ store under a new version ▸
 * move the deployment to it. Agents' states and the meanings of details types are checked against the current ones. It
 * is idempotent: without a change nothing is written, unless a stack takes the registry over. A new version applies
 * from every instance's next request.
 * @returns what it did, or `registry_invalid` with every problem, or `registry_stale`
 */
export async function applyRegistry(order: ApplyOrder, deps: ApplyDeps): Promise<Result<Applied, Denial>> {
  // the schemas would be a third of what a function reads at a cold start, so they are loaded with the first registry
  const { validateRegistry } = await import("./validate.ts");
  const rows = validateRegistry(order.documents, deps);
  if (!rows.ok) return invalid(rows.error);
  const base = await deps.registry.applied();
  // two people with a plan each: the second must see what the first did
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
  const digest = registryDigest(rows.value);
  const record = (version: number) => recordOf(order, { changes: difference, base, version, digest }, deps);
  const why = { ...(reason === undefined ? {} : { reason }), ...(source === undefined ? {} : { source }) };
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

/** The audit record of one change of the registry: who, why, and every value before and after. */
function recordOf(
  order: ApplyOrder,
  made: {
    readonly changes: RegistryDifference;
    readonly base: number;
    readonly version: number;
    readonly digest: string;
  },
  deps: ApplyDeps,
) {
  const { operator, reason, facts } = order;
  const named = { operation: "registry.apply", outcome: "allowed", target: "registry" } as const;
  const { changes, base, version, digest } = made;
  const numbers = { registryVersion: version, registryBase: base, registryDigest: digest };
  const why = reason === undefined ? {} : { reason };
  return deps.toRecord({ ...facts, ...named, ...numbers, ...why, operator, changes }, deps.ids.id());
}

/** Registrations as documents that have no file, such as those a request carries. */
export const documentsOf = (rows: readonly unknown[]): readonly RegistryDocument[] =>
  rows.map((value, at) => ({ file: `registrations[${at}]`, line: 1, value }));

/** The rows of an earlier version as documents, so that they are validated by today's rules again. */
export const documentsOfRows = (rows: readonly Registration[]): readonly RegistryDocument[] =>
  rows.map((value) => ({ file: `${value.kind} ${value.name}`, line: 1, value }));
