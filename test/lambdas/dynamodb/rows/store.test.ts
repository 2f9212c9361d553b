import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SessionStore } from "../../../../core/session/store.ts";
import { createPublishStore } from "../../../../lambdas/aws/dynamodb/lists/publish-store.ts";
import { createRevocationStore } from "../../../../lambdas/aws/dynamodb/revocations/revocation-store.ts";
import { offerItem } from "../../../../lambdas/aws/dynamodb/sessions/offer-rows.ts";
import { sessionItem } from "../../../../lambdas/aws/dynamodb/sessions/session-rows.ts";
import { createSessionStore } from "../../../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { now, offer, session } from "../../samples.ts";
import { type Cloud, openCloud } from "../../tables.ts";

let cloud: Cloud;
let store: SessionStore;
beforeAll(async () => {
  cloud = await openCloud();
  store = createSessionStore(cloud.client, cloud.tables, { nowMillis: () => now * 1000, steadyMillis: () => 0 });
});
afterAll(() => cloud.close());

const put = (TableName: string, Item: Readonly<Record<string, unknown>>) =>
  cloud.client.send(new PutCommand({ TableName, Item: { ...Item } }));

describe("a row that somebody wrote by hand", () => {
  test("of a session is no session to a liveness read or to whoever revokes it", async () => {
    const broken = session();
    await put("Sessions", { ...sessionItem(broken), expiresAtSeconds: "never" });
    const why = `a row of sessions (root ${broken.root}, sid ${broken.sid}) is broken: expiresAtSeconds is no whole number`;
    await expect(store.readLiveness({ session: broken, tombstones: [], subjects: [] })).rejects.toThrow(why);
    await expect(store.readSession(broken.root, broken.sid)).rejects.toThrow(why);
    const revocations = createRevocationStore(cloud.client, cloud.tables);
    await expect(revocations.readSession(broken.root, broken.sid)).rejects.toThrow(why);
  });

  test("of an offer lends nothing, also where the session inside it is what is broken", async () => {
    const held = offer(session());
    const item = offerItem(held);
    await put("Sessions", { ...item, from: { ...sessionItem(held.from), expiresAt: undefined, depth: -1 } });
    await expect(store.readOffer(held.root, held.handleHash)).rejects.toThrow("from.depth is no whole number");
  });

  test("threat 48: of a session is still found by the walk that publishes its end, whatever else is wrong in it", async () => {
    const broken = session();
    await put("Sessions", { ...sessionItem(broken), grants: "none", boundOfTomorrow: true });
    const { root, sid, anc, epochs, status, expiresAtSeconds } = broken;
    const listed = [{ root, sid, anc, epochs, status, expiresAtSeconds }];
    expect(await createPublishStore(cloud.client, cloud.tables).tree(root)).toEqual(listed);
  });

  test("of an epoch counts for nobody's life", async () => {
    await put("Revocations", { subject: "standing#agent:broken", generation: "1" });
    const query = { tombstones: [], subjects: ["agent:broken"] };
    await expect(store.readLiveness(query)).rejects.toThrow(
      "a row of revocations (subject standing#agent:broken) is broken: generation is no whole number",
    );
  });
});
