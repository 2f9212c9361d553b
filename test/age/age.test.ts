import { fc, test as property } from "@fast-check/vitest";
import { beforeEach, describe, expect, test } from "vitest";
import { createSession, type SessionInput } from "../../client/agent/session.ts";
import { createKeySets } from "../../core/keys/key-sets.ts";
import { limits } from "../../core/model/limits.ts";
import { type Clock, leastMillisSince, momentOf, mostMillisSince } from "../../core/model/ports.ts";
import { ok } from "../../core/model/result.ts";
import { accessTokenType } from "../../core/model/wire.ts";
import { createFreshDocument } from "../../core/verify/fresh-document.ts";
import { createReplayStore } from "../../core/verify/replay.ts";
import { MemoryWeb } from "../kit/memory/web.ts";

const start = 1_785_542_400_000;
const hour = 3_600_000;
let wall: number;
let steady: number;
const clock: Clock = { nowMillis: () => wall, steadyMillis: () => steady };
const wallAlone: Clock = { nowMillis: () => wall };
/** Time passes by both clocks. */
const pass = (millis: number) => {
  wall += millis;
  steady += millis;
};
beforeEach(() => {
  wall = start;
  steady = 5_000;
});

describe("an age", () => {
  property.prop([
    fc.array(
      fc.oneof(
        fc.record({ pass: fc.nat({ max: hour }) }),
        fc.record({ set: fc.integer({ min: -2 * hour, max: 2 * hour }) }),
        fc.record({ freeze: fc.nat({ max: hour }) }),
      ),
      { maxLength: 8 },
    ),
  ])("is never told too young by what is cached, whatever is done to the wall clock or the sandbox", (steps) => {
    wall = start;
    steady = 5_000;
    const moment = momentOf(clock);
    let [reallyMillis, frozenMillis, setMillis] = [0, 0, 0];
    for (const step of steps) {
      if ("pass" in step) pass(step.pass);
      if ("pass" in step) reallyMillis += step.pass;
      if ("set" in step) wall += step.set;
      if ("set" in step) setMillis += step.set;
      // a frozen sandbox's steady clock stands still while the world's goes on
      if ("freeze" in step) wall += step.freeze;
      if ("freeze" in step) frozenMillis += step.freeze;
    }
    const most = mostMillisSince(moment, clock);
    if (frozenMillis === 0) expect(most).toBeGreaterThanOrEqual(reallyMillis);
    if (setMillis >= 0) expect(most).toBeGreaterThanOrEqual(reallyMillis + frozenMillis);
    expect(leastMillisSince(moment, clock)).toBeLessThanOrEqual(Math.max(reallyMillis, 0));
  });

  test("is without end where the wall clock stands before the moment", () => {
    const moment = momentOf(wallAlone);
    wall -= 1;
    expect(mostMillisSince(moment, wallAlone)).toBe(Number.POSITIVE_INFINITY);
    expect(leastMillisSince(moment, wallAlone)).toBe(0);
  });
});

describe.each([
  ["with a steady clock", clock],
  ["by the wall clock alone", wallAlone],
])("an issuer's keys, %s", (_, by) => {
  const issuer = {
    ...({ kind: "trusted-issuer", name: "p", purpose: "person", issuer: "https://id.example" } as const),
    ...({ jwksUri: "https://id.example/jwks", algorithms: ["RS256"] } as const),
  };
  const found = async (sets: ReturnType<typeof createKeySets>, kid: string) =>
    (await sets.lookup(issuer)({ alg: "RS256", kid })).ok;
  const key = (kid: string) => ({ kty: "RSA", n: Buffer.alloc(256, 0xc1).toString("base64url"), e: "AQAB", kid });

  test.each([hour, -hour, 24 * hour, -24 * hour])(
    "are there, and are fetched no more often than they grow old, after the clock was set by %s ms",
    async (setMillis) => {
      const web = new MemoryWeb();
      web.put(issuer.jwksUri, { keys: [key("k")] });
      const sets = createKeySets({ clock: by, fetcher: web, ownIssuer: "https://own.example" });
      expect(await found(sets, "k")).toBe(true);
      wall += setMillis;
      for (let i = 0; i < 10; i++) expect(await found(sets, "k")).toBe(true);
      expect(web.asked.length).toBe(2);
      pass(60_000);
      expect(await found(sets, "k")).toBe(true);
      expect(web.asked.length).toBe(2);
    },
  );

  test("that were taken back are gone in time though the clock was set back", async () => {
    const web = new MemoryWeb();
    web.put(issuer.jwksUri, { keys: [key("stolen")] });
    const sets = createKeySets({ clock: by, fetcher: web, ownIssuer: "https://own.example" });
    expect(await found(sets, "stolen")).toBe(true);
    web.put(issuer.jwksUri, { keys: [key("new")] });
    wall -= hour;
    expect(await found(sets, "stolen")).toBe(false);
    expect(await found(sets, "new")).toBe(true);
  });

  test("an issuer that failed is asked again though the clock was set back", async () => {
    const web = new MemoryWeb();
    web.failure = "unreachable";
    const sets = createKeySets({ clock: by, fetcher: web, ownIssuer: "https://own.example" });
    expect(await found(sets, "k")).toBe(false);
    web.failure = undefined;
    web.put(issuer.jwksUri, { keys: [key("k")] });
    wall -= hour;
    expect(await found(sets, "k")).toBe(true);
  });
});

test("keys that grow old by a steady clock are asked for anew though the wall clock is set back a little each time", async () => {
  const web = new MemoryWeb();
  const issuer = {
    ...({ kind: "trusted-issuer", name: "p", purpose: "person", issuer: "https://id.example" } as const),
    ...({ jwksUri: "https://id.example/jwks", algorithms: ["RS256"] } as const),
  };
  web.put(issuer.jwksUri, { keys: [] });
  const sets = createKeySets({ clock, fetcher: web, ownIssuer: "https://own.example" });
  const look = () => sets.lookup(issuer)({ alg: "RS256", kid: undefined });
  await look();
  for (let i = 0; i < limits.keySetAgeSeconds / 60 + 1; i++) {
    pass(60_000);
    wall -= 59_000;
    await look();
  }
  expect(web.asked.length).toBe(2);
});

describe("a list that is believed only while it is fresh", () => {
  const list = (loads: string[]) =>
    createFreshDocument({
      clock,
      coolDownMillis: 1_000,
      load: async () => ok({ value: loads.shift() ?? "none", lifeSeconds: 5 }),
    });

  test.each([-hour, -1, hour])(
    "is fetched anew once the clock was set by %s ms: what it said may be over",
    async (setMillis) => {
      const document = list(["old", "new"]);
      expect(await document.get()).toEqual(ok("old"));
      wall += setMillis;
      expect(await document.get()).toEqual(ok("new"));
    },
  );

  test("is no longer believed at its end though the wall clock was set back by less than its age", async () => {
    const document = list(["old", "renewed behind the answer", "new"]);
    await document.get();
    pass(4_999);
    wall -= 4_000;
    pass(1);
    expect(await document.get()).not.toEqual(ok("old"));
  });
});

describe("a store of used proofs", () => {
  test("remembers a proof, and is not filled up for hours, after the clock was set back", () => {
    const store = createReplayStore(10, 10);
    const proof = (key: string) => ({ key, jkt: "one key", expiresAtSeconds: 0 });
    const at = start / 1000;
    expect(store.use(proof("a"), at)).toBe("first");
    const back = at - 3_600;
    expect(store.use(proof("a"), back)).toBe("used");
    let full = 0;
    for (let i = 0; i < 100; i++) if (store.use(proof(`b${i}`), back + i * limits.dpopWindowSeconds) === "full") full++;
    expect(full).toBe(0);
  });
});

describe("a session's tokens in the agent", () => {
  const session = () => {
    let answers = 0;
    const own = { token: "own", type: accessTokenType, life: { asked: momentOf(clock), lifeSeconds: 900 } } as const;
    const calls = async () => ({
      ...{ status: 200, headers: new Headers(), requestId: undefined },
      json: { access_token: `t${++answers}`, expires_in: 120, token_type: "DPoP", scope: "a" },
    });
    const input = { facts: { sid: "s" }, own, calls, clock, key: {}, fetch, nonces: {}, servedAt: {} };
    return createSession(input as unknown as SessionInput);
  };
  const token = async (from: ReturnType<typeof session>) => (await from.accessToken("https://x.example")).token;

  test.each([-hour, hour])(
    "are fetched anew and the session goes on after the clock was set by %s ms",
    async (setMillis) => {
      const one = session();
      expect([await token(one), await token(one)]).toEqual(["t1", "t1"]);
      wall += setMillis;
      expect([await token(one), await token(one)]).toEqual(["t2", "t2"]);
    },
  );

  test("are not shown in their last seconds, though the clock was set back meanwhile", async () => {
    const one = session();
    await token(one);
    pass(110_000);
    wall -= 100_000;
    expect(await token(one)).toBe("t2");
  });

  test("end with the session, by whichever clock surely says so", async () => {
    const one = session();
    pass(900_000);
    await expect(token(one)).rejects.toMatchObject({ code: "session_lapsed" });
  });
});
