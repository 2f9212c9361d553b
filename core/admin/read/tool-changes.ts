import { isApproved, standingNow } from "../../approvals/tool-changes/standing-now.ts";
import type { ToolChangeReads } from "../../approvals/tool-changes/store.ts";
import type { Denial } from "../../denial/denial.ts";
import type { ResourceRegistration } from "../../model/resource-registration.ts";
import { ok, type Result } from "../../model/result.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import { appliedRegistry } from "./applied-registry.ts";
import type { AdminReadDeps, Route } from "./route.ts";

/**
 * `GET /tool-changes`: tools that are served otherwise than they are pinned, by the registry as it is: whom it asks about
 * them, what was answered, and what an approved one is taken for. One that an apply overtook, or that has ended, is left
 * out. Denial: `liveness_unavailable`.
 */
export const toolChangesRoute: Route = {
  template: "/tool-changes",
  pattern: /^\/tool-changes$/,
  parameters: [],
  async answer(_, deps) {
    const { changes } = deps;
    const registry = await appliedRegistry(deps);
    const items: object[] = [];
    for (const resource of changes ? registry.resources.filter(({ toolChanges }) => toolChanges) : []) {
      const found = await changesOf(resource, registry, { ...deps, changes: changes as ToolChangeReads });
      if (!found.ok) return found;
      items.push(...found.value);
    }
    return ok({ items });
  },
};

async function changesOf(
  { uri, name: resource }: ResourceRegistration,
  registry: RegistrySnapshot,
  { clock, queries: store, changes }: AdminReadDeps & { readonly changes: ToolChangeReads },
): Promise<Result<readonly object[], Denial>> {
  const items: object[] = [];
  for (const place of (await changes.places(uri)).values()) {
    const standing = await standingNow(place, registry, { clock, store, changes });
    if (!standing.ok) return standing;
    const { value } = standing;
    if (value.state === "expired" || value.state === "overtaken") continue;
    const { id, tool, digest, from, agent, createdAtSeconds, expiresAtSeconds } = place;
    const { kind, rule, becomes } = value.change;
    items.push({
      ...{ id, resource, tool, digest, change: kind, ...(from === undefined ? {} : { from }), agent, ...rule },
      ...{ scopes: becomes.scopes, ...(becomes.details ? { details: becomes.details } : {}) },
      state: value.state === "refused" ? "refused" : isApproved(value) ? "approved" : "asked",
      approvals: value.state === "asked" ? value.approvers.length : 0,
      ...{ createdAtSeconds, expiresAtSeconds },
    });
  }
  return ok(items);
}
