import { MockLanguageModelV3 } from "ai/test";

const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
const said = (content, unified) => ({ content, finishReason: { unified, raw: unified }, usage, warnings: [] });

/** Plays a model that reads a ticket and repeats what the tool answered: put your provider's model in its place. */
export const model = (ticket) =>
  new MockLanguageModelV3({
    doGenerate: async ({ prompt }) => {
      const last = prompt.at(-1);
      if (last.role === "tool")
        return said([{ type: "text", text: JSON.stringify(last.content[0].output.value) }], "stop");
      const call = {
        type: "tool-call",
        toolCallId: "call-1",
        toolName: "readTicket",
        input: JSON.stringify({ ticket }),
      };
      return said([call], "tool-calls");
    },
  });
