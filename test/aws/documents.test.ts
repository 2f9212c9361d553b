import { describe, expect, test } from "vitest";
import { limits } from "../../core/model/limits.ts";
import { bothWays, documentsOf, item, no, object, refusal, yes } from "./ground.ts";
import { end, items, key, role, s3 } from "./samples.ts";
import { faultsOf } from "./simulate.ts";

describe("authority", () => {
  const documents = () => documentsOf({ role: role(s3(), items()) });

  test("threat 10: ends with the session, to the second", async () => {
    for (const asked of [object("a"), item("k")]) {
      expect(await bothWays(documents(), { ...asked, atSeconds: end })).toEqual(yes);
      expect(await bothWays(documents(), { ...asked, atSeconds: end + 1 })).toEqual(no);
    }
  });

  test.each([
    "sts:AssumeRole",
    "iam:PutRolePolicy",
    "s3:PutBucketPolicy",
    "s3:PutObject",
    "lambda:InvokeFunction",
    "kms:Decrypt",
  ])("is none to %s, even where a policy of the resource allows the session everything", async (action) => {
    expect(await bothWays(documents(), { action, resource: "*", atSeconds: end - 60 })).toEqual(no);
  });

  test("puts on another document by every document but the last", async () => {
    const scopeDown = { action: "sts:GetScopedCredentials", resource: "*", atSeconds: end - 60 };
    const all = documents();
    expect(all.length).toBeGreaterThan(1);
    expect(await bothWays(all.slice(0, -1), scopeDown)).toEqual(yes);
    expect(await bothWays(all.slice(-1), scopeDown)).toEqual(no);
  });
});

describe("the size of a policy", () => {
  const names = (count: number) => Array.from({ length: count }, (_, n) => `folder-of-customer-number-${n}`);
  const folder = { type: "several", field: "names" } as const;
  const wide = role(
    s3({ details: [{ ...folder, as: "folder" }], kmsKeys: [key("one")] }),
    items({ details: [folder], kmsKeys: [key("two")] }),
  );
  const of = (count: number) => ({ role: wide, details: [{ type: "several", names: names(count) }] });

  test("is told apart by service where one document is too short, each at most what STS takes", async () => {
    const counts = [1, 2, 4, 6, 8].map((count) => {
      const documents = documentsOf(of(count));
      for (const document of documents) expect(document.length).toBeLessThanOrEqual(limits.awsPolicyCharacters);
      return documents.length;
    });
    expect(Math.max(...counts)).toBe(3);
    const documents = documentsOf(of(8));
    for (const document of documents) expect(await faultsOf(document)).toBeUndefined();
    const last = names(8)[7] ?? "";
    expect(await bothWays(documents, object(`${last}/a`))).toEqual(yes);
    expect(await bothWays(documents, item(last))).toEqual(yes);
    expect(await bothWays(documents, object(`${last}0/a`))).toEqual(no);
    expect(await bothWays(documents, item(`${last}0`))).toEqual(no);
    expect(await bothWays(documents, { action: "sqs:SendMessage", resource: "*", atSeconds: end - 60 })).toEqual(no);
  });

  test("is refused with what was too much, where one service alone does not fit", () => {
    expect(refusal(of(60))).toMatchObject({ code: "aws_policy_too_large", service: "s3", limitCharacters: 2_048 });
  });

  test("counts what covers others once", () => {
    const nested = role(s3({ details: [{ type: "below", field: "at" }] }));
    const at = ["/a", ...names(150).map((name) => `/a/${name}`)];
    expect(refusal({ role: nested, details: [{ type: "below", at }] })).toBeUndefined();
  });
});
