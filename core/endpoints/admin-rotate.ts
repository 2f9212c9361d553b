import { asObject, invalidMember, readObject } from "../admin/read-body.ts";
import { startAudit } from "../audit/context.ts";
import { type DenyDeps, deny } from "../audit/deny.ts";
import { toRecord } from "../audit/ocsf.ts";
import type { AuditRecord } from "../audit/record.ts";
import type { Denial } from "../denial/denial.ts";
import { longestCacheSeconds } from "../model/key-times.ts";
import { limits } from "../model/limits.ts";
import type { Operator } from "../model/operator.ts";
import { type KeyPurpose, nowSeconds, type SigningAlgorithm } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Call, Reply } from "../model/wire.ts";
import type { Ring, RotationOrder } from "../ring/model.ts";
import type { RingView } from "../ring/ports.ts";
import { withoutSuccessor } from "../ring/successor.ts";

/** Where orders to the rotator are put; it writes no ring. */
export interface OrderStore {
  view(purpose: KeyPurpose): Promise<Pick<RingView, "ring" | "order">>;
  /**
   * Puts an order and its record in one transaction, if the last order is still the one before.
   * @returns false when somebody else put one first
   */
  put(order: RotationOrder, before: string | undefined, record: AuditRecord): Promise<boolean>;
}

/** What rotation by operators stands on. */
interface AdminRotateDeps extends DenyDeps {
  readonly orders: OrderStore;
}

const purposes = ["identity", "session", "status", "events"] as const satisfies readonly KeyPurpose[];
type Wish = Pick<RotationOrder, "purpose" | "kind" | "reason" | "kid">;

/**
 * Orders a rotation before its time, or an emergency: the suspect key counts for nothing from now on. `POST /` with
 * `{ "rotate": { "purpose", "kid"? }, "emergency"?, "reason" }` → 202 with the order's id; `GET /` → how all keys stand,
 * and which orders were taken up. The order is only written down here; the rotator, which has no URL, sees it in its
 * stream and acts. An order for keys that nothing known to verifiers could replace is refused (`successor_missing`).
 */
export function createAdminRotateEndpoint(
  deps: AdminRotateDeps,
): (call: Call, operator: Operator | undefined) => Promise<Reply> {
  return async (call, operator) => {
    const audit = startAudit(call, "key.order", deps.clock);
    if (!operator) return deny(deps, { code: "caller_not_authorized", why: "no IAM identity" }, audit);
    audit.add({ operator });
    audit.authenticated = true;
    if (call.path === "/" && call.method === "GET") return reply(200, { rings: await ringsNow(deps) });
    const wish = readWish(call);
    if (!wish.ok) return deny(deps, wish.error, audit);
    const { purpose, kind, kid, reason } = wish.value;
    audit.add({ target: `key:${purpose}${kid === undefined ? "" : `/${kid}`}`, reason: `${kind}: ${reason}` });
    const order = { ...wish.value, id: deps.ids.id(), operator, atSeconds: nowSeconds(deps.clock) };
    const put = await putOrder(order, deps, toRecord({ ...audit.facts, outcome: "allowed" }, deps.ids.id()));
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
  const { ring, order: last } = await deps.orders.view(order.purpose);
  if (order.kid !== undefined && !ring?.keys.some(({ kid }) => kid === order.kid))
    return err({ code: "target_unknown", target: order.kid, why: "foreign" });
  const isOpen = last !== undefined && last.id !== ring?.handledOrder;
  const unsafe = lacking(order, ring);
  if (unsafe.length > 0) return err({ code: "successor_missing", purpose: order.purpose, algorithms: unsafe });
  // an emergency pushes a plain rotation aside; nothing pushes an emergency aside
  if (isOpen && (last.kind === "emergency" || order.kind === "rotate")) return err(pending);
  return (await deps.orders.put(order, last?.id, record)) ? ok(undefined) : err(pending);
}

/** A rotation nobody can finish is refused like an emergency that would leave nobody to sign. */
function lacking(order: RotationOrder, ring: Ring | undefined): readonly SigningAlgorithm[] {
  // until the rotator has come once there are no standbys of any kind
  if (!ring) return ["ES256"];
  const keys = withoutSuccessor(ring, order, order.atSeconds, longestCacheSeconds);
  return [...new Set(keys.map(({ alg }) => alg))];
}

async function ringsNow(deps: AdminRotateDeps): Promise<Record<string, object>> {
  const views = await Promise.all(purposes.map((purpose) => deps.orders.view(purpose)));
  return Object.fromEntries(purposes.map((purpose, i) => [purpose, stand(views[i] ?? {})]));
}

const stand = ({ ring, order }: { readonly ring?: Ring; readonly order?: RotationOrder }): object => ({
  keys: (ring?.keys ?? []).map(({ disabledAtSeconds: _, ...key }) => key),
  ...(order && order.id !== ring?.handledOrder ? { pending: { order: order.id, kind: order.kind } } : {}),
  ...(ring?.handledOrder === undefined ? {} : { handled: ring.handledOrder }),
  ...(ring?.refusedOrder === undefined ? {} : { refused: ring.refusedOrder }),
  switching: ring?.switching ?? [],
});

const reply = (status: number, body: object): Reply => ({
  status,
  contentType: "application/json",
  body: JSON.stringify(body),
});

function readWish(call: Call): Result<Wish, Denial> {
  if (call.path !== "/") return err({ code: "not_found", path: call.path.slice(0, 100) });
  if (call.method !== "POST") return err({ code: "method_not_allowed", method: call.method, allow: "GET, POST" });
  const read = readObject(call, ["rotate", "emergency", "reason"], limits.requestBodyBytes);
  if (!read.ok) return read;
  const body = read.value;
  const rotate = asObject(body.rotate);
  if (!rotate) return err({ code: "malformed_request", what: "send a JSON object with rotate" });
  const strange = Object.keys(rotate).find((name) => !["purpose", "kid"].includes(name));
  if (strange !== undefined) return invalidMember(strange, "unknown member");
  const purpose = purposes.find((known) => known === rotate.purpose);
  if (!purpose) return invalidMember("purpose", `one of ${purposes.join(", ")}`);
  const { kid } = rotate;
  if (kid !== undefined && (typeof kid !== "string" || !/^[A-Za-z0-9_-]{43}$/.test(kid)))
    return invalidMember("kid", "a key's RFC 7638 thumbprint");
  const { reason, emergency = false } = body;
  if (typeof emergency !== "boolean") return invalidMember("emergency", "true or false");
  if (typeof reason !== "string" || reason.trim() === "" || reason.length > limits.purposeCharacters)
    return invalidMember("reason", `say why, in 1 to ${limits.purposeCharacters} characters`);
  const named = kid === undefined ? {} : { kid };
  return ok({ purpose, kind: emergency ? "emergency" : "rotate", reason, ...named });
}
