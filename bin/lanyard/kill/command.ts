import type { KillOrder, KillTarget } from "../../../core/admin/revoke/kill.ts";
import type { Denial } from "../../../core/denial/denial.ts";
import { denialToWire } from "../../../core/denial/wire.ts";
import type { Result } from "../../../core/model/result.ts";
import { subjects } from "../../../core/model/subjects.ts";
import type { CommandContext } from "../deployment/context.ts";
import { deploymentLine, deploymentOf } from "../deployment/line.ts";
import type { KillPlace, Profile } from "../deployment/model.ts";
import { Refused, Usage } from "../terminal/outcome.ts";
import { count } from "../terminal/words.ts";
import { type FactorOptions, takeRole } from "./role.ts";

/** Options of every `kill`. */
export interface KillOptions extends FactorOptions {
  readonly reason?: string;
  /** Takes the role and looks, and changes nothing: the rehearsal. */
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

type Tables = Awaited<ReturnType<typeof import("./store.ts")["openTables"]>>;

/** Most sessions that are counted before the question: nobody waits for a longer count. */
const countedMost = 1_000;

/**
 * Revokes past the functions, by the role that the stage's break-glass operators may take: asks nothing of any function,
 * only STS and DynamoDB.
 * @param target what is ended; an agent by its name or SPIFFE ID
 * @throws Usage, Refused
 */
export async function runKill(target: KillTarget, options: KillOptions, context: CommandContext): Promise<void> {
  const { profile, terminal } = context;
  const { place, reason } = readyFor(options, profile);
  const deployment = await deploymentOf(profile);
  terminal.err(deploymentLine(deployment, profile));
  const taken = await takeRole(profile, place, { options, terminal });
  terminal.err(`as          ${taken.operator.arn} (${taken.operator.uniqueId})`);
  const [{ kill, readKill }, { openTables }] = await Promise.all([
    import("../../../core/admin/revoke/kill.ts"),
    import("./store.ts"),
  ]);
  const tables = await openTables(profile, place, taken);
  try {
    const order = allowed(
      await readKill({ target, reason }, profile.trustDomain, tables.deps.targets).catch((cause: unknown) => {
        throw new Refused(`nothing was revoked: whether it exists could not be read: ${said(cause)}`);
      }),
    );
    const reach = options.yes === true && options.dryRun !== true ? undefined : await reachOf(order, tables);
    if (options.dryRun) return rehearsed(order, { reach, deployment }, { options, context });
    if (reach !== undefined) await typed(order, reach, context);
    terminal.committing?.();
    const { operator, requestId } = taken;
    const record = allowed(await kill(order, { operator, requestId, userAgent: "lanyard-kill" }, tables.deps));
    const { kind, id } = order;
    const answer = { killed: { [kind]: id }, blocked: true, event: record.eventId, operator, request: requestId };
    if (options.json) return terminal.out(JSON.stringify({ ok: true, deployment, ...answer }));
    for (const line of killedLines(order, record.eventId)) terminal.out(line);
  } finally {
    tables.close();
  }
}

function readyFor({ reason, dryRun }: KillOptions, profile: Profile): { place: KillPlace; reason: string } {
  if (profile.unsure !== undefined)
    throw new Usage(
      `nothing was revoked: ${profile.unsure}. If you mean ${profile.from}, say --profile ${profile.name}`,
    );
  if (profile.kill === undefined)
    throw new Usage(
      "this deployment names nobody who may revoke without its functions (operators.kill of the stage), or the profile is " +
        "older than that: lanyard login again, or give --outputs <file>",
    );
  if (reason === undefined && dryRun !== true) throw new Usage("say why: --reason <text>, for the audit record");
  return { place: profile.kill, reason: reason ?? "rehearsal" };
}

/** @throws Refused for a denial, in the words of admin-revoke as far as they are true here */
function allowed<T>(result: Result<T, Denial>): T {
  if (result.ok) return result.value;
  const { error } = result;
  // it blocks nothing that was never seen: there is no way to tell that from a slip of the keyboard
  const unseen = error.code === "target_unknown" && error.why === "never_seen" && error.meant === undefined;
  const message = unseen
    ? `nothing was changed: no session under ${error.target} is known, and it was never revoked`
    : denialToWire(error).description;
  throw new Refused(message, { code: error.code });
}

const said = (cause: unknown): string => (cause instanceof Error ? cause.message || cause.name : String(cause));

/** What it would end, as far as the role can see. Not knowing must not prevent it: then the line says so. */
async function reachOf({ kind, id }: KillOrder, tables: Tables): Promise<readonly string[]> {
  if (kind === "deployment") return [`EVERY session of ${id} would end, and nothing new would be issued`];
  try {
    const living = await tables.living(subjects[kind](id), countedMost);
    const of = `${living < countedMost ? "" : "at least "}${count(living, "living session")}`;
    return [`${of} of ${kind} ${id} would end, and all below them`, `${kind} ${id} would get nothing new`];
  } catch (cause) {
    return [`what it would reach is not known: ${said(cause)}`];
  }
}

/** The word that is typed, so that no habit of saying yes ends anything. */
const wordOf = ({ kind, id }: KillOrder): string =>
  kind === "deployment" ? "everything" : kind === "agent" ? id.slice(id.indexOf("/agent/") + "/agent/".length) : id;

async function typed(order: KillOrder, reach: readonly string[], { terminal }: CommandContext): Promise<void> {
  if (!terminal.read)
    throw new Usage("nothing was revoked: nobody can be asked here. Look at it with --dry-run, then say --yes");
  for (const line of reach) terminal.err(line);
  const word = wordOf(order);
  if ((await terminal.read(`Type ${word} to end it:`)) !== word) throw new Refused("nothing was revoked");
}

/** What the rehearsal shows: that the role can be taken and its tables read. */
function rehearsed(
  { kind, id }: KillOrder,
  { reach = [], deployment }: { readonly reach: readonly string[] | undefined; readonly deployment: object },
  { options, context: { terminal } }: { readonly options: KillOptions; readonly context: CommandContext },
): void {
  const answer = JSON.stringify({ ok: true, dryRun: true, deployment, kills: { [kind]: id }, reach });
  const lines = [...reach, "the role can be taken and its tables read; nothing was changed"];
  for (const each of options.json ? [answer] : lines) terminal.out(each);
}

const killedLines = ({ kind, id }: KillOrder, event: string): readonly string[] => [
  kind === "deployment"
    ? `everything of ${id} is over, and nothing new is issued`
    : `${kind} ${id} is over, with all below it, and gets nothing new`,
  "what asks a function refuses from its next answer on; who verifies offline refuses at the next list, or by its exp",
  `audit event ${event}, which the relay carries as soon as it works`,
  `when the functions are there again: lanyard lift --${kind}${kind === "deployment" ? "" : ` ${id}`}`,
];
