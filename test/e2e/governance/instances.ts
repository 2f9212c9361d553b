import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { limits } from "../../../core/model/limits.ts";
import { deploy, instances, type Office } from "./office.ts";

const forbidden = { status: 403, error: "access_denied", reason: "policy_denied" };
const freeze = `kind: policy
name: nothing-is-promoted-now
cedar: |
  forbid (principal, action == Action::"use", resource == Tool::"builds:promote");
`;
const grants = [{ resource: deploy, scopes: ["builds:promote"] }];

/** A change of policy is live at the next request, whichever instance of the function takes it. */
export function instanceCases(office: () => Office): void {
  describe("a change of policy", () => {
    it(`is live at the first request of each of ${instances} instances that knew the old one`, async ({ annotate }) => {
      const { world, refusals, edited, apply, promote } = office();
      const { cloud } = world;
      const numbers = Array.from({ length: instances }, (_, number) => number);
      const served = () => new Map(cloud.sandboxes("token").map((one) => [one.number, one]));
      const onEach = async (then: () => Promise<unknown>) => {
        for (const number of numbers) {
          const before = served().get(number)?.served ?? 0;
          cloud.pin("token", number);
          await then();
          // one request, and this very instance took it
          expect(served().get(number)?.served).toBe(before + 1);
        }
        cloud.pin("token", undefined);
      };
      await promote();
      await onEach(() => promote({ grants, renewable: false }));
      const processes = new Set([...served().values()].map(({ processId }) => processId));
      expect(processes.size).toBe(instances);
      const after: number[] = [];
      await edited("freeze.yaml", "", freeze, async () => {
        await apply();
        const appliedMillis = performance.now();
        await onEach(async () => {
          after.push(performance.now() - appliedMillis);
          await refusals.of(() => promote({ grants, renewable: false }), forbidden);
        });
      });
      await apply();
      await onEach(() => promote({ grants, renewable: false }));
      // the very processes that permitted before: none was replaced
      expect(new Set([...served().values()].map(({ processId }) => processId))).toEqual(processes);
      await annotate(
        `first asked ${after.map((millis) => millis.toFixed(0)).join(", ")} ms after the apply, refused by each`,
      );
    });

    it("is never late under load: what is sent after the apply's answer is refused", async ({ annotate }) => {
      const { edited, apply, promote } = office();
      const asked: { readonly sentMillis: number; readonly outcome: string }[] = [];
      // half of what the agent's bucket gives: on a quick machine it would refuse before the policy does (slow_down)
      const pauseMillis = (instances * 2_000) / limits.issuancesPerSecond;
      let going = true;
      const load = Array.from({ length: instances }, async () => {
        while (going) {
          const sentMillis = performance.now();
          const outcome = await promote({ grants, renewable: false }).then(
            () => "granted",
            (refused: { error?: string }) => refused.error ?? String(refused),
          );
          asked.push({ sentMillis, outcome });
          await sleep(pauseMillis);
        }
      });
      const later = (millis: number) => asked.filter(({ sentMillis }) => sentMillis > millis);
      let appliedMillis = 0;
      try {
        while (asked.length < 3 * instances) await sleep(10);
        await edited("freeze.yaml", "", freeze, () => apply());
        appliedMillis = performance.now();
        while (later(appliedMillis).length < 3 * instances) await sleep(10);
      } finally {
        going = false;
        await Promise.all(load);
        await apply();
      }
      const late = later(appliedMillis);
      const granted = asked.filter(({ outcome }) => outcome === "granted");
      expect(granted.length).toBeGreaterThan(0);
      expect(new Set(late.map(({ outcome }) => outcome))).toEqual(new Set(["access_denied"]));
      const last = Math.max(...granted.map(({ sentMillis }) => sentMillis)) - appliedMillis;
      await annotate(
        `${granted.length} granted, the last sent ${(-last).toFixed(0)} ms before the answer to apply; ${late.length} sent after it, all refused`,
      );
    });
  });
}
