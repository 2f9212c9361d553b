import { createQueueHandler } from "../../../../client/messages.ts";
import { idOf } from "../registry.ts";
import { hostedAgent, readFiles, type Work } from "./agent.ts";

/** The archivist: a function that works off a queue, each message under the offer that it brings. */

/** What it prints of a message, for whoever reads its log. */
export interface Told {
  readonly message: string;
  readonly work?: Work;
  readonly failed?: string;
}
const tell = (told: Told) => console.log(JSON.stringify(told));

export const handler = createQueueHandler(
  {
    agent: hostedAgent(),
    expect: { offeredBy: idOf("planner"), principal: "anyone" },
    failed: (error, { messageId }) => tell({ message: messageId, failed: String((error as { code?: string }).code) }),
  },
  async ({ messageId }, session) => tell({ message: messageId, work: await readFiles(session) }),
);
