import type { AgentRegistration } from "../model/registry.ts";
import type { Trace } from "./trace.ts";

const daySeconds = 86_400;

/** How long a session's row stays after the session's end, at least: what the watch looks at may be gone later. */
const rowsStaySeconds = daySeconds;

/** What is wrong with one active agent. */
export interface Findings {
  /** Its review day is over. */
  readonly overdue: boolean;
  /** It had no session for as many days as it may be silent. */
  readonly dormant: boolean;
}

/** What one look at an agent has to go by. */
interface Look {
  readonly nowSeconds: number;
  /** When the look before began; undefined for the first. */
  readonly lookedAtSeconds: number | undefined;
  readonly latestEndSeconds: number | undefined;
}

/**
 * Until when an agent is known to have had a session. A session counts until it ends. Where looks were further apart
 * than rows stay, it gets the benefit of the doubt: a session may have come and gone unseen.
 */
export function seenAt(trace: Trace | undefined, look: Look): number {
  const { nowSeconds, lookedAtSeconds, latestEndSeconds = 0 } = look;
  if (trace === undefined) return nowSeconds;
  const unseenUntil = nowSeconds - rowsStaySeconds;
  const blind = lookedAtSeconds === undefined || lookedAtSeconds < unseenUntil ? unseenUntil : 0;
  return Math.max(trace.seenAtSeconds, Math.min(latestEndSeconds, nowSeconds), blind);
}

/**
 * Holds an active agent against its days.
 * @param by when it was last seen, now, and the days of the stage for an agent that names none
 */
export function findingsOf(
  agent: AgentRegistration,
  by: { readonly seenAtSeconds: number; readonly nowSeconds: number; readonly dormantAfterDays: number },
): Findings {
  const { seenAtSeconds, nowSeconds, dormantAfterDays } = by;
  const days = agent.dormantAfterDays ?? dormantAfterDays;
  return {
    // the day itself is still in time, wherever on earth it is spent
    overdue: agent.reviewBy !== undefined && nowSeconds >= Date.parse(agent.reviewBy) / 1000 + daySeconds,
    dormant: agent.may.length > 0 && nowSeconds - seenAtSeconds >= days * daySeconds,
  };
}
