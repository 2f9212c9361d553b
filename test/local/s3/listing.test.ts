import {
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectCommand,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { fc, test as property } from "@fast-check/vitest";
import { beforeAll, describe, expect, it } from "vitest";
import { pageOf } from "../../../local/emulator/s3/operations/page.ts";
import { setUp } from "../cloud/ground.ts";
import { locked, plain, refused, s3 } from "./ground.ts";

setUp();

const keys = ["2026/11/a", "2026/11/b", "2026/12/c", "index", "z<&>é", "😀", "\uFFFD"];
beforeAll(async () => {
  for (const Key of keys) await s3().send(new PutObjectCommand({ Bucket: plain(), Key, Body: Key }));
});

const list = async (input: object) => {
  const answer = await s3().send(new ListObjectsV2Command({ Bucket: plain(), ...input }));
  return {
    ...answer,
    keys: (answer.Contents ?? []).map(({ Key }) => Key),
    prefixes: (answer.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
  };
};

describe("a listing", () => {
  it("holds every object in the order of the keys' bytes, with its size", async () => {
    const answer = await list({});
    // UTF-8 puts the replacement character before what lies outside the first plane; UTF-16 would not
    expect(answer.keys).toEqual([...keys.slice(0, 5), "\uFFFD", "😀"]);
    expect(answer.Contents?.[3]).toMatchObject({ Key: "index", Size: 5, StorageClass: "STANDARD" });
    expect(answer).toMatchObject({ KeyCount: 7, IsTruncated: false });
  });

  it("is narrowed by prefix, and rolled up at the delimiter", async () => {
    expect((await list({ Prefix: "2026/" })).keys).toEqual(keys.slice(0, 3));
    expect(await list({ Delimiter: "/" })).toMatchObject({ prefixes: ["2026/"], KeyCount: 5 });
    expect(await list({ Prefix: "2026/", Delimiter: "/" })).toMatchObject({
      keys: [],
      prefixes: ["2026/11/", "2026/12/"],
    });
    expect((await list({ StartAfter: "2026/11/b", Prefix: "2026/" })).keys).toEqual(["2026/12/c"]);
    expect(await list({ EncodingType: "url", Prefix: "z" })).toMatchObject({ keys: ["z%3C%26%3E%C3%A9"] });
  });

  it.each([{}, { Delimiter: "/" }, { Prefix: "2026/", Delimiter: "/" }])(
    "comes in pages that together are the whole: %j",
    async (input) => {
      const whole = await list(input);
      const paged = { keys: [] as unknown[], prefixes: [] as unknown[] };
      for await (const page of paginateListObjectsV2({ client: s3(), pageSize: 1 }, { Bucket: plain(), ...input })) {
        paged.keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
        paged.prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
      }
      expect(paged).toEqual({ keys: whole.keys, prefixes: whole.prefixes });
    },
  );

  it("refuses a token that it did not give out", async () => {
    expect(await refused(list({ ContinuationToken: "guessed" }))).toEqual(["InvalidArgument", 400]);
  });

  it("of versions comes in pages that together are the whole", async () => {
    for (const Key of ["v/1", "v/1", "v/2"]) await s3().send(new PutObjectCommand({ Bucket: locked, Key, Body: "x" }));
    const page = (more = {}) => s3().send(new ListObjectVersionsCommand({ Bucket: locked, Prefix: "v/", ...more }));
    const whole = (await page()).Versions?.map(({ Key, VersionId }) => [Key, VersionId]);
    expect(whole?.map(([key]) => key)).toEqual(["v/1", "v/1", "v/2"]);
    const found: unknown[] = [];
    let last: ListObjectVersionsCommandOutput | undefined;
    for (let pages = 0; pages === 0 || (last?.IsTruncated === true && pages < 9); pages += 1) {
      last = await page({ MaxKeys: 1, KeyMarker: last?.NextKeyMarker, VersionIdMarker: last?.NextVersionIdMarker });
      found.push(...(last.Versions ?? []).map(({ Key, VersionId }) => [Key, VersionId]));
    }
    expect(found).toEqual(whole);
  });
});

property.prop([
  fc.uniqueArray(fc.string({ unit: fc.constantFrom("a", "b", "/"), minLength: 1, maxLength: 5 }), { maxLength: 12 }),
  fc.string({ unit: fc.constantFrom("a", "/"), maxLength: 2 }),
  fc.constantFrom("", "/", "a/"),
  fc.integer({ min: 1, max: 4 }),
])("pages of any size hold each key and common prefix exactly once", (names, prefix, delimiter, most) => {
  const items = [...names].sort();
  const page = (after: string, said: string | undefined, size: number) =>
    pageOf({ items, keyOf: (key) => key, prefix, delimiter, isBehind: (key) => key > after, said, most: size });
  const whole = page("", undefined, 1000);
  const found = { items: [] as string[], commonPrefixes: [] as string[] };
  let at: { after: string; said: string | undefined } | undefined = { after: "", said: undefined };
  for (let pages = 0; at !== undefined && pages < 50; pages += 1) {
    const one: ReturnType<typeof page> = page(at.after, at.said, most);
    found.items.push(...one.items);
    found.commonPrefixes.push(...one.commonPrefixes);
    at = one.last && { after: one.last.item, said: one.last.commonPrefix };
  }
  expect(found).toEqual({ items: whole.items, commonPrefixes: whole.commonPrefixes });
  const inside = items.filter((key) => key.startsWith(prefix));
  expect(
    inside.every((key) => found.items.includes(key) || found.commonPrefixes.some((each) => key.startsWith(each))),
  ).toBe(true);
});
