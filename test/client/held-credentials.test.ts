import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { holdCredentials } from "../../client/aws/held-credentials.ts";
import { LanyardError } from "../../client/error.ts";
import type { LanyardErrorCode } from "../../client/error-codes.ts";
import { momentOf } from "../../core/model/ports.ts";

const clock = { wall: 0, steady: 0, nowMillis: () => clock.wall, steadyMillis: () => clock.steady };
const pass = (seconds: number) => {
  clock.wall += seconds * 1000;
  clock.steady += seconds * 1000;
};
/** Lets what is under way in the background come to its end. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** An issuer of credentials that live for `lifeSeconds` of true time, and tells when each really ends. */
function issuer(lifeSeconds = 60) {
  const ends = new Map<string, number>();
  const given = {
    ends,
    vends: 0,
    fails: undefined as LanyardError | undefined,
    over: undefined as LanyardError | undefined,
    worth: true,
    takesSeconds: 0,
  };
  const fetchCredentials = async () => {
    given.vends++;
    const asked = momentOf(clock);
    const { fails } = given;
    await settle();
    if (given.takesSeconds > 0) pass(given.takesSeconds);
    if (fails) throw fails;
    const accessKeyId = `ASIA${given.vends}`;
    ends.set(accessKeyId, asked.steadyMillis ?? 0);
    const expiration = new Date(asked.wallMillis + lifeSeconds * 1000);
    return {
      credentials: { accessKeyId, secretAccessKey: "s", sessionToken: "t", expiration },
      life: { asked, lifeSeconds },
    };
  };
  const mustLive = () => {
    if (given.over) throw given.over;
  };
  return { given, get: holdCredentials({ fetchCredentials, clock, mustLive, worthRenewing: () => given.worth }) };
}

const failure = (code: LanyardErrorCode, more: object = {}) => new LanyardError(code, "credentials", more);
const keyOf = async (get: () => Promise<{ accessKeyId: string }>) => (await get()).accessKeyId;
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: unknown) => (error instanceof LanyardError ? error.code : String(error)),
  );

beforeEach(() => {
  clock.wall = 1_796_040_000_000;
  clock.steady = 5_000;
});

describe("credentials that live for a minute", () => {
  test("are vended three times at most for a thousand calls in that minute", async () => {
    const { given, get } = issuer();
    for (let call = 0; call < 1_000; call++) {
      await get();
      await settle();
      pass(60 / 1_000);
    }
    expect(given.vends).toBeLessThanOrEqual(3);
    expect(given.vends).toBeGreaterThan(1);
  });

  test("are vended once for a thousand callers at once, and renewed once by as many", async () => {
    const { given, get } = issuer();
    await Promise.all(Array.from({ length: 1_000 }, get));
    expect(given.vends).toBe(1);
    pass(31);
    const keys = await Promise.all(Array.from({ length: 1_000 }, () => keyOf(get)));
    // nobody waits for the renewal
    expect(new Set(keys)).toEqual(new Set(["ASIA1"]));
    await settle();
    expect([given.vends, await keyOf(get)]).toEqual([2, "ASIA2"]);
  });

  test("are not renewed while nobody asks", async () => {
    const { given, get } = issuer();
    await get();
    pass(3_600);
    await settle();
    expect(given.vends).toBe(1);
    expect(await keyOf(get)).toBe("ASIA2");
  });

  test("are told to the SDK with an end that it asks before", async () => {
    const { get } = issuer();
    expect((await get()).expiration.getTime()).toBe(clock.wall + 60_000);
    // an SDK that believed in more than five minutes would not ask for them, nor hear that a session is over
    const long = issuer(900);
    expect((await long.get()).expiration.getTime() - clock.wall).toBeLessThan(300_000);
  });
});

describe("a renewal that fails in the background", () => {
  test.each<LanyardErrorCode>([
    ...(["unavailable", "unreachable", "timeout", "rate_limited", "evidence_failed"] as const),
    ...(["answer_malformed", "metadata_invalid", "proof_refused", "narrowing_failed"] as const),
  ])("by %s breaks no caller while the credentials live, and is told once they have ended", async (code) => {
    const { given, get } = issuer();
    await get();
    given.fails = failure(code);
    for (let second = 0; second < 49; second++) {
      pass(1);
      expect(await keyOf(get)).toBe("ASIA1");
      await settle();
    }
    // it is tried again meanwhile, but not each time it is asked for
    expect(given.vends).toBeGreaterThan(2);
    expect(given.vends).toBeLessThan(7);
    pass(6);
    expect(await codeOf(get())).toBe(code);
    given.fails = undefined;
    pass(1);
    expect(await codeOf(get())).toBe("done");
  });

  test("waits as long as it was told to", async () => {
    const { given, get } = issuer();
    await get();
    given.fails = failure("unavailable", { retryAfterSeconds: 20 });
    pass(31);
    await get();
    await settle();
    for (let second = 0; second < 18; second++) {
      pass(1);
      await get();
      await settle();
    }
    expect(given.vends).toBe(2);
  });

  test("asks no more than once a second for those who have nothing in hand", async () => {
    const { given, get } = issuer();
    given.fails = failure("unavailable");
    for (let call = 0; call < 100; call++) {
      expect(await codeOf(get())).toBe("unavailable");
      pass(0.1);
    }
    expect(given.vends).toBeLessThanOrEqual(10);
  });
});

describe("threat 10: what is over", () => {
  test.each<LanyardErrorCode>([
    ...(["request_refused", "identity_refused", "attestation_refused", "access_refused", "refused"] as const),
    ...(["scope_refused", "target_refused", "details_refused", "session_over", "session_lapsed"] as const),
  ])("by the issuer's word (%s) is handed out to nobody, though the credentials would live on", async (code) => {
    const { given, get } = issuer();
    await get();
    pass(31);
    given.fails = failure(code);
    await get();
    await settle();
    expect(await codeOf(get())).toBe(code);
  });

  test("here is handed out to nobody from that moment on, not even what was under way", async () => {
    const { given, get } = issuer();
    await get();
    given.over = failure("session_over");
    expect(await codeOf(get())).toBe("session_over");
    const other = issuer();
    const asking = codeOf(other.get());
    other.given.over = failure("session_over");
    expect(await asking).toBe("session_over");
  });

  test("never comes back, though the session would: it was dropped", async () => {
    const { given, get } = issuer();
    await get();
    given.over = failure("session_over");
    await codeOf(get());
    given.over = undefined;
    expect(await keyOf(get)).toBe("ASIA2");
  });

  test("is not renewed where nothing longer would be given", async () => {
    const { given, get } = issuer();
    await get();
    given.worth = false;
    pass(45);
    await get();
    await settle();
    expect(given.vends).toBe(1);
    pass(6);
    expect(await keyOf(get)).toBe("ASIA2");
  });

  test("is not handed out when the answer came late: it is asked for again, once", async () => {
    const { given, get } = issuer(60);
    given.takesSeconds = 70;
    expect(await codeOf(get())).toBe("timeout");
    expect(given.vends).toBe(2);
  });
});

describe("a clock", () => {
  test.each([
    ["set back", -3_600],
    ["set ahead", 3_600],
  ])("that is %s costs one vend and keeps nothing in use", async (_, seconds) => {
    const { given, get } = issuer();
    await get();
    clock.wall += seconds * 1000;
    expect(await keyOf(get)).toBe("ASIA2");
    for (let call = 0; call < 20; call++) expect(await keyOf(get)).toBe("ASIA2");
    expect(given.vends).toBe(2);
  });

  test("that stands still in a frozen sandbox is not believed: the other one went on", async () => {
    const { get } = issuer();
    await get();
    clock.wall += 120_000;
    expect(await keyOf(get)).toBe("ASIA2");
  });

  test("may do what it likes: nothing is handed out beyond its end by the steady one", async () => {
    const step = fc.record({
      seconds: fc.integer({ min: 0, max: 50 }),
      jumpSeconds: fc.oneof(fc.constant(0), fc.integer({ min: -100_000, max: 100_000 })),
      fails: fc.constantFrom<LanyardErrorCode | undefined>(undefined, "unavailable", "request_refused"),
      callers: fc.integer({ min: 1, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 120 }), fc.array(step, { maxLength: 30 }), async (life, steps) => {
        const { given, get } = issuer(life);
        for (const { seconds, jumpSeconds, fails, callers } of steps) {
          pass(seconds);
          clock.wall += jumpSeconds * 1000;
          given.fails = fails && failure(fails);
          const results = await Promise.allSettled(Array.from({ length: callers }, get));
          for (const result of results) {
            if (result.status === "rejected") continue;
            const bornMillis = given.ends.get(result.value.accessKeyId) ?? Number.NEGATIVE_INFINITY;
            expect(clock.steady - bornMillis).toBeLessThan(life * 1000);
          }
          await settle();
        }
      }),
      { numRuns: 200 },
    );
  });
});
