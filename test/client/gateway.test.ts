import { describe, expect, test } from "vitest";
import { createGateway } from "../../client/gateway.ts";
import { AccessError } from "../../client/verify.ts";

const input = (decide: (api: string, body: object) => Promise<Record<string, unknown>>) => ({
  issuer: "https://id.example",
  resource: "https://tools.example",
  mode: "introspect" as const,
  agent: {
    decide,
    introspect: async () => ({
      ...{ active: true, iss: "https://id.example", aud: "https://tools.example", exp: 4_000_000_000 },
      ...{ sub: "spiffe://a.example/agent/x", client_id: "spiffe://a.example/agent/x", sid: "s", root: "r", jti: "j" },
      ...{ depth: 0, assurance: "fresh", scope: "tools:use" },
    }),
  },
  acceptBearer: true,
});
const handle = `lya_${"a".repeat(22)}.${"b".repeat(43)}`;
const request = { method: "POST", url: "/mcp", headers: { authorization: `Bearer ${handle}` } };

describe("a gateway's guard", () => {
  test("asks about the session of the token it verified, with what the token says, and takes no second use of a handle", async () => {
    const asked: unknown[] = [];
    const gateway = createGateway(
      input(async (...question) => {
        asked.push(question);
        return { decision: true };
      }),
    );
    const caller = await gateway.authenticate(request);
    expect(await caller.mayCall({ tool: "t", arguments: { a: 1 }, digest: "sha256:0" })).toBe(true);
    expect(asked).toEqual([
      [
        "evaluations",
        {
          subject: { type: "session", id: "s", properties: { root: "r", scope: "tools:use" } },
          action: { name: "tools/call", properties: { arguments: { a: 1 } } },
          resource: { type: "tool", id: "t", properties: { server: "https://tools.example", digest: "sha256:0" } },
        },
      ],
    ]);
  });

  test.each([{}, { decision: "true" }, { decision: 1 }, { evaluations: [{ decision: true }] }])(
    "threat 62: lets nothing through on an answer that is no decision: %j",
    async (answer) => {
      const caller = await createGateway(input(async () => answer)).authenticate(request);
      await expect(caller.mayCall({ tool: "t" })).rejects.toMatchObject({ code: "answer_malformed" });
      await expect(caller.tools()).rejects.toMatchObject({ code: "answer_malformed" });
    },
  );

  test("threat 62: lets nothing through when it cannot ask, and asks nothing about who presented nothing", async () => {
    let count = 0;
    const failing = createGateway(
      input(async () => {
        count++;
        throw new Error("down");
      }),
    );
    await expect(failing.authenticate({ ...request, headers: {} })).rejects.toBeInstanceOf(AccessError);
    expect(count).toBe(0);
    const caller = await failing.authenticate(request);
    await expect(caller.mayCall({ tool: "t" })).rejects.toThrow("down");
  });
});

describe("threat 66: the cost of a call of a tool", () => {
  const cost = { amountMinor: 1_250, currency: "EUR" };
  const signed = () => {
    const key = { issuer: "https://id.example", resource: "https://tools.example" };
    return { ...key, mode: "introspect" as const, acceptBearer: true };
  };
  /** A gateway whose introspection and decision point answer so, with what they were asked and what was settled. */
  const made = (answers: { decide?: object; introspect?: object }) => {
    const asked: unknown[][] = [];
    const { agent } = input(async () => ({}));
    const gateway = createGateway({
      ...signed(),
      agent: {
        introspect: async (...of) => {
          asked.push(["introspect", ...of]);
          return { ...(await agent.introspect()), ...answers.introspect };
        },
        decide: async (...of) => {
          asked.push(["decide", ...of]);
          return { decision: true, ...answers.decide };
        },
        settle: async (...of) => {
          asked.push(["settle", ...of]);
          return { cost: of[1] };
        },
      },
    });
    return { gateway, asked };
  };

  test("is told with the question, in the currency's smallest unit", async () => {
    const { gateway, asked } = made({});
    const caller = await gateway.authenticate(request);
    expect(await caller.judgeCall({ tool: "t", costAtMost: cost })).toEqual({ allowed: true });
    expect(asked.at(-1)).toMatchObject([
      "decide",
      "evaluations",
      { context: { cost: { amount: 1_250, currency: "EUR" } } },
    ]);
  });

  test("of a handle is reserved where the request is authenticated, and settled by the call's decision", async () => {
    const { gateway, asked } = made({ introspect: { report: "r1" } });
    const caller = await gateway.authenticate(request, { costAtMost: cost });
    expect(asked.at(-1)).toEqual(["introspect", handle, { costAtMost: cost }]);
    const judged = await caller.judgeCall({ tool: "t" });
    if (!judged.allowed) throw new Error("refused");
    expect(await judged.reserved?.settle({ ...cost, amountMinor: 7 })).toEqual({ cost: { ...cost, amountMinor: 7 } });
    expect(asked.at(-1)).toEqual(["settle", "r1", { amountMinor: 7, currency: "EUR" }]);
  });

  test("that no budget has room for is a no that says when it renews; any other no says nothing", async () => {
    const spent = { error: "budget_spent", budget: "b", of: "agent", what: "EUR", left: 3, renews_at: 1_785_546_000 };
    const { gateway } = made({ decide: { decision: false, context: spent } });
    const caller = await gateway.authenticate(request);
    expect(await caller.judgeCall({ tool: "t", costAtMost: cost })).toMatchObject({
      allowed: false,
      budget: { code: "budget_spent", left: 3, renewsAtSeconds: 1_785_546_000 },
    });
    expect(await caller.mayCall({ tool: "t", costAtMost: cost })).toBe(false);
    for (const context of [undefined, "spent", { ...spent, left: -1 }, { ...spent, of: "nobody" }]) {
      const other = await made({ decide: { decision: false, context } }).gateway.authenticate(request);
      expect(await other.judgeCall({ tool: "t", costAtMost: cost })).toEqual({ allowed: false });
    }
  });

  test("that is none is a TypeError, and nothing is asked", async () => {
    const { gateway, asked } = made({});
    const caller = await gateway.authenticate(request);
    const before = asked.length;
    await expect(caller.judgeCall({ tool: "t", costAtMost: { ...cost, amountMinor: 0.5 } })).rejects.toThrow(TypeError);
    expect(asked.length).toBe(before);
  });
});
