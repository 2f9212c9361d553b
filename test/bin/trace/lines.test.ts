import { expect, test } from "vitest";
import { treeLines } from "../../../bin/lanyard/trace/lines.ts";
import type { Call } from "../../../core/lineage/join.ts";
import type { TrailLine } from "../../../core/lineage/lines.ts";

const sid = "S".repeat(22);
const call = (name: string, source: string, by: Call["by"] = "key"): Call => ({
  by,
  line: {
    ...{ eventId: `e-${name}`, timeMillis: 1_796_040_000_000, source: `${source}.amazonaws.com`, name },
    ...{ region: "eu-west-1", account: "111122223333", resources: [] },
  } satisfies TrailLine,
});

test("what happened within one second is told in the order in which it must have happened", () => {
  const event = {
    ...{ uid: "u", timeMillis: 1_796_040_000_900, operation: "credentials.vend", outcome: "allowed" },
    ...{ scopes: [], awsRequestIds: [], awsResources: [] },
  };
  const lines = treeLines([
    {
      ...{ sid, agent: "spiffe://td/agent/planner", principal: "p_ada", depth: 0, sinceMillis: 0, children: [] },
      events: [event],
      calls: [call("GetObject", "s3"), call("GetScopedCredentials", "sts"), call("AssumeRole", "sts", "vend")],
    },
  ]);
  const order = ["credentials.vend", "AssumeRole", "GetScopedCredentials", "GetObject"];
  expect(lines.slice(2).map((line) => order.findIndex((name) => line.includes(name)))).toEqual([0, 1, 2, 3]);
});
