import { describe, expect, test } from "vitest";
import { contextOf } from "../../../client/adapters/authorizers/context.ts";
import { createFetchGuard } from "../../../client/adapters/fetch.ts";
import { AccessError, type Authenticated, type Cost } from "../../../client/verify.ts";
import { refusalReply } from "../../../core/verify/refusal-reply.ts";

const atMost: Cost = { amountMinor: 40, currency: "EUR" };

/** A caller for whose request a sum was reserved, and what was settled of it. */
function caller(settle: (cost: Cost) => Promise<void> = async () => {}) {
  const settled: Cost[] = [];
  const refused = { code: "scope_insufficient", required: ["x"], missing: ["x"] } as const;
  const access = { principal: { id: "p", kind: "person" }, scopes: [] } as never;
  const one: Authenticated = {
    ...{ access, answerHeaders: {}, presentedAccessToken: "t", admits: () => true, permits: () => access },
    requires() {
      throw new AccessError(refused, refusalReply(refused));
    },
    reserved: {
      ...{ report: "r1", atMost },
      async settle(cost) {
        settled.push(cost);
        await settle(cost);
        return { cost };
      },
    },
  };
  return { one, settled };
}
const guardOf = ({ one }: ReturnType<typeof caller>, requires?: readonly string[]) =>
  createFetchGuard(
    { server: { authenticate: async () => one }, ...(requires ? { requires } : {}) },
    async (_, { reserved }) => Response.json(await reserved?.settle({ ...atMost, amountMinor: 7 })),
  );

describe("threat 66: what was reserved for a request, in every adapter", () => {
  test("is the handler's to settle", async () => {
    const by = caller();
    const answer = await guardOf(by)(new Request("https://x.example/"));
    expect([await answer.json(), by.settled]).toEqual([
      { cost: { amountMinor: 7, currency: "EUR" } },
      [{ amountMinor: 7, currency: "EUR" }],
    ]);
  });

  test("goes back where the guard itself refuses after it was reserved, also if that fails", async () => {
    for (const settle of [async () => {}, () => Promise.reject(new Error("down"))]) {
      const by = caller(settle);
      expect((await guardOf(by, ["x"])(new Request("https://x.example/"))).status).toBe(403);
      expect(by.settled).toEqual([{ amountMinor: 0, currency: "EUR" }]);
    }
  });

  test("is told to what stands behind an authorizer, which settles it by its id", () => {
    const { one } = caller();
    expect(contextOf(one).report).toBe("r1");
    const { reserved: _, ...free } = one;
    expect(contextOf(free)).not.toHaveProperty("report");
  });
});
