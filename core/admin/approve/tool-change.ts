import { type Change, changeOf, partiesOf } from "../../approvals/tool-changes/change.ts";
import { changeStanding } from "../../approvals/tool-changes/standing.ts";
import type { ShownToolChanges } from "../../approvals/tool-changes/store.ts";
import type { Denial } from "../../denial/denial.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import type { ToolChange } from "../../model/tool-change.ts";
import { ownersOf } from "../../person/owner.ts";
import { parseBoundedJson } from "../../text/json.ts";
import { toolDigest } from "../../tools/digest.ts";
import { maySee } from "./rules.ts";
import type { Looking, Waiting } from "./waiting.ts";

/**
 * Finds a served tool that waits for a group of the person's.
 * @returns it, or `approval_foreign`
 */
export async function findChange(
  id: string,
  looking: Looking,
  changes: ShownToolChanges,
): Promise<Result<Waiting, Denial>> {
  const { approver, registry } = looking;
  const found = maySee(approver, await changes.change(id), id);
  if (!found.ok) return found;
  const pending = found.value;
  const { agent, requestHash, group, needed, server, tool, digest } = pending;
  const genuine = await genuineOf(pending, registry);
  const decisions = await changes.decisions(id);
  const owners = ownersOf(partiesOf(pending, registry), registry);
  const standing = genuine && changeStanding(pending, { decisions, owners }, registry);
  const state = standing?.state ?? "overtaken";
  const approvers = standing?.state === "asked" ? standing.approvers : [];
  return ok({
    pending,
    facts: {
      ...{ agent, approval: { id, requestHash, group, needed, resources: [server] } },
      decisions: [{ resource: server, tool, digest, decision: false }],
    },
    approvals: approvers.length,
    may: mayDecide({ pending, state, isOwner: owners.includes(approver.principal) }, looking),
    shown: {
      ...shown(pending, genuine),
      decisions: decisions.map(({ verdict, approver: who, proof, atSeconds }) => ({
        ...{ verdict, approver: who, proof, atSeconds },
      })),
      state: state !== "asked" ? state : approvers.length >= needed ? "approved" : "open",
    },
    isAgents: false,
  });
}

/** Lines of the served tools that wait for a group, without those that are over. */
export async function listChanges(
  group: string,
  {
    nowSeconds,
    most,
    registry,
  }: { readonly nowSeconds: number; readonly most: number; readonly registry: RegistrySnapshot },
  changes: ShownToolChanges,
) {
  const items = await changes.waiting(group, nowSeconds, most);
  const said = await Promise.all(items.map(({ id }) => changes.decisions(id)));
  return items.flatMap((pending, n) => {
    const owners = ownersOf(partiesOf(pending, registry), registry);
    const standing = changeStanding(pending, { decisions: said[n] ?? [], owners }, registry);
    if (standing.state !== "asked" || standing.approvers.length >= pending.needed) return [];
    return [{ ...listed(pending), approvals: standing.approvers.length }];
  });
}

/**
 * What the registry makes of it, where the row says the same: the function that stored it is another, and its word is
 * not taken for what people are shown (threat 69). Nobody is shown a declaration that is not the digest's.
 */
async function genuineOf(pending: ToolChange, registry: RegistrySnapshot): Promise<Change | undefined> {
  const change = changeOf(pending, registry);
  if (!change || change.requestHash !== pending.requestHash || change.kind !== pending.kind) return undefined;
  if (change.rule.group !== pending.group || change.rule.needed !== pending.needed) return undefined;
  const digest = await digestIn(pending.definition);
  if (digest !== pending.digest) return undefined;
  if (pending.former === undefined) return change;
  const former = await digestIn(pending.former);
  return former !== undefined && change.pinned.includes(former) ? change : undefined;
}

/** Deeper than any declaration (`tools/declaration.ts`). */
const depth = 66;

async function digestIn(text: string): Promise<string | undefined> {
  const json = parseBoundedJson(text, depth);
  const digest = json.ok ? await toolDigest(json.value) : undefined;
  return digest?.ok ? digest.value : undefined;
}

interface Deciding {
  readonly pending: ToolChange;
  readonly state: "overtaken" | "refused" | "asked";
  readonly isOwner: boolean;
}

/**
 * Who owns the server, a gateway before it, or who told, decides neither way. Approvals of others do not bind: as long
 * as it holds, anybody else of the group may still refuse it, which takes it back.
 */
function mayDecide({ pending, state, isOwner }: Deciding, { nowSeconds }: Looking): Result<void, Denial> {
  const { id, expiresAtSeconds } = pending;
  if (isOwner) return err({ code: "approver_involved", as: "owner" });
  if (expiresAtSeconds <= nowSeconds) return err({ code: "approval_over", id, how: "expired" });
  return state === "asked" ? ok(undefined) : err({ code: "approval_over", id, how: state });
}

/** One line of a list. */
const listed = ({ id, requestHash, group, needed, agent, server, tool, digest, kind, from, ...times }: ToolChange) => ({
  ...{ kind: "tool-change", id, digest: requestHash, group, needed, agent, server, tool, toolDigest: digest },
  ...{ change: kind, ...(from === undefined ? {} : { from }) },
  ...{ createdAtSeconds: times.createdAtSeconds, expiresAtSeconds: times.expiresAtSeconds },
});

/** Everything that is approved: the declaration as it is served, that before it, and what a call of it will take. */
const shown = (pending: ToolChange, genuine: Change | undefined) => ({
  ...listed(pending),
  ...(genuine
    ? { definition: pending.definition, ...(pending.former === undefined ? {} : { former: pending.former }) }
    : {}),
  ...(genuine ? { pinned: genuine.pinned, scopes: genuine.becomes.scopes } : {}),
});
