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
