import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, it, test } from "vitest";
import { understandDetail } from "../../core/details/compare.ts";
import { detailOf, leavesOf } from "../../core/details/leaves.ts";
import type { DetailsTypeDeclaration } from "../../core/model/resource-registration.ts";
import { declared } from "../kit/registry.ts";

const rules = { paths: "path", "amount.value": "max", "amount.per.day": "max" } as const;
const type = { name: "t", rules };

describe("the fields of a detail", () => {
  it("are found by the paths of their rules, and put back where they were", () => {
    const detail = { type: "t", paths: ["/a"], amount: { value: 5, per: { day: 1 } } };
    const leaves = leavesOf(detail, type);
    if (!leaves.ok) throw new Error(leaves.error.why);
    expect([...leaves.value]).toEqual([
      ["paths", ["/a"]],
      ["amount.value", 5],
      ["amount.per.day", 1],
    ]);
    expect(detailOf(type, leaves.value)).toEqual(detail);
  });

  test.each([
    ["a field nobody declared", { everything: true }, "everything"],
    ["a nested field nobody declared", { amount: { value: 5, currency: "EUR" } }, "amount.currency"],
    ["a field spelled like the path of another", { "amount.value": 5 }, "amount.value"],
    ["a nested field spelled like a path", { amount: { "per.day": 5 } }, "amount.per.day"],
    ["a field spelled like the beginning of a path", { "amount.per": { day: 5 } }, "amount.per"],
    ["the prototype's name", JSON.parse('{"__proto__":{"paths":["/a"]}}'), "__proto__"],
    ["what every object inherits", { constructor: 5 }, "constructor"],
    ["a list where fields should be", { amount: [5] }, "amount"],
    ["a value where fields should be", { amount: 5 }, "amount"],
    ["null where fields should be", { amount: null }, "amount"],
    ["an object that says nothing", { amount: {} }, "amount"],
    ["an empty name", { "": 5 }, ""],
  ])("are refused with %s, without a look at the schema", (_, fields, field) => {
    const leaves = leavesOf(
      { type: "t", ...Object.defineProperties({}, Object.getOwnPropertyDescriptors(fields)) },
      type,
    );
    expect(leaves).toMatchObject({ ok: false, error: { field } });
  });

  property.prop([fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }))])(
    "never come from a name outside the rules, whatever is sent",
    (fields) => {
      const leaves = leavesOf({ ...fields, type: "t" }, type);
      if (leaves.ok) for (const path of leaves.value.keys()) expect(Object.keys(rules)).toContain(path);
    },
  );
});

it("a value must fit its schema as it came, not only as it is stored", () => {
  const short: DetailsTypeDeclaration = {
    name: "t",
    ...declared({ folder: { type: "string", maxLength: 5 } }, { folder: "path" }),
  };
  expect(understandDetail({ type: "t", folder: "/a/b/" }, short).ok).toBe(true);
  expect(understandDetail({ type: "t", folder: "/a///b" }, short)).toEqual({
    ok: false,
    error: { field: "folder", why: "does not fit the type's schema (maxLength)" },
  });
});

it("a value must fit its schema as it is stored, or it could not be inherited", () => {
  const two: DetailsTypeDeclaration = {
    name: "t",
    ...declared({ folders: { type: "array", items: { type: "string" }, minItems: 2 } }, { folders: "path" }),
  };
  expect(understandDetail({ type: "t", folders: ["/a", "/b"] }, two).ok).toBe(true);
  expect(understandDetail({ type: "t", folders: ["/a", "/a/"] }, two).ok).toBe(false);
});
