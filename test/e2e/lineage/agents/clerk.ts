import { receive } from "../../../../client/messages.ts";
import { idOf } from "../registry.ts";
import { hostedAgent, readFiles, type Work } from "./agent.ts";

/** The clerk: a function that is invoked without HTTP, and works under the offer in its input. */

const agent = hostedAgent();

export const handler = async (input: unknown): Promise<Work> =>
  readFiles(await receive(agent, input, { expect: { offeredBy: idOf("planner"), principal: "anyone" } }));
