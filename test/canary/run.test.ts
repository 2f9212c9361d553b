import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { type CanaryDeps, type Place, runCanary } from "../../core/endpoints/canary.ts";
import type { CanaryPlace, CanaryRun } from "../../core/model/canary.ts";

/** A world in which time passes by waiting and asking alone. */
function world(places: readonly { readonly name: CanaryPlace; readonly refusesAfterMillis: number }[]) {
  let nowMillis = 1_000;
  let revokedAtMillis: number | undefined;
  const kept: CanaryRun[] = [];
  const odd: string[] = [];
  const place = ({ name, refusesAfterMillis }: (typeof places)[number]): Place => ({
    name,
    pauseMillis: 100,
    patienceMillis: 10_000,
    accepts: async () => revokedAtMillis === undefined || nowMillis - revokedAtMillis < refusesAfterMillis,
  });
  const deps: CanaryDeps = {
    clock: { nowMillis: () => nowMillis, steadyMillis: () => nowMillis },
    wait: async (millis) => {
      nowMillis += millis;
    },
    open: async () => ({
      sid: "AAAAAAAAAAAAAAAAAAAAAA",
      places: places.map(place),
      revoke: async () => {
        revokedAtMillis = nowMillis;
      },
    }),
    keep: async (run) => void kept.push(run),
    odd: (name, why) => void odd.push(`${name}: ${why}`),
  };
  return { deps, kept, odd };
}

describe("the revocation canary", () => {
  property.prop([fc.integer({ min: 0, max: 9_000 })])(
    "tells the first refusal, no later than one pause after it",
    async (refusesAfterMillis) => {
      const { deps, kept, odd } = world([{ name: "offline", refusesAfterMillis }]);
      const run = await runCanary(deps);
      const millis = run?.refusedAfterMillis.offline ?? Number.NaN;
      expect(millis).toBeGreaterThanOrEqual(refusesAfterMillis);
      expect(millis).toBeLessThan(refusesAfterMillis + 100);
      expect(kept).toEqual([run]);
      expect(odd).toEqual([]);
    },
  );

  test("tells of what never refuses as late, and ends all the same", async () => {
    const { deps, kept, odd } = world([{ name: "introspection", refusesAfterMillis: Number.POSITIVE_INFINITY }]);
    const run = await runCanary(deps);
    expect(run?.refusedAfterMillis.introspection).toBeGreaterThanOrEqual(10_000);
    expect(kept).toHaveLength(1);
    expect(odd).toEqual([expect.stringMatching(/^introspection: it refuses nothing/)]);
  });

  test("counts no answer as no refusal", async () => {
    const { deps, odd } = world([{ name: "credentials", refusesAfterMillis: 0 }]);
    let fails = 3;
    const open: CanaryDeps["open"] = async () => {
      const session = await deps.open();
      const [place] = session?.places ?? [];
      if (!session || !place) return undefined;
      let asked = 0;
      const accepts = async () => {
        asked += 1;
        if (asked > 1 && fails-- > 0) throw new Error("timeout");
        return place.accepts();
      };
      return { ...session, places: [{ ...place, accepts }] };
    };
    const run = await runCanary({ ...deps, open });
    expect(run?.refusedAfterMillis.credentials).toBe(300);
    expect(odd).toHaveLength(3);
  });

  test("measures nothing where a place refuses what lives: it would seem the fastest of all", async () => {
    const { deps, kept } = world([{ name: "aws", refusesAfterMillis: 0 }]);
    const open: CanaryDeps["open"] = async () => {
      const session = await deps.open();
      return session && { ...session, places: session.places.map((one) => ({ ...one, accepts: async () => false })) };
    };
    await expect(runCanary({ ...deps, open })).rejects.toThrow("aws refuses a session that lives");
    expect(kept).toEqual([]);
  });

  test("does nothing where the registry has no canary", async () => {
    const { deps, kept } = world([]);
    expect(await runCanary({ ...deps, open: async () => undefined })).toBeUndefined();
    expect(kept).toEqual([]);
  });
});
