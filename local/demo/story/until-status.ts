import { setTimeout as sleep } from "node:timers/promises";
import type { AgentSession } from "../../../client/index.ts";
import { limitLoop } from "../../emulator/limits/loop.ts";
import type { Cast } from "./cast.ts";
import { customers } from "./desk.ts";
import { Misbehaved } from "./step.ts";

/** Longest wait for a status list, of this process's own time: how late it came, the step says. */
const listMillis = 300_000;

/** Calls the customer API as the planner until it answers `status`; how many milliseconds that took. */
export async function untilStatus(cast: Cast, session: AgentSession, status: number): Promise<number> {
  const startMillis = performance.now();
  const millis = () => Math.round(performance.now() - startMillis);
  let over = false;
  const end = limitLoop(listMillis, () => {
    over = true;
  });
  try {
    for (;;) {
      const answer = await session.fetch(`${cast.customerApi.url}/customers`, { resource: customers });
      const body = await answer.text();
      if (answer.status === status) return millis();
      if (over)
        throw new Misbehaved(
          `the customer API still answers ${answer.status} after ${millis()} ms, not ${status}: ${body}`,
        );
      await sleep(50);
    }
  } finally {
    end();
  }
}
