import type { AdminRevokeRequest, AdminTarget } from "../../../core/model/wire.ts";
import { callAdmin } from "../deployment/call.ts";
import { type Change, confirmed } from "../deployment/confirm.ts";
import type { CommandContext } from "../deployment/context.ts";
import { reachLines } from "../sessions/reach.ts";
import { Usage } from "../terminal/outcome.ts";
import { short } from "../terminal/words.ts";
import { dryRun, type Left, leftLine } from "./dry-run.ts";

/** Options of `revoke`, `quarantine` and `lift`. */
export interface RevocationOptions {
  readonly session?: string;
  readonly agent?: string;
  readonly principal?: string;
  readonly build?: string;
  readonly deployment?: string | true;
  readonly cutOnly?: boolean;
  /** For `lift`: the agent's quarantine and not its block. */
  readonly quarantine?: boolean;
  /** To block a principal or a build that was never seen here. */
  readonly unseen?: boolean;
  readonly reason?: string;
  /** Only lists what would end, and changes nothing. */
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/**
 * Turns the options into one target. An agent may be given by its name alone.
 * @throws Usage unless exactly one is named
 */
function targetOf(options: RevocationOptions, trustDomain: string): AdminTarget {
  const { session, agent, principal, build, deployment } = options;
  const given = Object.entries({ session, agent, principal, build, deployment }).filter(([, v]) => v !== undefined);
  if (given.length !== 1) throw new Usage("name exactly one of --session, --agent, --principal, --build, --deployment");
  if (agent !== undefined) return { agent: agent.includes("://") ? agent : `spiffe://${trustDomain}/agent/${agent}` };
  if (deployment !== undefined) return { deployment: deployment === true ? trustDomain : deployment };
  return Object.fromEntries(given) as AdminTarget;
}

type Verb = "revoke" | "quarantine" | "lift";

/**
 * Sends a revocation or a quarantine, or lifts a block or a quarantine, and explains its effect.
 * @throws Usage, Refused
 */
export async function sendRevocation(verb: Verb, options: RevocationOptions, context: CommandContext): Promise<void> {
  const { profile, terminal } = context;
  const target = targetOf(options, profile.trustDomain);
  const [kind = "", id = ""] = Object.entries(target)[0] ?? [];
  if (verb !== "lift" && options.dryRun)
    return dryRun(target, { ...options, leaves: leftBy(verb, target, options) }, context);
  const { reason } = options;
  if (reason === undefined) throw new Usage("say why: --reason <text>, for the audit record");
  if (options.quarantine && kind !== "agent") throw new Usage("only an agent is quarantined: name it with --agent");
  const change = verb === "lift" ? lifting(kind, id, options) : revoking(verb, target, { options, context });
  const deployment = await confirmed(change, options, context);
  const order: AdminRevokeRequest =
    verb === "lift"
      ? { lift: target, reason, ...(options.quarantine ? { quarantine: true } : {}) }
      : {
          revoke: target,
          reason,
          ...(verb === "quarantine" ? { quarantine: true } : {}),
          ...(options.cutOnly ? { cutOnly: true } : {}),
          ...(options.unseen ? { unseen: true } : {}),
        };
  const answer = await callAdmin(profile, order);
  if (options.json) terminal.out(JSON.stringify({ ok: true, deployment, ...answer }));
  else if (verb === "quarantine") terminal.out(quarantined(id));
  else terminal.out(verb === "lift" ? lifted(kind, id, { options, answer }) : revoked(target, options, answer));
}

const leftBy = (verb: Verb, target: AdminTarget, { cutOnly }: RevocationOptions): Left => {
  if (target.session !== undefined || cutOnly) return "nothing";
  return verb === "quarantine" ? "quarantine" : "block";
};

function revoking(
  verb: Verb,
  target: AdminTarget,
  { options, context }: { readonly options: RevocationOptions; readonly context: CommandContext },
): Change {
  const [kind = "", id = ""] = Object.entries(target)[0] ?? [];
  const does = verb === "quarantine" ? "Quarantine" : "Revoke";
  return {
    question: kind === "deployment" ? `End EVERY session of ${id}?` : `${does} ${kind} ${short(id)}?`,
    reach: async () => [
      ...(await reachLines(target, "end", context)),
      leftLine(kind, id, leftBy(verb, target, options)),
    ],
    otherwise: "nothing was revoked",
  };
}

const lifting = (kind: string, id: string, { quarantine }: RevocationOptions): Change => ({
  question: quarantine
    ? `Let ${kind} ${short(id)} out of quarantine?`
    : `Let ${kind === "session" ? "the login of session" : kind} ${short(id)} start anew?`,
  reach: async () => [
    kind === "session"
      ? `the login that was burnt with session ${id} would open new sessions again; the session stays over`
      : quarantine
        ? `${kind} ${id} would get all that it is registered for again; a block would stay, and what was cut stays cut`
        : `${kind} ${id} would get new sessions again; what was cut stays cut`,
  ],
  otherwise: "nothing was lifted",
});

const denylisted = (id: string): string =>
  `; so is every session of its agent by the same login of the person, who has to sign in anew there (false alarm: lanyard lift --session ${id})`;

const quarantined = (id: string): string =>
  `everything issued to agent ${id} is over, and it gets what its registration says for quarantine until lanyard lift --agent ${id} --quarantine`;

/** What stays in force is said: a lift of the one leaves the other. */
function lifted(
  kind: string,
  id: string,
  { options, answer }: { readonly options: RevocationOptions; readonly answer: Readonly<Record<string, unknown>> },
): string {
  if (kind === "session") return `the login that was burnt with session ${id} counts again; the session stays over`;
  if (options.quarantine)
    return `${kind} ${id} is no longer quarantined; what was cut stays cut${answer.blocked === true ? `; it is STILL BLOCKED until lanyard lift --agent ${id}` : ""}`;
  return `${kind} ${id} is no longer blocked; what was cut stays cut${answer.quarantined === true ? `; it is STILL QUARANTINED until lanyard lift --agent ${id} --quarantine` : ""}`;
}

function revoked(
  target: AdminTarget,
  { cutOnly = false }: RevocationOptions,
  answer: Readonly<Record<string, unknown>>,
): string {
  const [kind = "", id = ""] = Object.entries(target)[0] ?? [];
  if (kind === "session")
    return answer.found === false
      ? `session ${id} was ended before, and is gone; it is marked as over once more`
      : `session ${id} is over, and everything below it${answer.burnt === true ? denylisted(id) : ""}`;
  return cutOnly
    ? `everything issued to ${kind} ${id} so far is over; it may start anew`
    : `everything issued to ${kind} ${id} is over, and it gets nothing new until lanyard lift --${kind} ${id}`;
}
