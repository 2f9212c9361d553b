import { beforeEach, expect } from "vitest";
import { agent } from "../../kit/registry.ts";
import { type Attests, attests } from "../../kit/world/attests.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

export let world: World<Attests>;

export const planner = (role: string, more: object = {}) =>
  agent("planner", { selectors: [{ type: "aws-sts-web-identity", exact: { roleArn: role } }], ...more });

export const withPlanner = async (more: object) => createWorld([planner(world.sts.roleArn, more)], attests());

/** Expects a refusal that issued nothing, and tells its code as recorded. */
export async function refused(
  w: World<Attests>,
  answer: { status: number; body: Record<string, unknown> },
  authenticated: boolean,
) {
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.body.identity_token).toBeUndefined();
  expect(Object.keys(answer.body)).toEqual(["error", "error_description"]);
  const { aggregated, own } = w.takeDenial();
  expect(own !== undefined, JSON.stringify({ aggregated, own })).toBe(authenticated);
  return authenticated ? own.denial.code : aggregated?.code;
}

/** Has each test of the calling file begin on this ground. */
export function setUp(): void {
  beforeEach(async () => {
    world = await createWorld([], attests());
  });
}
