import { GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { limits } from "../../../../core/model/limits.ts";
import type { SessionStore } from "../../../../core/session/store.ts";
import { createSessionStore } from "../../../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { now } from "../../samples.ts";
import { type Cloud, openCloud } from "../../tables.ts";

export let cloud: Cloud;
export let store: SessionStore;

export const time = { seconds: now };

export const raw = async (root: string, sid: string) =>
  (await cloud.client.send(new GetCommand({ TableName: "Sessions", Key: { root, sid }, ConsistentRead: true }))).Item;

export const nothing = { tombstones: [], subjects: [] };

/** Has each test of the calling file begin on this ground. */
export function setUp(): void {
  beforeAll(async () => {
    cloud = await openCloud();
    store = createSessionStore(cloud.client, cloud.tables, { nowMillis: () => time.seconds * 1000 });
    for (let copy = 0; copy < limits.deploymentCopies; copy++)
      await cloud.client.send(
        new PutCommand({ TableName: "Revocations", Item: { subject: `deployment#${copy}`, registryVersion: 3 } }),
      );
  });
  afterAll(() => cloud.close());
  beforeEach(() => {
    time.seconds = now;
    cloud.taken();
  });
}
