import { expect } from "vitest";
import { awaitRecords } from "../../../local/demo/story/records.ts";
import { type Expected, mustRefuse } from "../../../local/demo/story/refusal.ts";
import type { World } from "../../../local/demo/story/world.ts";

/** Everything that was refused, to be found again in the audit bucket under the reason that only it tells. */
export interface Refusals {
  /** Does what must be refused. @returns what the caller was told */
  of(act: () => Promise<unknown>, expected: Expected): Promise<string | undefined>;
  readonly count: number;
  /** Fails for each refusal that the bucket does not hold, or holds for another reason. */
  settle(): Promise<void>;
}

/** A record comes within seconds; only a machine with no time to give takes longer. */
const longestMillis = 300_000;

/** Starts an empty list. */
export function createRefusals(world: World): Refusals {
  const noted: { readonly requestId: string; readonly reason: string }[] = [];
  return {
    async of(act, expected) {
      const { requestId, description } = await mustRefuse(act, expected);
      noted.push({ requestId: requestId ?? expect.fail("a refusal without a request id"), reason: expected.reason });
      return description;
    },
    get count() {
      return noted.length;
    },
    async settle() {
      const known = new Map<string, string | undefined>();
      await awaitRecords(
        world,
        (records) => {
          for (const { facts } of records) known.set(facts.request_id, facts.denial?.code);
          return noted.every(({ requestId }) => known.has(requestId));
        },
        longestMillis,
      );
      expect(noted.map(({ requestId }) => ({ requestId, reason: known.get(requestId) }))).toEqual(noted);
    },
  };
}
