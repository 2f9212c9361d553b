import { type Change, changeOf } from "../../approvals/tool-changes/change.ts";
import { isApproved, standingNow } from "../../approvals/tool-changes/standing-now.ts";
import type { ToolChangeRequests } from "../../approvals/tool-changes/store.ts";
import type { AuditContext } from "../../audit/context.ts";
import type { Recorder } from "../../audit/record.ts";
import type { Denial } from "../../denial/denial.ts";
import { limits } from "../../model/limits.ts";
import { type Ids, nowSeconds } from "../../model/ports.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import type { ShownTool, ToolChange, ToolChangePlace } from "../../model/tool-change.ts";
import type { Admission, Asker } from "../asker.ts";
import { type DecidePorts, readFor } from "../decide.ts";
import { type Told, understandTold } from "./told.ts";

/** What telling of a served tool needs. */
export interface TellDeps extends DecidePorts {
  readonly ids: Ids;
  readonly toRecord: Recorder;
}

/**
 * How it stands with a tool that somebody told of. `pinned`: it is served as somebody looked at it, or is not pinned.
 * `unasked`: nobody is asked here. `asked`: people are. `approved`, `refused`: they have answered.
 */
interface ToldAnswer {
  readonly state: "pinned" | "unasked" | "asked" | "approved" | "refused";
  readonly approval?: string;
}

/**
 * A server, or a gateway that fronts it, tells how a tool is declared now, so that people see it and say whether it may
 * go on. The digest is computed here from the declaration that people will be shown, so that nobody shows them one and
 * has another approved (threat 69):
 *
 * whose resource it is ▸ what the registry makes of the tool ▸ whether it waits already: of any number that tell of one
 * change, one has people asked ▸ a place, of the few that a resource has ▸ stored with the caller's proof and the record,
 * in one transaction
 *
 * What is answered without having anybody asked writes nothing, like a request that attaches to what waits.
 * @returns how it stands, or `change_foreign`, `parameter_invalid`, `changes_full`, `dpop_replayed`, and what `readFor`
 * refuses
 */
export async function tellOfTool(
  told: Told,
  admission: Admission,
  { deps, audit }: { readonly deps: TellDeps; readonly audit: AuditContext },
): Promise<Result<ToldAnswer, Denial>> {
  const read = await readFor([], admission, deps);
  if (!read.ok) return read;
  const { asker, registry } = read.value;
  audit.add({ agent: asker.agent, assurance: asker.assurance, registryVersion: registry.version });
  audit.authenticated = true;
  const resource = registry.resource(told.server);
  if (!resource || !registry.mayAskAbout(asker.agent, resource))
    return err({ code: "change_foreign", server: told.server });
  const own = resource.tools?.find(({ name }) => name === told.tool.name);
  const understood = await understandTold(told, resource);
  if (!understood.ok) return understood;
  const served = { server: told.server, tool: told.tool.name, ...understood.value };
  if (own && (!own.digests || own.digests.includes(served.digest))) return ok({ state: "pinned" });
  const { changes } = deps;
  const change = changeOf(served, registry);
  if (!changes || !change) return ok({ state: "unasked" });
  return ask({ served, change, asker }, registry, { deps: { ...deps, changes }, audit });
}

interface Asking {
  readonly served: ShownTool & Pick<ToolChange, "server" | "tool">;
  readonly change: Change;
  readonly asker: Asker;
}

/** How often places are looked at again, after another took the one that was free. */
const tries = 4;

async function ask(
  { served, change, asker }: Asking,
  registry: RegistrySnapshot,
  way: {
    readonly deps: TellDeps & { readonly changes: ToolChangeRequests };
    readonly audit: AuditContext;
  },
): Promise<Result<ToldAnswer, Denial>> {
  const { deps, audit } = way;
  const { requestHash, rule, kind } = change;
  const full = err({ code: "changes_full", server: served.server } as const);
  for (let attempt = 0; attempt < tries; attempt++) {
    const now = nowSeconds(deps.clock);
    const places = await deps.changes.places(served.server);
    const same = [...places.values()].find((one) => one.requestHash === requestHash && one.expiresAtSeconds > now);
    if (same) return answerOf(same, registry, deps);
    const place = freePlace(places, registry, now);
    if (!place) return full;
    const id = `tc_${deps.ids.id()}`;
    const times = { createdAtSeconds: now, expiresAtSeconds: now + limits.toolChangeLifeSeconds };
    const waiting: ToolChange = { id, ...served, requestHash, kind, ...rule, agent: asker.agent, ...times };
    audit.add({ approval: { id, requestHash, ...rule, resources: [served.server] } });
    audit.add({ decisions: [decisionOf(waiting)], expiresAtSeconds: times.expiresAtSeconds });
    const record = deps.toRecord({ ...audit.facts, outcome: "allowed" }, deps.ids.id());
    const asking = { change: waiting, place, replayEntries: asker.replayEntries, record };
    const stored = await deps.changes.ask(asking);
    if (stored.ok) return ok({ state: "asked", approval: id });
    if (stored.error.kind === "replay") return err({ code: "dpop_replayed" });
  }
  return full;
}

/** The served tool, as the record of every refused call names it. */
const decisionOf = ({ server: resource, tool, digest, kind }: ToolChange) => ({
  ...{ resource, tool, digest, decision: false },
  code: kind === "changed" ? ("tool_changed" as const) : ("tool_unknown" as const),
});

/**
 * A place that nothing stands in, or what has ended or was overtaken by the registry. An approved one keeps its place
 * until an apply names it: who never applies has nobody asked any more.
 */
function freePlace(
  places: ReadonlyMap<number, ToolChangePlace>,
  registry: RegistrySnapshot,
  now: number,
): { readonly number: number; readonly was?: string } | undefined {
  for (let number = 0; number < limits.toolChangesOfResource; number++) {
    const there = places.get(number);
    if (!there) return { number };
    if (there.expiresAtSeconds <= now || changeOf(there, registry)?.requestHash !== there.requestHash)
      return { number, was: there.id };
  }
  return undefined;
}

async function answerOf(
  place: ToolChangePlace,
  registry: RegistrySnapshot,
  deps: TellDeps & { readonly changes: ToolChangeRequests },
): Promise<Result<ToldAnswer, Denial>> {
  const standing = await standingNow(place, registry, deps);
  if (!standing.ok) return standing;
  const { value } = standing;
  const state = value.state === "refused" ? "refused" : isApproved(value) ? "approved" : "asked";
  return ok({ state, approval: place.id });
}
