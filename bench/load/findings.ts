import type { Holdings } from "./callers/work.ts";
import type { Heard, Served } from "./ledger.ts";

/** What stands in the tables after a run. */
export interface State {
  readonly sessions: readonly { readonly sid: string; readonly ended: boolean }[];
  readonly records: readonly {
    readonly eventId: string;
    readonly facts: {
      readonly operation: string;
      readonly outcome: string;
      readonly request_id?: string;
      readonly sid?: string;
      readonly denial?: { readonly code: string };
    };
  }[];
  /** Keys of the replay entries that were consumed. */
  readonly proofKeys: ReadonlySet<string>;
}

/** What the callers know. */
interface Known {
  readonly heard: readonly Heard[];
  readonly served: readonly Served[];
  readonly held: Pick<Holdings, "sessions">;
}

/** What holding one against the other shows. */
export interface Findings {
  readonly broken: readonly string[];
  readonly sessions: number;
  /** Stored for an answer of 503. */
  readonly unreleased: number;
  /** Stored for an answer that nobody heard: the caller had gone. */
  readonly unheard: number;
  /** Of these and those, how many were ended at once. */
  readonly ended: number;
  readonly records: number;
  readonly proofs: number;
}

/** What is granted by a record of its own. Introspection writes nothing; a challenge is stored nowhere. */
const recorded: Partial<Record<Heard["asked"], true>> = { attest: true, token: true, revoke: true };

/**
 * Nothing lost, nothing half done:
 *
 * 1. every session that was granted has its row; every row its record, and every record of a session opened its row
 * 2. a row nobody was given a token of was stored for a request that was answered 503, or not at all
 * 3. every grant has a record that names its request; a refusal has one only of a session that died while it was signed
 * 4. a request's proof is consumed exactly when there is a record of its grant: who was answered 503 before that may send
 *    the same bytes again
 * 5. nobody is told to come back for ever
 */
export function findings(state: State, { heard, served, held }: Known): Findings {
  const broken: string[] = [];
  const allowed = state.records.filter(({ facts }) => facts.outcome === "allowed").map(({ facts }) => facts);
  const grantedFor = new Set(allowed.map(({ request_id }) => request_id));
  const opened = new Map(
    allowed.flatMap(({ operation, sid, request_id }) =>
      operation === "session.open" && sid !== undefined ? [[sid, request_id] as const] : [],
    ),
  );
  const rows = new Map(state.sessions.map((row) => [row.sid, row]));
  const given = new Set(held.sessions.map(({ sid }) => sid));
  // 1.
  for (const sid of given) if (!rows.has(sid)) broken.push(`session ${sid} was granted and has no row`);
  for (const sid of rows.keys()) if (!opened.has(sid)) broken.push(`session ${sid} is stored without a record`);
  for (const sid of opened.keys()) if (!rows.has(sid)) broken.push(`session ${sid} is on record without a row`);
  // 2.
  const told = new Map(heard.map((answer) => [answer.requestId, answer]));
  const unreleased = [...rows.values()].filter(({ sid }) => !given.has(sid));
  const mostUnheard = served.filter(({ operation, end }) => operation === "open" && end === "unanswered").length;
  let unheard = 0;
  for (const { sid } of unreleased) {
    const answer = told.get(opened.get(sid) ?? "");
    if (answer?.status === 503) continue;
    if (answer === undefined && ++unheard <= mostUnheard) continue;
    broken.push(`session ${sid} is stored and was answered ${answer?.status ?? "nothing"}`);
  }
  // 3. and 4.
  const died = new Set(
    state.records.flatMap(({ facts: { denial, request_id } }) =>
      denial?.code === "died_in_flight" ? [request_id] : [],
    ),
  );
  let proofs = 0;
  for (const { asked, status, requestId, proofKey } of heard) {
    if (!recorded[asked]) continue;
    proofs += 1;
    const isGranted = grantedFor.has(requestId);
    // a session that is over already is ended without a word more
    if (status === 200 && !isGranted && asked !== "revoke")
      broken.push(`${asked} granted request ${requestId} without a record`);
    if (status >= 400 && status < 500 && isGranted && !died.has(requestId))
      broken.push(`${asked} refused request ${requestId}, recorded as granted`);
    if (state.proofKeys.has(proofKey) !== isGranted)
      broken.push(
        `the proof of request ${requestId} to ${asked} is ${isGranted ? "not consumed, though granted" : "consumed for nothing"}`,
      );
  }
  // 5.
  const left = served.filter(({ end }) => end === "unavailable").length;
  if (left > 0) broken.push(`${left} were still told to come back long after the throttling had ended`);
  return {
    broken,
    sessions: rows.size,
    unreleased: unreleased.length - unheard,
    unheard,
    ended: unreleased.filter(({ ended }) => ended).length,
    records: state.records.length,
    proofs,
  };
}
