import { describe, expect, test } from "vitest";
import cases from "../../conformance/tools/cases.json" with { type: "json" };
import { collectTools } from "../../core/tools/collect.ts";
import { toolDigest } from "../../core/tools/digest.ts";

interface Told {
  readonly title: string;
  readonly digest?: string;
}
const tools: readonly (Told & { readonly json: string })[] = cases.tools;
const lists: readonly (Told & { readonly pages: readonly unknown[] })[] = cases.lists;

describe("the cases that the Python package is held against, too", () => {
  test.each(tools)("tool: $title", async ({ json, digest }) => {
    const made = await toolDigest(JSON.parse(json));
    expect(made.ok ? made.value : undefined).toBe(digest);
  });

  test.each(lists)("list: $title", async ({ pages, digest }) => {
    const left = pages[Symbol.iterator]();
    const read = await collectTools(async () => left.next().value);
    expect(read.ok ? read.value.digest : undefined).toBe(digest);
  });
});
