import { describe, expect, test } from "vitest";
import { bothWays, documentsOf, item, no, refusal, yes } from "./ground.ts";
import { end, items, key, role, s3, table } from "./samples.ts";
import type { Asked } from "./simulate.ts";

describe("a listing", () => {
  const list = s3({ actions: ["s3:ListBucket"], where: { bucket: "files", prefix: "a/" } });
  const listed = (prefix?: string): Asked => ({
    action: "s3:ListBucket",
    resource: "arn:aws:s3:::files",
    atSeconds: end - 60,
    context: prefix === undefined ? {} : { "s3:prefix": prefix },
  });

  test("is of a folder and what lies below it", async () => {
    const documents = documentsOf({ role: role(list) });
    for (const prefix of ["a/", "a/b", "a/b/c"]) expect(await bothWays(documents, listed(prefix))).toEqual(yes);
    for (const prefix of [undefined, "", "a", "b/", "aa/", "a*"])
      expect(await bothWays(documents, listed(prefix))).toEqual(no);
  });

  test("of a path is of its folder: the path's own name would list what else begins so", async () => {
    const byPath = { ...list, details: [{ type: "below", field: "at" }] };
    const documents = documentsOf({ role: role(byPath), details: [{ type: "below", at: ["/x"] }] });
    expect(await bothWays(documents, listed("a/x/"))).toEqual(yes);
    for (const prefix of ["a/x", "a/xy", "a/"]) expect(await bothWays(documents, listed(prefix))).toEqual(no);
  });

  test.each([
    ["of a whole bucket", s3({ actions: ["s3:ListBucket"] }), []],
    [
      "of the root path",
      { ...list, where: { bucket: "files" }, details: [{ type: "below", field: "at" }] },
      [{ type: "below", at: ["/"] }],
    ],
    [
      "by what names begin with",
      { ...list, details: [{ type: "begins", field: "with" }] },
      [{ type: "begins", with: ["x"] }],
    ],
    ["of single keys", { ...list, details: [{ type: "single", field: "name" }] }, [{ type: "single", name: "x/" }]],
  ])("is refused %s", (_, grant, details) => {
    expect(refusal({ role: role(grant), details })?.code).toBe("aws_listing_unbounded");
  });
});

describe("a table's items", () => {
  const narrowed = role(
    items({ where: { table: table("items"), prefix: "C#" }, details: [{ type: "several", field: "names" }] }),
  );
  const documents = () => documentsOf({ role: narrowed, details: [{ type: "several", names: ["1", "2"] }] });

  test("are those of the partition keys that the details name, all of a request", async () => {
    expect(await bothWays(documents(), item("C#1"))).toEqual(yes);
    expect(await bothWays(documents(), item("C#1", "C#2"))).toEqual(yes);
    for (const keys of [["C#3"], ["1"], ["C#1", "C#3"], ["C#11"], []])
      expect(await bothWays(documents(), item(...keys))).toEqual(no);
  });

  test("are not reached through an index, a scan, or a transaction, of which nothing says whose keys it tells", async () => {
    const index = { ...item("C#1"), action: "dynamodb:Query", resource: `${table("items")}/index/by-owner` };
    const query = documentsOf({ role: role(items({ actions: ["dynamodb:Query", "dynamodb:GetItem"] })) });
    expect(await bothWays(query, index)).toEqual(no);
    expect(await bothWays(query, { ...index, resource: table("items") })).toEqual(yes);
    expect(await bothWays(query, { ...item(), action: "dynamodb:Scan" })).toEqual(no);
    const inside = { "dynamodb:LeadingKeys": ["C#1"], "dynamodb:EnclosingOperation": "TransactGetItems" };
    expect(await bothWays(documents(), { ...item(), context: inside })).toEqual(no);
  });
});

describe("a key of KMS", () => {
  const encrypted = role(
    s3({ kmsKeys: [key("one")] }),
    s3({ scope: "files:write", actions: ["s3:PutObject"], kmsKeys: [key("one"), key("two")] }),
    items({ kmsKeys: [key("one")] }),
  );
  const use = (action: string, name: string, via?: string): Asked => ({
    action,
    resource: key(name),
    atSeconds: end - 60,
    context: via === undefined ? {} : { "kms:ViaService": `${via}.eu-west-1.amazonaws.com` },
  });

  test("is used through the service it was registered for, and by nobody's own hand", async () => {
    const documents = documentsOf({ role: encrypted, scopes: ["files:read", "files:write"] });
    for (const via of ["s3", "dynamodb"])
      expect(await bothWays(documents, use("kms:Decrypt", "one", via))).toEqual(yes);
    expect(await bothWays(documents, use("kms:GenerateDataKey", "two", "s3"))).toEqual(yes);
    expect(await bothWays(documents, use("kms:GenerateDataKeyWithoutPlaintext", "one", "dynamodb"))).toEqual(yes);
    expect(await bothWays(documents, use("kms:GenerateDataKey", "two", "dynamodb"))).toEqual(no);
    expect(await bothWays(documents, use("kms:Decrypt", "one"))).toEqual(no);
    expect(await bothWays(documents, use("kms:Decrypt", "three", "s3"))).toEqual(no);
    expect(await bothWays(documents, use("kms:CreateGrant", "one", "s3"))).toEqual(no);
  });

  test("is not given for what touches no data", async () => {
    const documents = documentsOf({ role: role(s3({ actions: ["s3:DeleteObject"], kmsKeys: [key("one")] })) });
    expect(await bothWays(documents, use("kms:Decrypt", "one", "s3"))).toEqual(no);
  });
});
