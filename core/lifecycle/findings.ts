import type { AgentRegistration } from "../model/agent-registration.ts";
import type { Trace } from "./trace.ts";

const daySeconds = 86_400;

/**
 * How long, at least, a session's row is kept after the session's end. Rows that end earlier than this may be gone when
 * the watch runs.
 */
const rowsStaySeconds = daySeconds;

/** What is wrong with one active agent. */
export interface Findings {
  /** Its review day is over. */
  readonly overdue: boolean;
  /** It had no session for as many days as it may go without one. */
  readonly dormant: boolean;
}

/** What one run knows about an agent. */
interface Look {
  readonly nowSeconds: number;
  /** When the previous run began; undefined for the first. */
  readonly lookedAtSeconds: number | undefined;
  readonly latestEndSeconds: number | undefined;
}

/**
 * Until when an agent is known to have had a session. A session counts until it ends. Where two runs were further apart
 * than rows are kept, the agent is assumed to have had one, since a session may have come and gone unseen.
 */
export function seenAt(trace: Trace | undefined, look: Look): number {
  const { nowSeconds, lookedAtSeconds, latestEndSeconds = 0 } = look;
  if (trace === undefined) return nowSeconds;
  const unseenUntil = nowSeconds - rowsStaySeconds;
  const blind = lookedAtSeconds === undefined || lookedAtSeconds < unseenUntil ? unseenUntil : 0;
  return Math.max(trace.seenAtSeconds, Math.min(latestEndSeconds, nowSeconds), blind);
}

/**
 * Compares an active agent with its days.
 * @param by when it was last seen, now, and the stage's days for an agent that names none
 */
export function findingsOf(
  agent: AgentRegistration,
  by: { readonly seenAtSeconds: number; readonly nowSeconds: number; readonly dormantAfterDays: number },
): Findings {
  const { seenAtSeconds, nowSeconds, dormantAfterDays } = by;
  const days = agent.dormantAfterDays ?? dormantAfterDays;
  return {
    // the review day itself is still in time, in every time zone
    overdue: agent.reviewBy !== undefined && nowSeconds >= Date.parse(agent.reviewBy) / 1000 + daySeconds,
    dormant: agent.may.length > 0 && nowSeconds - seenAtSeconds >= days * daySeconds,
  };
}
