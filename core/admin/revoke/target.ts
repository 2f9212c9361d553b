import type { Denial } from "../../denial/denial.ts";
import { limits } from "../../model/limits.ts";
import { err, ok, type Result } from "../../model/result.ts";
import { subjects } from "../../model/subjects.ts";

/** What keeps a subject from getting anything, or all of it. */
interface Standing {
  readonly blocked: boolean;
  readonly quarantined: boolean;
  readonly automatic: number;
  readonly reported: number;
}

/** Reads that tell whether the target of an order exists. All are strongly consistent. */
export interface RevocationTargets {
  /** SPIFFE IDs of the agents that are registered now. */
  agents(): Promise<readonly string[]>;
  /** Principal ids of the people who own one of them. */
  owners(): Promise<readonly string[]>;
  /** Whether a session under a subject is known, living or ended and not yet deleted. */
  hasSessions(subject: string): Promise<boolean>;
  /** Whether a subject was ever cut or blocked. */
  wasRevoked(subject: string): Promise<boolean>;
  /** How a subject stands, strongly consistent; `automatic` tells how often it was quarantined automatically, `reported` how often a provider ended its sessions. */
  standing(subject: string): Promise<Standing>;
  /** Whether a session was ended, as long as anything below it could still live. */
  hasTombstone(sid: string): Promise<boolean>;
}

/** An order about a subject that many sessions may depend on. */
interface SubjectOrder {
  readonly verb: "revoke" | "lift" | "erase" | "confirm";
  readonly kind: "agent" | "principal" | "build" | "deployment";
  readonly id: string;
  /** The operator means a principal or a build that was never seen here, to block it in advance. */
  readonly unseen: boolean;
}

/**
 * Checks that the target of an order exists. In an incident, a typing error that is answered with success would stop
 * nobody and look done (threat 41). A target can be revoked when it is registered, owns an agent, has
 * sessions, or was revoked before; a block can be lifted from what was revoked, and who owns an agent be confirmed. Where this cannot be read a revocation is carried out, since it can do
 * no harm.
 * @returns `target_unknown`, with the registered agent or the build that was probably meant
 */
export async function targetThere(order: SubjectOrder, targets: RevocationTargets): Promise<Result<void, Denial>> {
  try {
    return await targetKnown(order, targets);
  } catch (cause) {
    if (order.verb === "lift" || order.verb === "confirm") throw cause;
    return ok(undefined);
  }
}

/**
 * The same for whoever has another way to revoke what cannot be looked up: it carries nothing out unseen.
 * @returns `target_unknown`
 * @throws where it cannot be read
 */
export async function targetKnown(order: SubjectOrder, targets: RevocationTargets): Promise<Result<void, Denial>> {
  const { verb, kind, id, unseen } = order;
  if (kind === "deployment" || unseen) return ok(undefined);
  const subject = subjects[kind](id);
  if (verb !== "lift" && kind === "principal" && (await targets.owners()).includes(id)) return ok(undefined);
  if (verb === "confirm") return err({ code: "target_unknown", target: `${kind}:${id}`, why: "owns_nothing" });
  if (await targets.wasRevoked(subject)) return ok(undefined);
  const agents = id.startsWith("spiffe:") ? await targets.agents() : [];
  if (verb !== "lift" && (agents.includes(id) || (await targets.hasSessions(subject)))) return ok(undefined);
  const meant = kind === "build" ? await otherCase(id, targets) : nearest(id, agents);
  return unknown(order, agents.includes(id) ? undefined : meant);
}

function unknown({ verb, kind, id }: SubjectOrder, meant: string | undefined): Result<never, Denial> {
  const target = `${kind}:${id}`.slice(0, limits.agentIdCharacters);
  const why = verb === "lift" ? "never_revoked" : kind === "agent" ? "not_registered" : "never_seen";
  return err({ code: "target_unknown", target, why, ...(meant === undefined ? {} : { meant }) });
}

/**
 * The digest in lower case, if that is known: digests are stored so, but may be copied from places where they are not.
 */
async function otherCase(id: string, targets: RevocationTargets): Promise<string | undefined> {
  const lower = id.toLowerCase();
  if (lower === id) return undefined;
  const subject = subjects.build(lower);
  return (await targets.hasSessions(subject)) || (await targets.wasRevoked(subject)) ? lower : undefined;
}

const mostSlips = 2;

/** The known name that differs only by letter case, or by one or two letters; the nearest of several. */
export function nearest(id: string, names: readonly string[]): string | undefined {
  const wanted = id.toLowerCase();
  let best: { readonly name: string; readonly slips: number } | undefined;
  for (const name of names) {
    const slips = slipsBetween(wanted, name.toLowerCase(), mostSlips);
    if (slips <= mostSlips && (best === undefined || slips < best.slips)) best = { name, slips };
  }
  return best?.name;
}

/**
 * Number of letters inserted, left out or exchanged; any larger number when it is above `most`. The work is bounded: it
 * branches `most` times at most.
 */
function slipsBetween(a: string, b: string, most: number): number {
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  const [x, y] = [a.slice(same), b.slice(same)];
  if (x === "" || y === "") return Math.max(x.length, y.length);
  if (most === 0) return Number.POSITIVE_INFINITY;
  const [xs, ys] = [x.slice(1), y.slice(1)];
  return 1 + Math.min(slipsBetween(xs, y, most - 1), slipsBetween(x, ys, most - 1), slipsBetween(xs, ys, most - 1));
}
