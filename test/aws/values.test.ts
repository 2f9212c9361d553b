import { describe, expect, test } from "vitest";
import { bothWays, documentsOf, no, object, refusal, yes } from "./ground.ts";
import { items, role, s3 } from "./samples.ts";

describe("threat 19: a value of a detail", () => {
  const named = (name: string) =>
    documentsOf({
      role: role(s3({ details: [{ type: "single", field: "name" }] })),
      details: [{ type: "single", name }],
    });

  test.each([
    ["*", "anything"],
    ["a*", "ab"],
    ["a?", "ab"],
    [`\${aws:username}`, "alice"],
    [`a\${*}`, "ab"],
    ["$*", "$a"],
    [`\${`, `\${a`],
    ["", ""],
  ])("%j is a key of that name and no pattern", async (name, other) => {
    if (name === "") return expect(refusal({ details: [{ type: "single", name }] })?.code).toBe("details_invalid");
    const documents = named(name);
    expect(await bothWays(documents, object(name))).toEqual(yes);
    expect(await bothWays(documents, object(other, { context: { "aws:username": "alice" } }))).toEqual(no);
  });

  test.each(["Kunde→", "日本", "\u0100"])(
    "%j, which STS takes in no policy, is refused and not written otherwise",
    (name) => {
      const details = [{ type: "single", name }];
      expect(refusal({ role: role(s3({ details: [{ type: "single", field: "name" }] })), details })).toMatchObject({
        code: "aws_detail_unsayable",
        field: "name",
      });
    },
  );

  test("names a folder by one name: a slash would name another", async () => {
    const folders = role(s3({ details: [{ type: "several", field: "names", as: "folder" }] }));
    for (const names of [["a/b"], ["ok", "/"], [".."], ["."]])
      expect(refusal({ role: folders, details: [{ type: "several", names }] })).toMatchObject({
        code: "aws_detail_unsayable",
        why: "holds what is no folder's name",
      });
    const documents = documentsOf({ role: folders, details: [{ type: "several", names: ["a.b"] }] });
    expect(await bothWays(documents, object("a.b/c"))).toEqual(yes);
  });
});

describe("threat 19: a restriction that a policy cannot say", () => {
  test.each([
    ["of a type that the grant does not map", s3(), { type: "single", name: "a" }, "aws_detail_unmapped"],
    [
      "in another field of a type that it maps",
      s3({ details: [{ type: "most", field: "name" }] }),
      { type: "most", name: "a", size: 3 },
      "aws_detail_unmapped",
    ],
    [
      "by a rule that compares what IAM does not",
      s3({
        details: [
          { type: "most", field: "name" },
          { type: "most", field: "size" },
        ],
      }),
      { type: "most", name: "a", size: 3 },
      "aws_detail_unsayable",
    ],
    [
      "by whole folders in a table",
      items({ details: [{ type: "below", field: "at" }] }),
      { type: "below", at: ["/a"] },
      "aws_detail_unsayable",
    ],
    ["of a type that is gone", s3(), { type: "gone", name: "a" }, "details_invalid"],
    ["with a field that is gone", s3(), { type: "single", name: "a", more: "b" }, "details_invalid"],
  ])("is refused and never dropped: %s", (_, grant, detail, code) => {
    expect(refusal({ role: role(grant), details: [detail] })?.code).toBe(code);
  });

  test("refuses where one of several scopes does not map it", () => {
    const mapped = s3({ details: [{ type: "single", field: "name" }] });
    const both = role(mapped, items({ scope: "files:write" }));
    const details = [{ type: "single", name: "a" }];
    expect(refusal({ role: both, details })).toBeUndefined();
    expect(refusal({ role: both, details, scopes: ["files:read", "files:write"] })).toMatchObject({
      code: "aws_detail_unmapped",
      scope: "files:write",
    });
  });

  test("refuses details that leave nothing, and a scope that gives nothing", () => {
    const details = [
      { type: "single", name: "a" },
      { type: "begins", with: ["b"] },
    ];
    const both = role(
      s3({
        details: [
          { type: "single", field: "name" },
          { type: "begins", field: "with" },
        ],
      }),
    );
    expect(refusal({ role: both, details })?.code).toBe("aws_details_disjoint");
    expect(refusal({ scopes: ["files:read", "files:burn"] })).toEqual({
      code: "aws_scope_unmapped",
      role: "files",
      scopes: ["files:burn"],
    });
  });
});
