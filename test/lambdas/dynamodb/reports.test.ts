import { GetCommand } from "@aws-sdk/lib-dynamodb";
import { fc, test as property } from "@fast-check/vitest";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { personId } from "../../../core/model/person-id.ts";
import { type ReplayEntry, replayKey } from "../../../core/model/replay/entry.ts";
import { changeOf } from "../../../core/status/changes.ts";
import { epochOf } from "../../../lambdas/aws/dynamodb/revocations/epoch-rows.ts";
import { createReportWriter } from "../../../lambdas/aws/dynamodb/revocations/report-writer.ts";
import { createRevocationStore } from "../../../lambdas/aws/dynamodb/revocations/revocation-store.ts";
import { createRevocationTargets } from "../../../lambdas/aws/dynamodb/revocations/revocation-targets.ts";
import { id, now, record } from "../samples.ts";
import { type Cloud, openCloud } from "../tables.ts";

let cloud: Cloud;
let principal: string;
beforeAll(async () => {
  cloud = await openCloud();
});
beforeEach(() => {
  principal = personId("https://idp.example", id());
});
afterAll(() => cloud.close());

const subject = () => `principal:${principal}`;
const write = (change: object) =>
  createRevocationStore(cloud.client, cloud.tables).revoke({ ...change, replayEntries: [], record: record() });
const standing = () => createRevocationTargets(cloud.client, cloud.tables, "agents.example.com").standing(subject());
const entry = (): ReplayEntry => ({
  ...{ kind: "event", key: replayKey("event", "https://idp.example", id()), expiresAtSeconds: now + 60 },
});
const say = (gone: boolean, replayEntries: readonly ReplayEntry[] = [entry()]) =>
  createReportWriter(cloud.client, cloud.tables).write({
    ...{ report: { principal, gone, atSeconds: now + 7 }, replayEntries, record: record() },
  });
const row = async () => {
  const Key = { subject: `standing#${subject()}` };
  return (await cloud.client.send(new GetCommand({ TableName: "Revocations", Key, ConsistentRead: true }))).Item ?? {};
};

describe("what a provider says of a person, in the table", () => {
  test("raises the epoch, blocks where the person is gone, and is a cut of that moment to the publisher", async () => {
    await say(false);
    const over = epochOf(await row());
    expect([over.blocked, over.cutAtSeconds, over.epoch > 0]).toEqual([false, now + 7, true]);
    await say(true);
    const gone = epochOf(await row());
    expect([gone.blocked, gone.epoch > over.epoch]).toEqual([true, true]);
    expect(changeOf(await row())).toEqual({
      ...{ kind: "raised", subject: subject(), epoch: gone.epoch, atSeconds: now + 7 },
    });
  });

  test("counts each of twenty at one instant, and once of twenty with one name", async () => {
    await Promise.all(Array.from({ length: 20 }, () => say(false)));
    expect((await row()).reported).toBe(20);
    const once = [entry()];
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => say(true, once)));
    expect(outcomes.toSorted()).toEqual([...Array(19).fill("repeated"), "written"]);
    expect((await row()).reported).toBe(21);
  });

  test("stays where it came between an operator's look and the lift, and a lift alone takes it away", async () => {
    await say(true);
    const { reported } = await standing();
    await say(true);
    await write({ lift: { subject: subject(), reported } });
    expect((await standing()).blocked).toBe(true);
    expect(epochOf(await row()).lifted).toBeUndefined();
    await write({ lift: { subject: subject(), reported: (await standing()).reported } });
    expect((await standing()).blocked).toBe(false);
    expect(epochOf(await row()).lifted).toBe(true);
    await say(false);
    expect([(await standing()).blocked, epochOf(await row()).lifted]).toEqual([false, undefined]);
    await say(true);
    expect((await standing()).blocked).toBe(true);
  });

  test("leaves an operator's block as it is, and is left by an operator's cut", async () => {
    await write({ raise: { subject: subject(), block: true, atSeconds: now } });
    await say(false);
    expect((await standing()).blocked).toBe(true);
    await write({ lift: { subject: subject(), reported: 1 } });
    await say(true);
    const { epoch } = epochOf(await row());
    await write({ raise: { subject: subject(), block: false, atSeconds: now } });
    expect([(await standing()).blocked, epochOf(await row()).epoch]).toEqual([true, epoch + 1]);
  });
});

const counts = fc.record({
  ...{ generation: fc.nat({ max: 1_000 }), reported: fc.nat({ max: 1_000 }), reportedLifted: fc.nat({ max: 1_000 }) },
  ...{ reportedGone: fc.nat({ max: 1_000 }), blocked: fc.boolean() },
});

property.prop([counts, fc.integer({ min: 1, max: 50 }), fc.nat({ max: 2 ** 20 }), fc.nat({ max: 2 ** 20 })])(
  "threat 68: whoever may write what is reported alone brings back nothing that an operator cut, and lifts no operator's block",
  (before, cuts, reported, reportedGone) => {
    const row = { subject: "standing#principal:p_x", ...before };
    const cut = { ...row, generation: before.generation + cuts, blocked: true };
    const now = epochOf({ ...cut, reported, reportedGone });
    expect(now.epoch).not.toBe(epochOf(row).epoch);
    expect(now.blocked).toBe(true);
  },
);
