import type { AgentSession } from "./session.ts";

/** Sessions that an agent opened, for the end of the agent. */
interface Opened {
  /** Remembers a session, and returns it. */
  keep(session: AgentSession): AgentSession;
  /** Ends each; nothing is asked for one that was ended. Never throws. */
  endAll(): Promise<void>;
}

/** An agent that runs for months opens more than a process should hold; older ones end by themselves. */
const most = 1_000;
/** So many at once: each is a request that the issuer answers with a transaction. */
const atOnce = 8;

/** Remembers the sessions of one agent. */
export function createOpened(): Opened {
  const opened = new Set<AgentSession>();
  return {
    keep(session) {
      const [oldest] = opened;
      if (opened.size >= most && oldest) opened.delete(oldest);
      opened.add(session);
      return session;
    },
    async endAll() {
      const sessions = [...opened];
      opened.clear();
      for (let at = 0; at < sessions.length; at += atOnce)
        await Promise.all(sessions.slice(at, at + atOnce).map((session) => session[Symbol.asyncDispose]()));
    },
  };
}
