import { ringsNow } from "../admin/rotate/rings.ts";
import { readWish } from "../admin/rotate/wish.ts";
import { startAudit } from "../audit/context.ts";
import { type DenyDeps, deny } from "../audit/deny.ts";
import type { AuditRecord } from "../audit/record.ts";
import type { Denial } from "../denial/denial.ts";
import { longestCacheSeconds } from "../model/key-times.ts";
import type { Operator } from "../model/operator.ts";
import { type KeyPurpose, nowSeconds, type SigningAlgorithm, usualAlgorithm } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Call, Reply } from "../model/wire.ts";
import type { Ring, RotationOrder } from "../ring/model.ts";
import type { RingView } from "../ring/ports.ts";
import { withoutSuccessor } from "../ring/successor.ts";

/** Stores orders to the rotator. It cannot write a ring. */
export interface OrderStore {
  view(purpose: KeyPurpose): Promise<Pick<RingView, "ring" | "order">>;
  /**
   * Stores an order and its record in one transaction, if the last order is still `before`.
   * @returns false when somebody else stored one first
   */
  put(order: RotationOrder, before: string | undefined, record: AuditRecord): Promise<boolean>;
}

/** What rotation by operators needs. */
interface AdminRotateDeps extends DenyDeps {
  readonly orders: OrderStore;
}

/**
 * Orders an early rotation, or an emergency, after which no signature of the suspect key counts. `POST /` with `{
 * "rotate": { "purpose", "kid"? }, "emergency"?, "reason" }` → 202 with the order's id:
 *
 * 1. **caller**: the one that IAM authenticated; its URL admits only the stage's roles for this duty (threat 49). `GET
 *    /` is answered here with the state of all keys and which orders were handled (`admin/rotate/rings.ts`)
 * 2. **read** the wish, bounded, strictly parsed (`admin/rotate/wish.ts`)
 * 3. **look** at the ring and the last order; a key that the wish names must be in the ring
 * 4. **refuse** an order that cannot be carried out, since no key known to verifiers could replace the suspect ones
 *    (`successor_missing`), and one that would replace an order not carried out yet. An emergency may replace a plain
 *    rotation; nothing may replace an emergency
 * 5. **put** the order and its record in ONE transaction, if the last order is still the one that was read
 *
 * The order is only stored here. The rotator, which has no URL, reads it from its stream and carries it out.
 */
export function createAdminRotateEndpoint(
  deps: AdminRotateDeps,
): (call: Call, operator: Operator | undefined) => Promise<Reply> {
  return async (call, operator) => {
    const audit = startAudit(call, "key.order", deps.clock);
    // 1. caller
    if (!operator) return deny(deps, { code: "caller_not_authorized", why: "no IAM identity" }, audit);
    audit.add({ operator });
    audit.authenticated = true;
    if (call.path === "/" && call.method === "GET")
      return reply(200, { rings: await ringsNow((purpose) => deps.orders.view(purpose)) });
    // 2. read
    const wish = readWish(call);
    if (!wish.ok) return deny(deps, wish.error, audit);
    const { purpose, kind, kid, reason } = wish.value;
    audit.add({ target: `key:${purpose}${kid === undefined ? "" : `/${kid}`}`, reason: `${kind}: ${reason}` });
    const order = { ...wish.value, id: deps.ids.id(), operator, atSeconds: nowSeconds(deps.clock) };
    const put = await putOrder(order, deps, deps.toRecord({ ...audit.facts, outcome: "allowed" }, deps.ids.id()));
    if (!put.ok) return deny(deps, put.error, audit);
    return reply(202, { order: order.id, ordered: { purpose, kind, ...(kid === undefined ? {} : { kid }) } });
  };
}

async function putOrder(
  order: RotationOrder,
  deps: AdminRotateDeps,
  record: AuditRecord,
): Promise<Result<void, Denial>> {
  const why = "an order about these keys is not carried out yet";
  const pending = { code: "parameter_invalid", name: "purpose", why } as const;
  // 3. look
  const { ring, order: last } = await deps.orders.view(order.purpose);
  if (order.kid !== undefined && !ring?.keys.some(({ kid }) => kid === order.kid))
    return err({ code: "target_unknown", target: order.kid, why: "foreign" });
  // 4. refuse
  const isOpen = last !== undefined && last.id !== ring?.handledOrder;
  const unsafe = lacking(order, ring);
  if (unsafe.length > 0) return err({ code: "successor_missing", purpose: order.purpose, algorithms: unsafe });
  if (isOpen && (last.kind === "emergency" || order.kind === "rotate")) return err(pending);
  // 5. put
  return (await deps.orders.put(order, last?.id, record)) ? ok(undefined) : err(pending);
}

/**
 * Algorithms that would be left without a key. A rotation that cannot be finished is refused, like an emergency after
 * which no key could sign.
 */
function lacking(order: RotationOrder, ring: Ring | undefined): readonly SigningAlgorithm[] {
  // before the rotator's first run there are no standby keys
  if (!ring) return [usualAlgorithm[order.purpose]];
  const keys = withoutSuccessor(ring, order, { nowSeconds: order.atSeconds, waitSeconds: longestCacheSeconds });
  return [...new Set(keys.map(({ alg }) => alg))];
}

const reply = (status: number, body: object): Reply => ({
  status,
  contentType: "application/json",
  body: JSON.stringify(body),
});
