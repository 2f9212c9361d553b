import { describe, expect, test } from "vitest";
import { id, offer, record, replayEntry, session } from "../../samples.ts";
import { raw, setUp, store } from "./ground.ts";

setUp();

/** A session of a redeemed offer, bound to `jkt`. */
async function redeemed(jkt = "was") {
  const held = offer(session());
  const child = session({ root: held.root, depth: 1, jkt });
  await store.commit({ offer: held, replayEntries: [], record: record() });
  const redeem = { root: held.root, handleHash: held.handleHash, sid: child.sid, jkt };
  expect((await store.commit({ redeem, session: child, replayEntries: [], record: record() })).ok).toBe(true);
  return { root: held.root, sid: child.sid, handleHash: held.handleHash };
}
type Place = Awaited<ReturnType<typeof redeemed>>;
const takeOver = (place: Place, jkt: string, wasJkt = "was", kept = record()) =>
  store.commit({ takeOver: { ...place, wasJkt, jkt }, replayEntries: [replayEntry()], record: kept });
const keysOf = async ({ root, sid, handleHash }: Place) => [
  (await store.readSession(root, sid))?.jkt,
  (await store.readOffer(root, handleHash))?.redeemed?.jkt,
];

describe("a session that another key of its agent takes over", () => {
  test("is bound to that key, as its offer is, and changes in nothing else", async () => {
    const place = await redeemed();
    const before = [await raw(place.root, place.sid), await raw(place.root, `~offer#${place.handleHash}`)];
    expect((await takeOver(place, "is")).ok).toBe(true);
    expect(await keysOf(place)).toEqual(["is", "is"]);
    expect(await raw(place.root, place.sid)).toEqual({ ...before[0], jkt: "is" });
    expect(await raw(place.root, `~offer#${place.handleHash}`)).toEqual({
      ...before[1],
      redeemed: { sid: place.sid, jkt: "is" },
    });
  });

  test("goes to exactly one of ten keys that take it from the same one", async () => {
    const place = await redeemed();
    const outcomes = await Promise.all(Array.from({ length: 10 }, (_, n) => takeOver(place, `key-${n}`)));
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    for (const outcome of outcomes) if (!outcome.ok) expect(outcome.error).toEqual({ kind: "taken_over_meanwhile" });
    const [bound, offered] = await keysOf(place);
    expect(bound).toBe(offered);
    expect(outcomes[Number(bound?.slice("key-".length))]?.ok).toBe(true);
  });

  test("goes to none once it was ended, nor by an offer or session that there is not", async () => {
    const place = await redeemed();
    await store.end(place.root, place.sid);
    const refused = { ok: false, error: { kind: "taken_over_meanwhile" } };
    expect(await takeOver(place, "is")).toEqual(refused);
    const other = await redeemed();
    expect(await takeOver({ ...other, handleHash: id() }, "is")).toEqual(refused);
    const missing = { ...other, sid: id() };
    expect(await takeOver(missing, "is")).toEqual(refused);
    expect(await raw(missing.root, missing.sid)).toBeUndefined();
    expect(await keysOf(other)).toEqual(["was", "was"]);
  });
});
