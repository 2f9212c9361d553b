import { describe, expect, test } from "vitest";
import { requireTool } from "../../../client/mcp.ts";
import type { Cost, Operation, ResourceServer } from "../../../client/verify.ts";
import { AccessError } from "../../../client/verify.ts";
import { refusalReply } from "../../../core/verify/refusal-reply.ts";
import { calling } from "./ground.ts";

const euros = (amountMinor: number): Cost => ({ amountMinor, currency: "EUR" });

/** An MCP server behind a guard that lets in, with what the guard was asked and what was settled. */
function made(scopes: readonly string[] = ["x"]) {
  const operations: (Operation | undefined)[] = [];
  const settled: Cost[] = [];
  const refused = { code: "scope_insufficient", required: ["x"], missing: ["x"] } as const;
  const guard: ResourceServer = {
    async authenticate(_, operation) {
      operations.push(operation);
      const access = { agent: "a", scopes, expiresAtSeconds: 1, resource: "https://x.example" } as never;
      const atMost = operation?.costAtMost;
      const settle = async (cost: Cost) => {
        settled.push(cost);
        return { cost };
      };
      return {
        ...{ access, answerHeaders: {}, presentedAccessToken: "t", admits: () => true, permits: () => access },
        ...(atMost ? { reserved: { report: "r", atMost, settle } } : {}),
        requires() {
          if (scopes.length === 0) throw new AccessError(refused, refusalReply(refused));
          return access;
        },
      };
    },
  };
  const tools = {
    priced: (given: Readonly<Record<string, unknown>>) => ({ scopes: ["x"], costAtMost: euros(Number(given.n)) }),
    abroad: () => ({ scopes: ["x"], costAtMost: { amountMinor: 1, currency: "USD" } }),
    free: ["x"],
  };
  const answer = requireTool({ guard, tools })({ fetch: async () => new Response("done") });
  const post = (body: unknown) =>
    answer(new Request("https://x.example/mcp", { method: "POST", body: JSON.stringify(body) }));
  return { post, operations, settled };
}

describe("threat 66: the cost of an MCP server's tools", () => {
  test("is named by the tool's rule before the call is let in, and of a batch it is the sum", async () => {
    const { post, operations } = made();
    expect((await post(calling("priced", { n: 5 }))).status).toBe(200);
    await post([calling("priced", { n: 5 }), calling("priced", { n: 7 }, 2), calling("free", {}, 3)]);
    await post(calling("free"));
    expect(operations.map((one) => one?.costAtMost)).toEqual([euros(5), euros(12), undefined]);
  });

  test("goes back where the token does not carry what the tool needs", async () => {
    const { post, settled } = made([]);
    expect((await post(calling("priced", { n: 5 }))).status).toBe(403);
    expect(settled).toEqual([euros(0)]);
  });

  test("in two currencies of one body fails, and nothing is let in", async () => {
    const { post, operations } = made();
    await expect(post([calling("priced", { n: 5 }), calling("abroad", {}, 2)])).rejects.toThrow(TypeError);
    expect(operations).toEqual([]);
  });
});
