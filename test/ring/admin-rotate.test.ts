import { beforeEach, describe, expect, it } from "vitest";
import type { AuditRecord } from "../../core/audit/record.ts";
import { createAdminRotateEndpoint } from "../../core/endpoints/admin-rotate.ts";
import { longestCacheSeconds } from "../../core/model/key-times.ts";
import type { KeyPurpose } from "../../core/model/ports.ts";
import type { Call } from "../../core/model/wire.ts";
import type { Ring, RingKey, RotationOrder } from "../../core/ring/model.ts";
import { randomIds } from "../kit/keys.ts";
import { aggregateInto } from "../kit/memory/aggregate.ts";
import { toRecord } from "../kit/records.ts";

const operator = { arn: "arn:aws:sts::111122223333:assumed-role/operator/ada", uniqueId: "AROAEXAMPLE" };
const kid = "k".repeat(43);
const orders = new Map<KeyPurpose, RotationOrder>();
const rings = new Map<KeyPurpose, Ring>();
const records: AuditRecord[] = [];
let meanwhile: (() => void) | undefined;

const endpoint = createAdminRotateEndpoint({
  clock: { nowMillis: () => 1_800_000_000_000 },
  ids: randomIds,
  toRecord,
  outbox: { put: async (record) => void records.push(record) },
  aggregate: aggregateInto([]),
  orders: {
    view: async (purpose) => {
      const [ring, order] = [rings.get(purpose), orders.get(purpose)];
      return { ...(ring ? { ring } : {}), ...(order ? { order } : {}) };
    },
    put: async (order, before, record) => {
      meanwhile?.();
      if (orders.get(order.purpose)?.id !== before) return false;
      orders.set(order.purpose, order);
      records.push(record);
      return true;
    },
  },
});
const send = async (body: unknown, more: Partial<Call> = {}, who: typeof operator | undefined = operator) => {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const call = {
    method: "POST",
    url: "https://x/",
    path: "/",
    contentType: "application/json",
    body: text,
    dpop: [],
    requestId: "r",
  };
  const reply = await endpoint({ ...call, ...more }, who);
  return { status: reply.status, body: JSON.parse(reply.body) as Record<string, unknown> };
};
const emergency = { rotate: { purpose: "session" }, emergency: true, reason: "seen elsewhere" };
const plain = { rotate: { purpose: "session" }, reason: "before its time" };

const now = 1_800_000_000;
const active: RingKey = { kid, keyArn: "arn:key", alg: "ES256", state: "active", createdAtSeconds: 0 };
const standby: RingKey = { ...active, kid: "s".repeat(43), state: "published", publishedAtSeconds: 0 };
const setKeys = (...keys: readonly RingKey[]) =>
  rings.set("session", { purpose: "session", version: 3, keys, intents: [], switching: [] });

beforeEach(() => {
  orders.clear();
  rings.clear();
  records.length = 0;
  meanwhile = undefined;
  setKeys(active, standby);
});

describe("an order about keys", () => {
  it("is written down with the operator whom IAM proved, beside its record", async () => {
    const { status, body } = await send(emergency);
    expect([status, body.ordered]).toEqual([202, { purpose: "session", kind: "emergency" }]);
    expect(orders.get("session")).toMatchObject({
      id: body.order,
      kind: "emergency",
      operator,
      reason: "seen elsewhere",
    });
    const [record] = records;
    expect(JSON.parse(record?.body ?? "")).toMatchObject({
      metadata: { event_code: "key.order" },
      entity: { uid: "key:session", type: "key" },
      unmapped: { lanyard: { operator_arn: operator.arn, outcome: "allowed" } },
    });
  });

  it("waits for the one before, unless it is an emergency and that one is none", async () => {
    await send(plain);
    expect((await send(plain)).status).toBe(400);
    expect((await send(emergency)).status).toBe(202);
    // nothing pushes an emergency aside
    expect((await send(plain)).status).toBe(400);
    expect((await send(emergency)).status).toBe(400);
    expect(orders.get("session")?.kind).toBe("emergency");
  });

  it("can follow as soon as the one before was taken up", async () => {
    const { body } = await send(emergency);
    const ring = rings.get("session");
    if (ring) rings.set("session", { ...ring, handledOrder: String(body.order) });
    expect((await send(plain)).status).toBe(202);
  });

  it("loses to another that was written at the same instant, and says so", async () => {
    meanwhile = () =>
      orders.set("session", { ...emergency, purpose: "session", kind: "rotate", id: "other", operator, atSeconds: 0 });
    expect((await send(emergency)).status).toBe(400);
    expect(orders.get("session")?.id).toBe("other");
  });

  it("shows how the keys stand and what waits, to operators alone", async () => {
    await send(emergency);
    const { body } = await send("", { method: "GET" });
    expect(body).toMatchObject({
      rings: { session: { keys: [{ kid, state: "active" }, { state: "published" }], pending: { kind: "emergency" } } },
    });
    const stranger = await endpoint(
      { method: "GET", path: "/", url: "", body: "", contentType: undefined, dpop: [], requestId: "r" },
      undefined,
    );
    expect(stranger.status).toBe(403);
  });
});

/** A rotator that cannot make keys must never be made to disable the only one. */
describe("an order is refused before anything is disabled when nothing could sign instead", () => {
  const rsa: RingKey = { ...active, kid: "r".repeat(43), alg: "RS256" };
  const young: RingKey = { ...standby, publishedAtSeconds: now - longestCacheSeconds + 1 };
  it.each<[string, readonly RingKey[]]>([
    ["there is no other key", [active]],
    ["the other is known to nobody yet", [active, { ...standby, state: "created" }]],
    ["the other is not yet in every verifier's cache", [active, young]],
    ["the other signs no longer", [active, { ...standby, state: "retired", retiredAtSeconds: 0 }]],
    ["the other is distrusted itself", [active, { ...standby, state: "distrusted", retiredAtSeconds: 0 }]],
    ["the other is of another algorithm", [active, { ...standby, alg: "RS256" }]],
    ["one of two algorithms has none", [active, standby, rsa]],
  ])("%s", async (_, keys) => {
    setKeys(...keys);
    for (const order of [emergency, plain]) {
      const { status, body } = await send(order);
      expect([status, body.error]).toEqual([409, "successor_missing"]);
      expect(body.error_description).toContain("nothing was changed");
      expect(body.error_description).toContain("lanyard keys");
    }
    expect(orders.size).toBe(0);
    expect(records.map(({ eventId }) => eventId.startsWith("denied#"))).toEqual([true, true]);
  });

  it("the rotator has not come once", async () => {
    rings.clear();
    expect((await send(emergency)).body.error).toBe("successor_missing");
    expect(orders.size).toBe(0);
  });

  it("and not when the key it names signs nothing, or has a successor although another has none", async () => {
    setKeys(active, { ...active, kid: "t".repeat(43), state: "retired", retiredAtSeconds: now });
    expect((await send({ ...emergency, rotate: { purpose: "session", kid: "t".repeat(43) } })).status).toBe(202);
    orders.clear();
    setKeys(active, standby, rsa);
    expect((await send({ ...emergency, rotate: { purpose: "session", kid } })).status).toBe(202);
    orders.clear();
    setKeys(active, { ...young, publishedAtSeconds: now - longestCacheSeconds });
    expect((await send(emergency)).status).toBe(202);
  });
});

describe("an order is refused", () => {
  it.each<[string, unknown, number]>([
    ["with no reason", { rotate: { purpose: "session" } }, 400],
    ["with an empty reason", { ...plain, reason: "  " }, 400],
    ["with a reason of a novel's length", { ...plain, reason: "x".repeat(257) }, 400],
    ["for the seal, whose keys do not rotate", { ...plain, rotate: { purpose: "seal" } }, 400],
    ["for an inherited purpose", { ...plain, rotate: { purpose: "constructor" } }, 400],
    ["for no purpose", { ...plain, rotate: {} }, 400],
    ["with an emergency that is no boolean", { ...plain, emergency: "false" }, 400],
    ["with a member nobody knows", { ...plain, force: true }, 400],
    ["with a member of its target nobody knows", { ...plain, rotate: { purpose: "session", alg: "none" } }, 400],
    ["with a kid that is none", { ...emergency, rotate: { purpose: "session", kid: "../x" } }, 400],
    ["with a kid of no key of the ring", { ...emergency, rotate: { purpose: "session", kid: "z".repeat(43) } }, 404],
    ["with two bodies in one", '{"rotate":{"purpose":"session"},"rotate":{"purpose":"status"},"reason":"r"}', 400],
    ["with a list", [], 400],
    ["with nothing", "", 400],
  ])("%s, and nothing is written down", async (_, body, status) => {
    expect((await send(body)).status).toBe(status);
    expect(orders.size).toBe(0);
  });

  it("as anything but JSON by POST at the root", async () => {
    expect((await send(plain, { contentType: "text/plain" })).status).toBe(415);
    expect((await send(plain, { method: "PUT" })).status).toBe(405);
    expect((await send(plain, { path: "/rotate" })).status).toBe(404);
    expect(orders.size).toBe(0);
  });

  it("threat 18: without an identity the platform vouches for", async () => {
    const call = {
      method: "POST",
      url: "",
      path: "/",
      contentType: "application/json",
      body: JSON.stringify(emergency),
      dpop: [],
      requestId: "r",
    };
    expect((await endpoint(call, undefined)).status).toBe(403);
    expect(orders.size).toBe(0);
  });
});
