import { limits } from "../../../core/model/limits.ts";
import { isPerson } from "../../../core/model/person-key.ts";
import { callAdmin } from "../deployment/call.ts";
import { confirmed } from "../deployment/confirm.ts";
import type { CommandContext } from "../deployment/context.ts";
import { reachLines } from "../sessions/reach.ts";
import { Usage } from "../terminal/outcome.ts";

/** Options of `principals erase`. */
export interface EraseOptions {
  readonly reason?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** One place where something of a person stands, and what an erasure does there. */
interface Place {
  readonly place: string;
  readonly erased: string;
  readonly remains: string;
  readonly until: string;
}

const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);
const inDays = `${limits.recoverySeconds / 86_400} days from now`;

/**
 * Every place that docs/privacy.md names, in its order. What is not erased at once ends by itself, or is named so that
 * somebody can act on it.
 * @param recoverable until when a recovery of table People could bring the key back, in words
 */
const places = (recoverable: string): readonly Place[] => [
  {
    place: "table People",
    erased: "the key, now",
    remains: "nothing; a recovery to a point in time could bring it back",
    until: recoverable,
  },
  {
    place: "table Outbox",
    erased: "purpose, groups and operators' reasons: no key opens them",
    remains: "the record with pseudonym, times, agents, what was granted",
    until: "14 days after each record",
  },
  {
    place: "audit bucket, Parquet, every copy and archive",
    erased: "purpose, groups and operators' reasons: no key opens them",
    remains: "the record with pseudonym, times, agents, what was granted, so that the log's proofs hold",
    until: "the stage's auditRetentionDays, parquet.days; copies as whoever made them says",
  },
  {
    place: "tables Sessions, Vends, Subjects",
    erased: "the right to go on: every session of the person ends now",
    remains: "rows with groups and purpose in clear",
    until: "24 hours after each session's own end, and some days that DynamoDB takes",
  },
  {
    place: "table Confirmations",
    erased: "nothing",
    remains: "of who owns an agent that asks for it: the pseudonym, and when that person signed in last",
    until: "367 days after it, and some days that DynamoDB takes",
  },
  {
    place: "table Revocations",
    erased: "nothing: a cut that was forgotten would make old sessions alive",
    remains: "the pseudonym, and that it was cut today",
    until: "as long as the deployment",
  },
  {
    place: "registry history, ring of keys",
    erased: "nothing: they have no person's texts, but owners, sponsors and operators' reasons",
    remains: "the person's name, where somebody wrote it there",
    until: "as long as the deployment: look with lanyard registry export, and at agents whose owner the person is",
  },
];

/**
 * `principals erase`: deletes the key under which the audit encrypts what it says of a person, and ends the person's
 * sessions. It says what remains, and until when.
 * @throws Usage, Refused
 */
export async function runErase(id: string, options: EraseOptions, context: CommandContext): Promise<void> {
  const { profile, terminal } = context;
  if (!isPerson(id)) throw new Usage("only a person is erased: name a principal, p_...");
  const { reason } = options;
  const most = limits.erasureReasonCharacters;
  if (reason === undefined || reason.trim() === "" || reason.length > most)
    throw new Usage(
      `say why: --reason <reference>, such as a ticket's number; it stays readable in the audit, so name nobody (${most} characters at most)`,
    );
  const change = {
    question: `Erase ${id} from the audit for good?`,
    reach: async () => [
      ...(await reachLines({ principal: id }, "end", context)),
      ...linesOf(inDays),
      "whoever was given the key by --reveal may have kept it, or what it showed: lanyard audit query operators says who",
    ],
    otherwise: "nothing was erased",
  };
  const deployment = await confirmed(change, options, context);
  const answer = await callAdmin(profile, { erase: { principal: id }, reason });
  const { recoverableUntilSeconds: until } = answer;
  const recoverable = typeof until === "number" ? day(until) : inDays;
  if (options.json) terminal.out(JSON.stringify({ ok: true, deployment, ...answer, places: places(recoverable) }));
  else
    for (const line of [`${id} is erased from the audit; what remains, and until when:`, ...linesOf(recoverable)])
      terminal.out(line);
}

const linesOf = (recoverable: string): readonly string[] =>
  places(recoverable).map(
    ({ place, erased, remains, until }) => `  ${place}: erased ${erased}; remains ${remains}; until ${until}`,
  );
