import type { AdminRevokeRequest, AdminTarget } from "../../../core/model/wire.ts";
import { callAdmin } from "../deployment/call.ts";
import { type Change, confirmed } from "../deployment/confirm.ts";
import type { CommandContext } from "../deployment/context.ts";
import { reachLines } from "../sessions/reach.ts";
import { Usage } from "../terminal/outcome.ts";
import { short } from "../terminal/words.ts";
import { blockLine, dryRun } from "./dry-run.ts";

/** Options of `revoke` and `lift`. */
export interface RevocationOptions {
  readonly session?: string;
  readonly agent?: string;
  readonly principal?: string;
  readonly build?: string;
  readonly deployment?: string | true;
  readonly cutOnly?: boolean;
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

/**
 * Sends a revocation, or lifts a block, and explains its effect.
 * @throws Usage, Refused
 */
export async function sendRevocation(
  verb: "revoke" | "lift",
  options: RevocationOptions,
  context: CommandContext,
): Promise<void> {
  const { profile, terminal } = context;
  const target = targetOf(options, profile.trustDomain);
  const [kind = "", id = ""] = Object.entries(target)[0] ?? [];
  if (verb === "revoke" && options.dryRun) return dryRun(target, options, context);
  const { reason } = options;
  if (reason === undefined) throw new Usage("say why: --reason <text>, for the audit record");
  const change = verb === "revoke" ? revoking(target, options, context) : lifting(kind, id);
  const deployment = await confirmed(change, options, context);
  const order: AdminRevokeRequest =
    verb === "lift"
      ? { lift: target, reason }
      : {
          revoke: target,
          reason,
          ...(options.cutOnly ? { cutOnly: true } : {}),
          ...(options.unseen ? { unseen: true } : {}),
        };
  const answer = await callAdmin(profile, order);
  if (options.json) terminal.out(JSON.stringify({ ok: true, deployment, ...answer }));
  else terminal.out(verb === "lift" ? lifted(kind, id) : revoked(target, options, answer));
}

function revoking(target: AdminTarget, options: RevocationOptions, context: CommandContext): Change {
  const [kind = "", id = ""] = Object.entries(target)[0] ?? [];
  const blocks = kind !== "session" && options.cutOnly !== true;
  return {
    question: kind === "deployment" ? `End EVERY session of ${id}?` : `Revoke ${kind} ${short(id)}?`,
    reach: async () => [...(await reachLines(target, "end", context)), blockLine(kind, id, blocks)],
    otherwise: "nothing was revoked",
  };
}

const lifting = (kind: string, id: string): Change => ({
  question: `Let ${kind === "session" ? "the login of session" : kind} ${short(id)} start anew?`,
  reach: async () => [
    kind === "session"
      ? `the login that was burnt with session ${id} would open new sessions again; the session stays over`
      : `${kind} ${id} would get new sessions again; what was cut stays cut`,
  ],
  otherwise: "nothing was lifted",
});

const denylisted = (id: string): string =>
  `; so is every session of its agent by the same login of the person, who has to sign in anew there (false alarm: lanyard lift --session ${id})`;

const lifted = (kind: string, id: string): string =>
  kind === "session"
    ? `the login that was burnt with session ${id} counts again; the session stays over`
    : `${kind} ${id} is no longer blocked; what was cut stays cut`;

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
