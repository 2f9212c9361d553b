import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDues } from "../../../../lambdas/aws/dynamodb/lists/publish-dues.ts";
import { offerItem } from "../../../../lambdas/aws/dynamodb/sessions/offer-rows.ts";
import { sessionItem, sessionOf } from "../../../../lambdas/aws/dynamodb/sessions/session-rows.ts";
import { now, offer, session } from "../../samples.ts";
import { type Cloud, openCloud } from "../../tables.ts";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await openCloud();
});
afterAll(() => cloud.close());

/** Code and table have words of their own: a rename in code must not leave the rows of a deployment unread. */
describe("a revocation epoch keeps its column's name", () => {
  test("generations in a session's row, and in the session inside an offer's", () => {
    const one = session();
    const expected = { generations: one.epochs };
    expect(sessionItem(one)).toMatchObject(expected);
    expect(offerItem(offer(one)).from).toMatchObject(expected);
    expect(sessionItem(one)).not.toHaveProperty("epochs");
  });

  test("generation in what the publisher still has to walk, and in what it has", async () => {
    const dues = createDues(cloud.client, cloud.tables.lists);
    const due = { change: { kind: "raised", subject: "agent:a", epoch: 3 }, sinceSeconds: now } as const;
    await dues.addDue(due);
    await dues.setHandledDeployment(4);
    const { Items = [] } = await cloud.client.send(new ScanCommand({ TableName: cloud.tables.lists }));
    const rows = Items.flatMap(({ list: _, ...columns }) => Object.entries(columns));
    const text = JSON.stringify({ change: { kind: "raised", subject: "agent:a", generation: 3 }, sinceSeconds: now });
    expect(Object.fromEntries(rows)).toEqual({ "due agent:a": text, generation: 4 });
    expect([await dues.dues(), await dues.handledDeployment()]).toEqual([[due], 4]);
  });
});

test("a delegation rule keeps its column's name: lending in a session's row, and in the session inside an offer's", () => {
  const one = session({ delegationRules: ["staff"] });
  for (const row of [sessionItem(one), offerItem(offer(one)).from]) {
    expect(row).toMatchObject({ lending: ["staff"] });
    expect(row).not.toHaveProperty("delegationRules");
  }
  expect(sessionOf(sessionItem(one))).toEqual(one);
});
