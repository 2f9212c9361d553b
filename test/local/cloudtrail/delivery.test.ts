import { gunzipSync } from "node:zlib";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { part } from "../../../local/emulator/cloudtrail/delivery.ts";
import type { TrailRecord } from "../../../local/emulator/cloudtrail/record.ts";
import { openTrail } from "../../../local/emulator/cloudtrail/trail.ts";
import { cloud, files, readFile, settings, setUp, trail } from "./ground.ts";

setUp();

type Answered = { readonly credentials: { readonly accessKeyId: string } };

describe("a trail's files", () => {
  it("lie where CloudTrail puts them, one an account and Region", async () => {
    await new STSClient(settings()).send(new GetCallerIdentityCommand({}));
    cloud.trail?.flush();
    expect(files()).not.toEqual([]);
    for (const key of files()) {
      expect(key).toMatch(
        /^AWSLogs\/(\d{12})\/CloudTrail\/([a-z0-9-]+)\/\d{4}\/\d\d\/\d\d\/\1_CloudTrail_\2_\d{8}T\d{4}Z_[A-Za-z0-9]{16}\.json\.gz$/,
      );
      const [, account = "", , region = ""] = key.split("/");
      for (const record of readFile(key))
        expect([record.recipientAccountId, record.awsRegion]).toEqual([account, region]);
    }
  });

  it("come in batches, after a while, without being asked for", async () => {
    const put: string[] = [];
    const opened = openTrail({
      region: "eu-west-1",
      schemas: () => [],
      everySeconds: 0.02,
      bucket: { put: ({ key }) => void put.push(key) as never },
    });
    const roleArn = "arn:aws:iam::111122223333:role/r";
    for (const accessKeyId of ["ASIA1", "ASIA2"])
      opened.assumed("lambda.amazonaws.com", { roleArn, sessionName: "s", accessKeyId });
    expect(put).toEqual([]);
    await expect.poll(() => put).toHaveLength(1);
    opened.close();
  });
});

describe("a trail that is asked for all it heard while it packs a file", () => {
  it("has put everything there, once, by the time it answers", async () => {
    const put: { readonly key: string; readonly bytes: Buffer }[] = [];
    const opened = openTrail({
      region: "eu-west-1",
      schemas: () => [],
      everySeconds: 0.01,
      bucket: { put: (object) => void put.push(object) as never },
    });
    const roleArn = "arn:aws:iam::111122223333:role/r";
    const said = Array.from({ length: 300 }, (_, number) => `ASIA${number}`);
    for (const accessKeyId of said) {
      opened.assumed("lambda.amazonaws.com", { roleArn, sessionName: "s", accessKeyId });
      if (Number(accessKeyId.slice(4)) % 60 === 59) await new Promise((resolve) => setTimeout(resolve, 11));
    }
    opened.flush();
    const texts = () => put.map(({ bytes }) => gunzipSync(bytes).toString());
    const heard = texts().flatMap((text) => JSON.parse(text).Records as TrailRecord[]);
    const keys = heard.map(({ responseElements }) => (responseElements as Answered).credentials.accessKeyId);
    expect(keys.toSorted()).toEqual(said.toSorted());
    const files = put.length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(put).toHaveLength(files);
    opened.close();
  });
});

describe("an unkind trail", () => {
  it("is late, says things twice and in no order, and has told everything in the end", async () => {
    const calls = Array.from({ length: 20 }, () => new STSClient(settings()).send(new GetCallerIdentityCommand({})));
    const ids = (await Promise.all(calls)).map(({ $metadata }) => $metadata.requestId ?? "");
    let drawn = 0;
    const draw = () => {
      drawn = (drawn + 0.37) % 1;
      return drawn;
    };
    cloud.trail?.unkind({ late: 0.5, doubled: 0.5, shuffled: true, draw });
    const found = trail().filter(({ requestID }) => ids.includes(requestID));
    expect(new Set(found.map(({ requestID }) => requestID))).toEqual(new Set(ids));
    expect(found.length).toBeGreaterThan(20);
    const twice = found.filter(({ eventID }, at) => found.findIndex((each) => each.eventID === eventID) !== at);
    for (const copy of twice) expect(copy).toEqual(found.find(({ eventID }) => eventID === copy.eventID));
  });
});

property.prop([
  fc.uniqueArray(fc.uuid(), { maxLength: 20 }),
  fc.record({ late: fc.double({ min: 0, max: 1, noNaN: true }), doubled: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.boolean(),
  fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
])("no delivery loses a record, whatever is drawn", (ids, shares, shuffled, draws) => {
  const records = ids.map((eventID) => ({ eventID }) as TrailRecord);
  const draw = () => draws.next().value ?? 0;
  const { now, later } = part(records, { ...shares, shuffled, draw });
  const all = [...now, ...later].map(({ eventID }) => eventID);
  expect(new Set(all)).toEqual(new Set(ids));
  const kind = part(records, {});
  expect([kind.now, kind.later]).toEqual([records, []]);
});
