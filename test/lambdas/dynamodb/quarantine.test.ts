import { GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { fc, test as property } from "@fast-check/vitest";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { changeOf } from "../../../core/status/changes.ts";
import { epochOf } from "../../../lambdas/aws/dynamodb/revocations/epoch-rows.ts";
import { createQuarantineWriter } from "../../../lambdas/aws/dynamodb/revocations/quarantine-writer.ts";
import { createRevocationStore } from "../../../lambdas/aws/dynamodb/revocations/revocation-store.ts";
import { createRevocationTargets } from "../../../lambdas/aws/dynamodb/revocations/revocation-targets.ts";
import { id, now, record } from "../samples.ts";
import { type Cloud, openCloud } from "../tables.ts";

let cloud: Cloud;
let agent: string;
beforeAll(async () => {
  cloud = await openCloud();
});
beforeEach(() => {
  agent = `spiffe://agents.example.com/agent/${id()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "x")}`;
});
afterAll(() => cloud.close());

const subject = () => `agent:${agent}`;
const operators = () => createRevocationStore(cloud.client, cloud.tables);
const automatic = () => createQuarantineWriter(cloud.client, cloud.tables);
const standing = () => createRevocationTargets(cloud.client, cloud.tables, "agents.example.com").standing(subject());
const write = (change: object) => operators().revoke({ ...change, replayEntries: [], record: record() });
const raise = (more: object) => write({ raise: { subject: subject(), block: false, atSeconds: now, ...more } });
const quarantine = () => automatic().quarantine({ agent, atSeconds: now + 7, record: record() });
const row = async () => {
  const Key = { subject: `standing#${subject()}` };
  return (await cloud.client.send(new GetCommand({ TableName: "Revocations", Key, ConsistentRead: true }))).Item ?? {};
};

describe("a quarantine in the table", () => {
  test("stands in the agent's row with the raised epoch, by one write, and beside a block", async () => {
    await raise({ block: true });
    await raise({ quarantine: true });
    expect(await row()).toMatchObject({ generation: 2, blocked: true, quarantined: true });
    await write({ lift: { subject: subject() } });
    expect(await standing()).toEqual({ blocked: false, quarantined: true, automatic: 0, reported: 0 });
    await raise({ block: true });
    await write({ release: { subject: subject(), automatic: 0 } });
    expect(await standing()).toEqual({ blocked: true, quarantined: false, automatic: 0, reported: 0 });
    expect(epochOf(await row()).epoch).toBe(3);
  });

  test("that somebody wrote by hand in an emergency counts, whatever the value but false", async () => {
    for (const quarantined of [true, "yes", 1, false]) {
      const Item = { subject: `standing#${subject()}`, quarantined };
      await cloud.client.send(new PutCommand({ TableName: "Revocations", Item }));
      expect((await standing()).quarantined).toBe(quarantined !== false);
    }
  });

  test("without an operator raises the epoch, and the publisher reads it as a cut of that moment", async () => {
    expect(await quarantine()).toBe("quarantined");
    const { epoch, quarantined, cutAtSeconds } = epochOf(await row());
    expect([quarantined, cutAtSeconds]).toEqual([true, now + 7]);
    expect(epoch).toBeGreaterThan(0);
    expect(changeOf(await row())).toEqual({ kind: "raised", subject: subject(), epoch, atSeconds: now + 7 });
    await raise({});
    expect(changeOf(await row())).toMatchObject({ epoch: epoch + 1 });
  });

  test("without an operator comes once of twenty at one instant, and the record with it", async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, quarantine));
    expect(outcomes.toSorted()).toEqual([...Array.from({ length: 19 }, () => "already"), "quarantined"]);
    expect((await row()).autoQuarantines).toBe(1);
  });

  test("that comes between an operator's look and the lift stays", async () => {
    await raise({ quarantine: true });
    const { automatic: seen } = await standing();
    await write({ release: { subject: subject(), automatic: seen } });
    expect(await quarantine()).toBe("quarantined");
    await write({ release: { subject: subject(), automatic: seen } });
    expect((await standing()).quarantined).toBe(true);
    await write({ release: { subject: subject(), automatic: 1 } });
    expect((await standing()).quarantined).toBe(false);
  });
});

const counts = fc.record({
  generation: fc.nat({ max: 1_000 }),
  autoQuarantines: fc.nat({ max: 1_000 }),
  autoQuarantinesLifted: fc.nat({ max: 1_000 }),
  quarantined: fc.boolean(),
  blocked: fc.boolean(),
});

property.prop([counts, fc.integer({ min: 1, max: 50 }), fc.nat({ max: 2 ** 20 })])(
  "threat 54: whoever may write the automatic count alone brings back nothing that an operator cut, and drops no block or quarantine of an operator's",
  (before, cuts, forged) => {
    const issuedUnder = epochOf({ subject: "standing#agent:x", ...before }).epoch;
    const cut = { ...before, generation: before.generation + cuts, quarantined: true, blocked: true };
    const now = epochOf({ subject: "standing#agent:x", ...cut, autoQuarantines: forged });
    expect(now.epoch).not.toBe(issuedUnder);
    expect([now.quarantined, now.blocked]).toEqual([true, true]);
  },
);
