import type { Clock } from "../model/ports.ts";
import { registryDifference } from "../model/registry-difference.ts";
import type { RegistryDocument } from "../model/registry-document.ts";
import { err, ok, type Result } from "../model/result.ts";
import { type ApplyDeps, applyRegistry, documentsOfRows } from "../registry/apply.ts";
import { type DeployedPast, pastOf } from "../registry/deploy/past.ts";
import type { DeployRefusal } from "../registry/deploy/reason.ts";
import { withLater } from "../registry/states.ts";

/** A stack's order to deploy a registry. */
export interface DeployOrder {
  /** A rollback of the stack is an `update` too, with the earlier values. */
  readonly step: "create" | "update";
  /** Digest of the wanted registrations. */
  readonly digest: string;
  /** Whether to overwrite changes that somebody made by hand. */
  readonly force: boolean;
  /** The registrations that were packaged with the code, and their digest. */
  readonly folder: { readonly digest: string; readonly documents: readonly RegistryDocument[] };
  /** ARN of the stack, `arn:…:stack/<name>/<uuid>`. */
  readonly stackId: string;
  readonly requestId: string;
}

/** The outcome. `left`: somebody changed the registry since, and a rollback does not undo that. */
interface Deployed {
  readonly outcome: "applied" | "restored" | "unchanged" | "left";
  /** The current version. */
  readonly version: number;
  /** Why, for `left`. */
  readonly why?: string;
}

type DeployDeps = ApplyDeps & { readonly clock: Clock };

/** Most attempts, when other applies come in between. */
const attempts = 3;

/**
 * Carries out a stack's order. The folder is the target state:
 *
 * 1. **look back** at what this stack applied before, and at the current version (`registry/deploy/past.ts`); a
 *    repeated order finds its work done
 * 2. **restore** a version that this stack applied before, since an update to such a version is a rollback. If the
 *    current version is not the stack's own, it is left as it is. This never fails because of the registry's contents:
 *    after a failed rollback nobody could update the stack
 * 3. **go forward** to the folder, from the version this stack wrote last or from nothing. When somebody changed the
 *    registry by hand it fails, unless it is forced, or the registry is already as the stack wants it
 * 4. **again**, from 1, when somebody else's apply comes in between, three times in all
 *
 * A deletion of the stack is not handled here: the registry outlives the stack that filled it.
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

/**
 * The stack's ARN without its unique id, so that a stack that is created again under its name continues where the
 * deleted one ended.
 */
const sourceOf = (stackId: string): string => stackId.split("/").slice(0, 2).join("/");

async function restore(
  version: number,
  { order, past }: { readonly order: DeployOrder; readonly past: DeployedPast },
  deps: DeployDeps,
): Promise<Result<Deployed, DeployRefusal>> {
  const left = (why: string) => ok({ outcome: "left", version: past.version, why } as const);
  if (!past.untouched) return left(`version ${past.version} was applied by ${past.live?.by ?? "somebody"} since`);
  const [now, then] = [await deps.registry.rows(past.version), await deps.registry.rows(version)];
  // states, too, return to what they were, since nobody but the stack has changed them since
  const documents = documentsOfRows(withLater(now, then));
  const done = await apply(order, { documents, base: past.version, reason: `rollback to version ${version}` }, deps);
  if (done.ok) return ok({ outcome: "restored", version: done.value.version });
  // a retired agent does not come back, nor does what today's rules refuse; neither may block the stack's rollback
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
  // the code is deployed before this order arrives, so a package with other registrations is not of this deployment
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
      // the stack is the actor; CloudTrail names, under this same ARN, who ordered the deployment
      operator: { arn: stackId, uniqueId: stackId.split("/")[2] ?? stackId },
      facts: { timeMillis: deps.clock.nowMillis(), requestId, sourceIp: "cloudformation.amazonaws.com" },
    },
    deps,
  );
