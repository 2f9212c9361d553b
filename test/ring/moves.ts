import { fc } from "@fast-check/vitest";
import { expect } from "vitest";
import { longestCacheSeconds } from "../../core/model/key-times.ts";
import type { TestRing } from "../kit/world/rings.ts";
import { broken } from "./rules.ts";

export const hour = 3_600;
export const day = 24 * hour;

/** Lets a ring come to rest: right clocks, no crash, a run every five minutes or so. */
export async function settle(ring: TestRing, seconds: number, every = 600): Promise<void> {
  for (let passed = 0; passed < seconds; passed += every) {
    ring.time.seconds += every;
    await ring.run();
  }
}

type Move =
  | { readonly do: "pass"; readonly seconds: number }
  | { readonly do: "run"; readonly rotator: number; readonly calls: number; readonly after: boolean }
  | { readonly do: "both"; readonly calls: number; readonly after: boolean }
  | { readonly do: "step"; readonly rotator: number; readonly seconds: number }
  | { readonly do: "sign" }
  | { readonly do: "rotate" }
  | { readonly do: "emergency" };

const calls = fc.oneof(
  { weight: 3, arbitrary: fc.constant(1_000) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 30 }) },
);

export const moves = (withEmergencies: boolean): fc.Arbitrary<Move[]> =>
  fc.array(
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({
          do: fc.constant("pass" as const),
          seconds: fc.oneof(
            fc.integer({ min: 1, max: 1_000 }),
            fc.integer({ min: longestCacheSeconds - 250, max: longestCacheSeconds + 100 }),
            fc.integer({ min: 1, max: 3 * day }),
          ),
        }),
      },
      {
        weight: 8,
        arbitrary: fc.record({ do: fc.constant("run" as const), rotator: fc.nat(1), calls, after: fc.boolean() }),
      },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("both" as const), calls, after: fc.boolean() }) },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant("step" as const),
          rotator: fc.nat(1),
          seconds: fc.oneof(fc.integer({ min: -29, max: 29 }), fc.integer({ min: -20 * day, max: 20 * day })),
        }),
      },
      { weight: 8, arbitrary: fc.record({ do: fc.constant("sign" as const) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("rotate" as const) }) },
      ...(withEmergencies ? [{ weight: 2, arbitrary: fc.record({ do: fc.constant("emergency" as const) }) }] : []),
    ),
    { minLength: 20, maxLength: 120 },
  );

/** Plays the moves; two rotators whose clocks may be anything, two signers whose clocks are half a minute off. */
export async function play(ring: TestRing, all: readonly Move[]): Promise<{ readonly unsigned: number }> {
  const rotators = [{ seconds: 0 }, { seconds: 0 }];
  const signers = [ring.keyring({ seconds: 29 }), ring.keyring({ seconds: -29 })].map((keyring) =>
    keyring.signer(ring.purpose),
  );
  let unsigned = 0;
  await ring.run();
  for (const move of all) {
    if (move.do === "pass") ring.time.seconds += move.seconds;
    else if (move.do === "run") await ring.run(rotators[move.rotator], { calls: move.calls, after: move.after });
    else if (move.do === "both")
      await Promise.all(
        rotators.map((clock, i) => ring.run(clock, { calls: i === 0 ? move.calls : 1_000, after: move.after })),
      );
    else if (move.do === "step") Object.assign(rotators[move.rotator] ?? {}, { seconds: move.seconds });
    else if (move.do === "rotate" || move.do === "emergency") ring.order(move.do);
    else
      for (const signer of signers)
        for (const alg of ring.algorithms) {
          try {
            await (await signer.current(alg)).sign(new Uint8Array(), "join");
          } catch {
            unsigned += 1;
          }
        }
    expect(broken(ring)).toEqual([]);
  }
  return { unsigned };
}
