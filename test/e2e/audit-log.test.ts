import { createPublicKey } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FirehoseClient, PutRecordCommand } from "@aws-sdk/client-firehose";
import { GetPublicKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { GetObjectRetentionCommand, GetObjectTaggingCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { awsStsWebIdentity } from "../../client/evidence/aws-sts-web-identity.ts";
import { createAgent } from "../../client/index.ts";
import { openCheckpoint } from "../../core/tlog/checkpoint.ts";
import { readEntry } from "../../core/tlog/entry.ts";
import { ed25519OfSpki } from "../../core/tlog/note-key.ts";
import { tilePath } from "../../core/tlog/tile.ts";
import { readEntries } from "../../core/tlog/tree.ts";
import { tickets } from "../../local/demo/story/desk.ts";
import { raiseWorld, type World } from "../../local/demo/story/world.ts";

/** The log over the trail, on the deployed template: rights, keys, tables, bucket and functions as they are. */
let world: World;
beforeAll(async () => {
  world = await raiseWorld({ memory: true, onProgress: () => undefined });
});
afterAll(() => world?.close());

const bucket = () => world.cloud.outputs.AuditBucketName ?? "";
const client = () => {
  const { aws, operator } = world.cloud;
  return {
    region: aws.region,
    endpoint: aws.endpoint,
    credentials: { ...operator },
    maxAttempts: 1,
    forcePathStyle: true,
  };
};
const object = (path: string) => readFileSync(join(world.cloud.bucketFolder(bucket()), "log", path));
const findings = () =>
  world.cloud
    .queueMessages("Unsealed")
    .map((text) => JSON.parse(text) as { finding: string; subjects: string[] })
    .filter(({ finding }) => finding !== undefined);
const told = (kind: string) => findings().flatMap(({ finding, subjects }) => (finding === kind ? subjects : []));

async function checkpoint() {
  const kms = new KMSClient(client());
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: world.cloud.outputs.LogKeyId }));
  const key = ed25519OfSpki(PublicKey ?? new Uint8Array());
  if (!key.ok) throw new Error(key.error);
  expect(createPublicKey({ key: Buffer.from(PublicKey ?? []), format: "der", type: "spki" }).asymmetricKeyType).toBe(
    "ed25519",
  );
  const origin = "lanyard.local/lanyard/local/eu-west-1";
  const opened = openCheckpoint(object("checkpoint").toString(), {
    origin,
    keys: [{ name: origin, type: "ed25519", publicKey: key.value }],
  });
  if (!opened.ok) throw new Error(opened.error);
  return opened.value;
}
async function entries() {
  const { size } = await checkpoint();
  const tree = { size, read: async (name: Parameters<typeof tilePath>[0]) => object(tilePath(name)) };
  const bundles = await Promise.all(Array.from({ length: Math.ceil(size / 256) }, (_, n) => readEntries(tree, n)));
  return bundles.flat().flatMap((bytes) => {
    const read = readEntry(bytes);
    return read.ok ? [read.value] : [];
  });
}
/** Every record of the Outbox. */
async function outbox() {
  const { body } = await world.cloud.dynamodb("Scan", { TableName: world.cloud.outputs.OutboxTable });
  return (body as { Items: { eventId: { S: string }; hash: { S: string } }[] }).Items.map(({ eventId, hash }) => ({
    eventId: eventId.S,
    hash: hash.S,
  }));
}
async function openSession(): Promise<void> {
  const { endpoints, provider } = world;
  const { id, credentials } = endpoints.agents.planner ?? {};
  if (!id || !credentials) throw new Error("no planner");
  const evidence = awsStsWebIdentity({ ...endpoints.aws, credentials: { ...credentials } });
  const { id_token: idToken } = await provider.signInAs("planner");
  const grants = [{ resource: tickets, scopes: ["tickets:read"] }];
  await createAgent({ issuer: endpoints.issuer, agent: id, evidence }).open({ onBehalfOf: { idToken }, grants });
}
const leaf = (update: object) =>
  world.cloud.dynamodb("UpdateItem", { TableName: world.cloud.outputs.LeavesTable, ...update });
/** Another record, seen and sealed as always. */
async function another(): Promise<string> {
  const before = new Set((await outbox()).map(({ eventId }) => eventId));
  await openSession();
  const fresh = (await outbox()).filter(({ eventId }) => !before.has(eventId));
  await world.cloud.flush();
  return fresh[0]?.eventId ?? expect.fail("nothing was recorded");
}

test("every record is in the log a minute later, with the hash that its transaction stored, under a key that KMS keeps", async () => {
  await openSession();
  await world.cloud.flush();
  await world.cloud.invoke("sealer", {});
  const sealed = new Map((await entries()).map(({ eventId, hash }) => [eventId, hash]));
  const recorded = await outbox();
  expect(recorded.length).toBeGreaterThan(2);
  for (const { eventId, hash } of recorded) expect([eventId, sealed.get(eventId)]).toEqual([eventId, hash]);
  await world.cloud.invoke("reconciler", {});
  await world.cloud.invoke("sealer", {});
  expect(findings()).toEqual([]);
  expect(world.cloud.failures()).toEqual([]);
});

test("threat 45: checkpoints and objects are retained, and a partial tile says that it is one", async () => {
  const s3 = new S3Client(client());
  const { size } = await checkpoint();
  const retained = async (Key: string) =>
    (await s3.send(new GetObjectRetentionCommand({ Bucket: bucket(), Key }))).Retention?.Mode;
  expect(await retained("log/checkpoint")).toBe("GOVERNANCE");
  expect(await retained(`log/checkpoints/${size}`)).toBe("GOVERNANCE");
  const [day] = readdirSync(join(world.cloud.bucketFolder(bucket()), "audit"));
  const [name] = readdirSync(join(world.cloud.bucketFolder(bucket()), "audit", day ?? ""));
  expect(await retained(`audit/${day}/${name}`)).toBe("GOVERNANCE");
  const Key = `log/tile/0/000.p/${size}`;
  const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket: bucket(), Key }));
  expect(TagSet).toEqual([{ Key: "lanyard-log", Value: "partial" }]);
});

test("threat 23: an administrator writes nothing into the log, and no record past it without being found", async () => {
  const s3 = new S3Client(client());
  for (const Key of ["log/checkpoint", "log/tile/0/999", "audit/dt=2026-11-30/mine.gz", "elsewhere"])
    await expect(s3.send(new PutObjectCommand({ Bucket: bucket(), Key, Body: "x" })), Key).rejects.toThrow(
      /explicit deny/,
    );
  const line = JSON.stringify({ metadata: { uid: "forged" } });
  const [real] = await outbox();
  const changed = JSON.stringify({ metadata: { uid: real?.eventId }, forged: true });
  const firehose = new FirehoseClient(client());
  const [, stream] =
    Object.entries(world.cloud.outputs).find(([name]) => /^ExportsOutputRefDeliveryFirehose/.test(name)) ?? [];
  for (const data of [line, changed])
    await firehose.send(
      new PutRecordCommand({
        DeliveryStreamName: stream,
        Record: { Data: Buffer.from(data) },
      }),
    );
  await world.cloud.flush();
  await expect.poll(() => told("record.unknown")).toEqual([expect.stringMatching(/^forged in audit\/.* line 1$/)]);
  expect(told("record.changed")).toEqual([expect.stringContaining(`${real?.eventId} in audit/`)]);
});

test("threat 23: a record that the relay never noted, and one whose object never came, are found once each", async () => {
  const [dropped, lost] = [await another(), await another()];
  await world.cloud.invoke("sealer", {});
  const tables = world.cloud.outputs;
  await world.cloud.dynamodb("DeleteItem", { TableName: tables.LeavesTable, Key: { event: { S: dropped } } });
  await world.cloud.dynamodb("UpdateItem", {
    TableName: tables.OutboxTable,
    Key: { eventId: { S: dropped } },
    UpdateExpression: "SET timeMillis = timeMillis - :hour",
    ExpressionAttributeValues: { ":hour": { N: "3600000" } },
  });
  await leaf({
    Key: { event: { S: lost } },
    UpdateExpression: "SET unseen = :shard, #at = #at - :hour REMOVE objectKey",
    ExpressionAttributeNames: { "#at": "at" },
    ExpressionAttributeValues: { ":shard": { S: "0" }, ":hour": { N: "3600000" } },
  });
  for (let run = 0; run < 3; run++) await world.cloud.invoke("reconciler", {});
  expect(told("leaf.missing")).toEqual([dropped]);
  expect(told("object.missing")).toEqual([lost]);
});

test("threat 23: a head that was set back signs nothing more", async () => {
  const { size } = await checkpoint();
  await another();
  await leaf({
    Key: { event: { S: "~head" } },
    UpdateExpression: "SET #size = :one",
    ExpressionAttributeNames: { "#size": "size" },
    ExpressionAttributeValues: { ":one": { N: "1" } },
  });
  await expect(world.cloud.invoke("sealer", {})).rejects.toThrow("behind its checkpoint");
  expect((await checkpoint()).size).toBe(size);
});
