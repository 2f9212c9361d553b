import { describe, expect, it } from "vitest";
import { createRefusalAggregate } from "../../core/audit/aggregate.ts";
import { deny } from "../../core/audit/deny.ts";
import type { Denial } from "../../core/denial/denial.ts";
import { limits } from "../../core/model/limits.ts";
import { randomIds } from "../kit/keys.ts";
import { toRecord } from "../kit/records.ts";
import { denials } from "../kit/samples/denials.ts";

const planner = "spiffe://agents.example.com/agent/planner";
const victim = "spiffe://agents.example.com/agent/researcher";

/** An endpoint's deny, and what it has written. */
function denying() {
  const counts: (number | undefined)[] = [];
  const outbox = {
    put: async ({ body }: { body: string }) => void counts.push(JSON.parse(body).unmapped.lanyard.count),
  };
  const clock = { nowMillis: () => 60_000_000 };
  const deps = {
    clock,
    outbox,
    ids: randomIds,
    toRecord,
    aggregate: createRefusalAggregate({ outbox, clock, ids: randomIds, toRecord }),
  };
  const facts = { operation: "request", timeMillis: 60_000_000, requestId: "r", agent: planner } as const;
  const times = async (n: number, denial: Denial, authenticated: boolean) => {
    for (let i = 0; i < n; i += 1) await deny(deps, denial, { facts, authenticated });
  };
  return {
    times,
    /** Records of one refusal alone, and records that count. */
    written: () => ({
      alone: counts.filter((count) => count === undefined).length,
      counting: counts.filter((count) => count !== undefined).length,
    }),
  };
}

const stolen: Denial = { ...denials.subject_token_not_yours, owner: { agent: victim } };
const most = limits.refusalRecordsPerMinute;

describe("a refusal comes to its record", () => {
  const n = most + 40;
  it.each<[title: string, denial: Denial, authenticated: boolean, alone: number, counting: number]>([
    ["not at all where an honest caller learns its first nonce", denials.dpop_nonce_required, false, 0, 0],
    ["threat 13: counted with its kind where nobody proved who it is", denials.dpop_missing, false, 0, 1],
    ["threat 41: counted where a thief decides how often a stolen token is shown", stolen, true, 0, 1],
    ["threat 34: counted past the rate of signatures", denials.rate_exceeded, true, 0, 1],
    [
      "threat 34: alone as often as its caller has records in a minute, then counted",
      denials.scope_missing,
      true,
      most,
      1,
    ],
  ])("%s", async (_, denial, authenticated, alone, counting) => {
    const { times, written } = denying();
    await times(n, denial, authenticated);
    expect(written()).toEqual({ alone, counting });
  });

  it("alone still, after any number that were counted for another reason", async () => {
    const { times, written } = denying();
    await times(n, stolen, true);
    await times(n, denials.rate_exceeded, true);
    await times(n, denials.dpop_missing, false);
    await times(n, denials.scope_missing, true);
    expect(written()).toEqual({ alone: most, counting: 4 });
  });
});
