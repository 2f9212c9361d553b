import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { parallelism, shardsAtFirst } from "../../lib/settings/concurrency.ts";
import { all, synthesized } from "./synthesized.ts";

/** What the streams and queues of a synthesized deployment can take at once, while tables have the shards they begin with. */
const taken = (lambdaConcurrency: number): Record<string, number> => {
  const mappings = all(synthesized({ lambdaConcurrency }).templates, "AWS::Lambda::EventSourceMapping");
  return Object.fromEntries(
    mappings.map(({ id, it }) => {
      const { ParallelizationFactor, ScalingConfig } = it.Properties as {
        ParallelizationFactor?: number;
        ScalingConfig?: { MaximumConcurrency: number };
      };
      const most = ScalingConfig?.MaximumConcurrency ?? (ParallelizationFactor ?? Number.NaN) * shardsAtFirst;
      return [id.replace(/[0-9A-F]{8}$/, ""), most];
    }),
  );
};

describe("streams and queues leave room for those who wait for an answer", () => {
  it("in a new account of ten: what runs all the time takes four, each other source what is least", () => {
    expect(taken(10)).toEqual({
      RelayStream: 4,
      // only orders of operators, one row a purpose, pass its filter
      RotatorStream: 4,
      PublisherTombstones: 4,
      PublisherRevocations: 4,
      TransmitterQueue: 2,
    });
  });

  it("and use a quota that was raised", () => {
    expect(taken(1_000)).toMatchObject({ RelayStream: 16, PublisherTombstones: 40, TransmitterQueue: 5 });
  });

  test.prop([fc.integer({ min: 28, max: 1_000_000 })])(
    "half of any quota of 28 or more at most",
    (lambdaConcurrency) => {
      const { relay, publisher, transmitter } = parallelism({ lambdaConcurrency });
      expect(shardsAtFirst * (relay + 2 * publisher) + transmitter).toBeLessThanOrEqual(lambdaConcurrency / 2);
    },
  );

  test.prop([fc.integer({ min: 10, max: 1_000_000 })])(
    "within what Lambda takes, whatever the quota",
    (lambdaConcurrency) => {
      const { relay, publisher, transmitter } = parallelism({ lambdaConcurrency });
      for (const factor of [relay, publisher]) {
        expect(factor).toBeGreaterThanOrEqual(1);
        expect(factor).toBeLessThanOrEqual(10);
      }
      expect(transmitter).toBeGreaterThanOrEqual(2);
      expect(shardsAtFirst * relay).toBeLessThanOrEqual(lambdaConcurrency / 2);
    },
  );
});
