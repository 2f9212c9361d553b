import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { createResourceServer } from "../../client/verify.ts";
import { limits } from "../../core/model/limits.ts";
import { subjects } from "../../core/model/subjects.ts";
import { chain } from "./chain.ts";
import { createIssuer, issuer, planner, resource, type TestIssuer } from "./issuer.ts";

const ttl = limits.statusListTtlSeconds;
const ends: readonly (readonly [string, (world: TestIssuer) => void])[] = [
  ["a bit of the list", ({ revoked }) => void revoked.add(7)],
  ["a cut", (world) => world.raise(subjects.agent(planner))],
];

/** Whether a token is accepted, revoked `afterSeconds` ago, by a verifier that saw it just before. */
async function accepted(revoke: (world: TestIssuer) => void, afterSeconds: number, freshSeconds: number) {
  const world = await createIssuer();
  const verifier = world.verifier({ freshSeconds });
  const token = world.token(chain);
  const verify = async () => (await verifier.verify(world.request(token))).ok;
  expect(await verify()).toBe(true);
  revoke(world);
  world.publishList();
  world.publishCuts();
  world.time.seconds += afterSeconds;
  return verify();
}

describe("a resource that wants to know sooner", () => {
  test.each(ends)("refuses by %s within its own bound, long before the ttl", async (_, revoke) => {
    expect(await accepted(revoke, 1, 1)).toBe(false);
    expect(await accepted(revoke, 2, 3)).toBe(true);
    expect(await accepted(revoke, 3, 3)).toBe(false);
  });

  property.prop([fc.constantFrom(...ends), fc.integer({ min: 1, max: 1_000 })], { numRuns: 30 })(
    "threat 26: never believes anything longer than the issuer says, whatever it asks for",
    async ([, revoke], freshSeconds) => {
      expect(await accepted(revoke, ttl, freshSeconds)).toBe(false);
    },
  );

  test.each([0, 0.5, -1, Number.NaN])("is refused a bound of %d s: it would ask at every request", (freshSeconds) => {
    expect(() => createResourceServer({ issuer, resource, mode: "offline", freshSeconds })).toThrow(TypeError);
  });
});
