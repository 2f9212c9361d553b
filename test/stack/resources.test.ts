import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { functionNames } from "../../lambdas/manifest.ts";
import { grantsOf } from "../../lib/function/grant.ts";
import { LanyardFunction } from "../../lib/function/lanyard-function.ts";
import { resourcesPage } from "../../scripts/resources.ts";
import { list, statementsOf } from "./resolved.ts";
import { bundles, type StackName, synthesized } from "./synthesized.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/resources.md"), "utf8");

describe("the page of resources", () => {
  test("is what the constructs say now; if not: npm run resources", () => {
    expect(page).toBe(resourcesPage(bundles));
  });

  test("names every function, and no right without a reason", () => {
    for (const name of functionNames) expect(page).toContain(`| \`${name}\` |`);
    expect(page).not.toMatch(/\| *\|/);
  });

  test("leaves no right out: what a role's policies allow is what it was granted, but for X-Ray", () => {
    const made: { stack: StackName; id: string; actions: string[] }[] = [];
    const { templates } = synthesized(
      {},
      {
        change: (stacks) => {
          for (const stack of Object.values(stacks))
            for (const part of stack.node.findAll())
              if (part instanceof LanyardFunction)
                made.push({
                  stack: stack.node.id as StackName,
                  id: part.node.id,
                  actions: grantsOf(part.role).flatMap(({ actions }) => actions),
                });
        },
      },
    );
    expect(made.length).toBeGreaterThan(15);
    for (const { stack, id, actions } of made) {
      const allowed = statementsOf(templates, stack, `${id}Role`).flatMap(({ Action }) => list(Action));
      const told = new Set(allowed.filter((action) => !action.startsWith("xray:")));
      expect([id, [...told].sort()]).toEqual([id, [...new Set(actions)].sort()]);
    }
  });
});
