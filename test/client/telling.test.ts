import { describe, expect, it, vi } from "vitest";
import { createTelling } from "../../client/gateway/telling.ts";
import { LanyardError } from "../../client/index.ts";
import { patience } from "../kit/patience.ts";

const resource = "https://orders.example";
const tool = (description: string) => ({ name: "read_order", description, inputSchema: { type: "object" } });

/** An agent whose calls are kept, answered in turn. */
function agentOf(...answers: (object | Error)[]) {
  const asked: [api: string, body: object][] = [];
  const decide = async (api: string, body: object) => {
    asked.push([api, body]);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer instanceof Error) throw answer;
    return answer as Readonly<Record<string, unknown>>;
  };
  return { asked, decide };
}

describe("telling how a tool is declared now", () => {
  it("sends the whole declaration, with the former one where it is at hand, and says how it stands", async () => {
    const agent = agentOf({ state: "asked", approval: "tc_x" });
    const { tell } = createTelling(agent, resource);
    expect(await tell(tool("New."), tool("Old."))).toEqual({ state: "asked", approval: "tc_x" });
    expect(agent.asked).toEqual([["changes", { server: resource, definition: tool("New."), former: tool("Old.") }]]);
  });

  it.each([{}, { state: "yes" }, { state: "asked", approval: 7 }])(
    "believes no answer that is none: %j",
    async (answer) => {
      await expect(createTelling(agentOf(answer), resource).tell(tool("New."))).rejects.toThrow(LanyardError);
    },
  );

  it("mentions a declaration once however often it is seen, whatever else its list says of it, and another one anew", async () => {
    const agent = agentOf({ state: "pinned" });
    const { mention } = createTelling(agent, resource);
    for (let n = 0; n < 100; n++) mention({ ...tool("One."), _meta: { n } });
    mention(tool("Two."));
    await vi.waitFor(() => expect(agent.asked).toHaveLength(2), patience);
  });

  it("mentions beside it the declaration that was seen as pinned, and without that one where it is pinned no more", async () => {
    const agent = agentOf(new LanyardError("request_refused", "decide"), { state: "asked" });
    const { mention, seen } = createTelling(agent, resource);
    seen("read_order", tool("Old."));
    mention(tool("New."));
    await vi.waitFor(() => expect(agent.asked).toHaveLength(2), patience);
    expect(agent.asked.map(([, body]) => body)).toEqual([
      { server: resource, definition: tool("New."), former: tool("Old.") },
      { server: resource, definition: tool("New.") },
    ]);
  });

  it("mentions it again after a failure, and never what nobody could be shown", async () => {
    const agent = agentOf(new LanyardError("unreachable", "decide"), { state: "asked" });
    const { mention } = createTelling(agent, resource);
    for (const none of [undefined, null, 7, { name: "no schema" }, { ...tool("x"), name: "re\u0430d_order" }])
      mention(none);
    expect(agent.asked).toHaveLength(0);
    await vi.waitFor(() => {
      mention(tool("One."));
      expect(agent.asked).toHaveLength(2);
    }, patience);
    mention(tool("One."));
    expect(agent.asked).toHaveLength(2);
  });
});
