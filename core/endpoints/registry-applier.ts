import type { Clock } from "../model/ports.ts";
import { registryDifference } from "../model/registry-difference.ts";
import type { RegistryDocument } from "../model/registry-document.ts";
import { err, ok, type Result } from "../model/result.ts";
import { type ApplyDeps, applyRegistry, documentsOfRows } from "../registry/apply.ts";
import type { DeployRefusal } from "../registry/deploy-reason.ts";
import { type DeployedPast, pastOf } from "../registry/deployed-past.ts";
import { withLater } from "../registry/states.ts";

/** What a stack wants the registry to be. */
export interface DeployOrder {
  /** A stack that is rolled back asks by an `update` too, with what it said before. */
  readonly step: "create" | "update";
  /** Digest of the registrations it asks for. */
  readonly digest: string;
  /** Overwrites what somebody changed by hand. */
  readonly force: boolean;
  /** What came with the code: registrations, and their digest. */
  readonly folder: { readonly digest: string; readonly documents: readonly RegistryDocument[] };
  /** ARN of the stack, `arn:…:stack/<name>/<uuid>`. */
  readonly stackId: string;
  readonly requestId: string;
}

/** What came of it; `left`: somebody changed the registry since, and a rollback does not take that away. */
interface Deployed {
  readonly outcome: "applied" | "restored" | "unchanged" | "left";
  /** The version that counts now. */
  readonly version: number;
  /** Of `left`. */
  readonly why?: string;
}

type DeployDeps = ApplyDeps & { readonly clock: Clock };

/** Applies of others that may come between before it gives up. */
const attempts = 3;

/**
 * Carries out what a stack asks of the registry. The folder is the target state:
 *
 * 1. **look back** at what this stack applied before, and at what counts now (`registry/deployed-past.ts`); repeated, it finds
 *    its work done
 * 2. **restore** what this stack applied before: an update to it is a rollback. If what counts is no longer the stack's own,
 *    it is left as it is. This never fails on what the registry holds: a rollback that fails leaves a stack nobody can update
 * 3. **go forward** to the folder, from what this stack wrote last or from nothing. On what somebody changed by hand it fails,
 *    unless forced, or unless that already is what the stack asks for
 * 4. **again**, from 1, as often as somebody else's apply comes between, three times in all
 *
 * Deletion never comes here: a registry outlives the stack that filled it.
 */
export async function deployRegistry(order: DeployOrder, deps: DeployDeps): Promise<Result<Deployed, DeployRefusal>> {
  for (let attempt = 1; ; attempt++) {
    // 1. look back
    const past = await pastOf(deps.registry, sourceOf(order.stackId), order.digest);
    if (past.own && past.live?.digest === order.digest) return ok({ outcome: "unchanged", version: past.version });
    const rollback = order.step === "update" && !order.force && past.asked !== undefined;
    // 2. restore
    const restored = rollback ? await restore(past.asked.version, { order, past }, deps) : undefined;
    // 3. go forward
    const outcome = restored ?? (await goForward(order, past, deps));
    // 4. again
    const overtaken = !outcome.ok && outcome.error.kind === "denied" && outcome.error.denial.code === "registry_stale";
    if (!overtaken || attempt === attempts) return outcome;
  }
}

/** A stack made anew under its name goes on where the deleted one ended. */
const sourceOf = (stackId: string): string => stackId.split("/").slice(0, 2).join("/");

async function restore(
  version: number,
  { order, past }: { readonly order: DeployOrder; readonly past: DeployedPast },
  deps: DeployDeps,
): Promise<Result<Deployed, DeployRefusal>> {
  const left = (why: string) => ok({ outcome: "left", version: past.version, why } as const);
  if (!past.untouched) return left(`version ${past.version} was applied by ${past.live?.by ?? "somebody"} since`);
  const [now, then] = [await deps.registry.rows(past.version), await deps.registry.rows(version)];
  // states too go back to what they were: nobody but the stack itself has changed them since
  const documents = documentsOfRows(withLater(now, then));
  const done = await apply(order, { documents, base: past.version, reason: `rollback to version ${version}` }, deps);
  if (done.ok) return ok({ outcome: "restored", version: done.value.version });
  // a retired agent does not come back, nor what today's rules refuse: neither may block the stack
  return done.error.code === "registry_stale"
    ? err({ kind: "denied", denial: done.error })
    : left(`version ${version} can no longer be applied: ${done.error.code}`);
}

async function goForward(
  order: DeployOrder,
  past: DeployedPast,
  deps: DeployDeps,
): Promise<Result<Deployed, DeployRefusal>> {
  const { digest, folder } = order;
  // the code is deployed before its resource is asked: a package of other registrations is not this deployment's
  if (folder.digest !== digest) return err({ kind: "folder_missing", digest });
  if (!past.untouched && !order.force && past.live?.digest !== digest) return changedByHand(order, past, deps);
  const done = await apply(order, { documents: folder.documents, base: past.version }, deps);
  return done.ok
    ? ok({ outcome: "applied", version: done.value.version })
    : err({ kind: "denied", denial: done.error });
}

async function changedByHand(order: DeployOrder, past: DeployedPast, deps: DeployDeps) {
  const { version, live, last } = past;
  const now = await deps.registry.rows(version);
  const { value: then, ...since } = last
    ? { value: await deps.registry.rows(last.version), since: "own" as const }
    : { value: undefined, since: "none" as const };
  const wanted = order.folder.documents.map(({ value }) => value) as typeof now;
  const difference = then ? registryDifference(then, now) : registryDifference(now, wanted);
  return err({ kind: "changed_by_hand", version, by: live?.by ?? "unknown", ...since, difference } as const);
}

const apply = (
  { stackId, requestId }: DeployOrder,
  wanted: { readonly documents: readonly RegistryDocument[]; readonly base: number; readonly reason?: string },
  deps: DeployDeps,
) =>
  applyRegistry(
    {
      ...wanted,
      source: sourceOf(stackId),
      // the stack is the actor: who ordered it stands in CloudTrail, under this very ARN
      operator: { arn: stackId, uniqueId: stackId.split("/")[2] ?? stackId },
      facts: { timeMillis: deps.clock.nowMillis(), requestId, sourceIp: "cloudformation.amazonaws.com" },
    },
    deps,
  );
