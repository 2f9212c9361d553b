import type { Raised } from "../cloud/orders.ts";
import type { Ledger } from "../ledger.ts";
import { agents, server } from "../registry.ts";
import { type Caller, makeCaller, openWire, signedIn, type Wire } from "./caller.ts";
import { type Patience, persist } from "./persist.ts";
import { accessWork, type Holdings, introspectWork, openWork, type Work } from "./work.ts";

/** Sessions each caller begins with, so that the first arrivals find something to ask about. */
const sessionsEach = 3;

/**
 * Has everybody attest, people sign in, and opens the first sessions: every function has answered by then, in as many
 * sandboxes as it may have, so that no cold start is taken for load.
 * @throws when something is not granted
 */
export async function setUp(cloud: Raised, ledger: Ledger, patience: Patience) {
  const wire = openWire(cloud, ledger);
  const granted = async (work: Work) => {
    const course = await persist(work, patience);
    if (course.end !== "granted") throw new Error(`the run could not begin: ${course.broken ?? course.end}`);
  };
  const attested = async (caller: Caller): Promise<Caller> => {
    await granted({ ask: () => wire.attest(caller, "attest"), take: () => undefined });
    return caller;
  };
  const resourceServer = await makeCaller(cloud, server).then(attested);
  const callers = await Promise.all(
    agents.map(async (name) => signedIn(await makeCaller(cloud, name).then(attested), name, cloud)),
  );
  const held: Holdings = { callers, server: resourceServer, sessions: [] };
  await Promise.all(
    callers.flatMap((caller) => Array.from({ length: sessionsEach }, () => granted(openWork(caller, wire, held)))),
  );
  await Promise.all(held.sessions.map((session) => granted(accessWork(session, wire))));
  await Promise.all(shown(held, wire).map(granted));
  return { wire, held };
}

/** One introspection of each session that has an access token. */
export const shown = (held: Holdings, wire: Wire): readonly Work[] =>
  held.sessions.flatMap((session) => {
    const token = session.access.at(-1);
    return token === undefined ? [] : [introspectWork(session, token, { wire, held })];
  });
