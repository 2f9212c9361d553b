import { type AdminOrder, readOrder } from "../admin/revoke/order.ts";
import { planRevocation } from "../admin/revoke/plan.ts";
import { type RevocationTargets, targetThere } from "../admin/revoke/target.ts";
import { type AuditContext, startAudit } from "../audit/context.ts";
import { type DenyDeps, deny } from "../audit/deny.ts";
import type { Denial } from "../denial/denial.ts";
import type { Operator } from "../model/operator.ts";
import { isPerson, newPersonKey, type PersonKey, type PersonKeyMaker } from "../model/person-key.ts";
import { ok, type Result } from "../model/result.ts";
import type { Call, Reply } from "../model/wire.ts";
import type { RevocationStore } from "../session/store.ts";

/** What revocation by operators needs. */
interface AdminRevokeDeps extends DenyDeps {
  readonly trustDomain: string;
  readonly revocations: RevocationStore;
  readonly targets: RevocationTargets;
  readonly people: PersonKeyMaker;
}

/**
 * Revokes a session (its whole subtree with it), an agent, a principal, a build or the deployment, or lifts a block, or
 * erases a person from the audit, or confirms that an agent's owner is still there:
 *
 * 1. **caller**: the one that IAM authenticated; its URL admits only the stage's roles for this duty (threat 49)
 * 2. **read** the order, bounded, strictly parsed (`admin/revoke/order.ts`)
 * 3. **look** whether what it names exists: an order about something that does not exist writes nothing and is refused.
 *    A principal or a build that was never seen can be blocked in advance, by `unseen` (`admin/revoke/target.ts`)
 * 4. **plan** what is written (`admin/revoke/plan.ts`). A revocation cuts (everything that exists ends at once) and,
 *    except for a session or with `cutOnly`, blocks (nothing new is issued) until an operator lifts the block; or, of an
 *    agent with `quarantine`, leaves it what its registration says for that case, until that is lifted. The
 *    revocation of a root session also denylists the person's login that opened it, for that agent: every root of that
 *    login ends with it, and none can be opened by it any more (`admin/revoke/denylist.ts`). Lifting a session clears
 *    the login; the session stays over. An erasure deletes the person's key, and cuts (`admin/revoke/erase.ts`)
 * 5. **write** it with its record, in ONE transaction without a condition: nothing that happens at the same time can
 *    keep a revocation from being written (threat 6)
 *
 * @returns 200 with what was done; denials `caller_not_authorized`, `target_unknown`, `cut_only_unprovable`, and those
 * of reading the order
 */
export function createAdminRevokeEndpoint(
  deps: AdminRevokeDeps,
): (call: Call, operator: Operator | undefined) => Promise<Reply> {
  return async (call, operator) => {
    const audit = startAudit(call, "revoke", deps.clock);
    // 1. caller
    if (!operator) return deny(deps, { code: "caller_not_authorized", why: "no IAM identity" }, audit);
    audit.add({ operator });
    audit.authenticated = true;
    // 2. read
    const order = readOrder(call, deps.trustDomain);
    if (!order.ok) return deny(deps, order.error, audit);
    const { verb, kind, id, reason, quarantine } = order.value;
    audit.add({ operation: operations[verb], target: `${kind}:${id}`, reason });
    if (quarantine) audit.add({ quarantine });
    const carried = await carryOut(order.value, deps, audit);
    if (!carried.ok) return deny(deps, carried.error, audit);
    const body = { [done[verb]]: { [kind]: id }, ...carried.value };
    return { status: 200, contentType: "application/json", body: JSON.stringify(body) };
  };
}

const operations = { revoke: "revoke", lift: "lift", erase: "person.erase", confirm: "owner.confirm" } as const;
const done = { revoke: "revoked", lift: "lifted", erase: "erased", confirm: "confirmed" } as const;

async function carryOut(
  order: AdminOrder,
  deps: AdminRevokeDeps,
  audit: AuditContext,
): Promise<Result<object, Denial>> {
  const { kind } = order;
  // 3. look
  const there = kind === "session" ? ok(undefined) : await targetThere({ ...order, kind }, deps.targets);
  // of a person whose sessions were over long ago, only the key is left
  if (!there.ok && !(order.verb === "erase" && (await deps.people.keyOf(order.id)))) return there;
  // 4. plan
  const planned = await planRevocation(order, deps, audit);
  if (!planned.ok) return planned;
  // 5. write
  const person = kind === "principal" ? order.id : audit.facts.principal;
  const personKey = order.verb === "erase" ? undefined : await keyOf(person, deps);
  const facts = { ...audit.facts, ...(personKey ? { personKey } : {}), outcome: "allowed" } as const;
  const record = deps.toRecord(facts, deps.ids.id());
  const written = await deps.revocations.revoke({ ...planned.value.change, replayEntries: [], record });
  if (!written.ok) throw new Error(`a revocation without conditions met a conflict: ${written.error.kind}`);
  return ok(planned.value.answer);
}

/**
 * The key under which the record says why; made for a person of whom nothing was said yet, before and beside the order,
 * whose transaction has no condition. Where that fails the reason is withheld, and the order is carried out all the
 * same (threat 6).
 */
async function keyOf(person: string | undefined, deps: AdminRevokeDeps): Promise<PersonKey | undefined> {
  if (person === undefined || !isPerson(person)) return undefined;
  try {
    return (await deps.people.keyOf(person)) ?? (await deps.people.keep(newPersonKey(person, deps)));
  } catch {
    return undefined;
  }
}
