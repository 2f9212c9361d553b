import type { AuditContext } from "../../audit/context.ts";
import type { Denial } from "../../denial/denial.ts";
import { limits } from "../../model/limits.ts";
import { denylistRows, type LoginKeys, loginName } from "../../model/login.ts";
import { type Clock, nowSeconds } from "../../model/ports.ts";
import { err, ok, type Result } from "../../model/result.ts";
import { subjects } from "../../model/subjects.ts";
import type { RevocationStore, RevocationWrite } from "../../session/store.ts";
import { invalidMember } from "../read-body.ts";
import { denylistOfCut, denylistOfSession } from "./denylist.ts";
import { planErasure } from "./erase.ts";
import type { AdminOrder } from "./order.ts";
import type { RevocationTargets } from "./target.ts";

/** The ports that planning uses. */
interface PlanDeps {
  readonly clock: Clock;
  readonly revocations: Pick<RevocationStore, "loginsOf" | "readDenylisted" | "readSession" | "findSession">;
  readonly targets: Pick<RevocationTargets, "hasTombstone" | "standing">;
}

/** What an order writes, and its answer. */
interface Planned {
  readonly change: Pick<
    RevocationWrite,
    "tombstone" | "denylist" | "clear" | "raise" | "lift" | "release" | "erase" | "confirm"
  >;
  readonly answer: object;
}
type Planning = Promise<Result<Planned, Denial>>;

/**
 * Plans what an order writes: a tombstone for a session, a raised epoch for everything else, and the logins that are
 * denylisted with it; or what a lift clears; what an erasure deletes; or that an owner is confirmed. The audit context receives whose logins they
 * are.
 * @returns `target_unknown` for a session that never existed, `cut_only_unprovable`, `parameter_invalid` for a lift of
 * nothing
 */
export async function planRevocation(order: AdminOrder, deps: PlanDeps, audit: AuditContext): Planning {
  const { verb, kind, id } = order;
  if (verb === "erase") return planErasure(id, deps.clock);
  if (verb === "confirm") return confirmation(id, deps.clock);
  if (kind === "session") return verb === "lift" ? clearLogin(id, deps, audit) : tombstone(order, deps, audit);
  return verb === "lift" ? lift({ ...order, kind }, deps) : cut({ ...order, kind }, deps, audit);
}

/** An operator's word that an owner is still there. It lifts no block. */
const confirmation = async (principal: string, clock: Clock): Planning => {
  const atSeconds = nowSeconds(clock);
  return ok({ change: { confirm: { principal, atSeconds } }, answer: { confirmedAtSeconds: atSeconds } });
};

/** Everything that is revoked by raising its epoch. */
type SubjectKind = Exclude<AdminOrder["kind"], "session">;

const subjectOf = (kind: SubjectKind, id: string): string =>
  kind === "deployment" ? subjects.deployment : subjects[kind](id);

/**
 * Lifts the one that the order names. An agent may be blocked and quarantined, for two reasons, by two operators: what
 * stays in force is told, so that a lift neither drops the other silently nor seems to.
 */
async function lift(
  { kind, id, quarantine }: AdminOrder & { readonly kind: SubjectKind },
  { targets }: PlanDeps,
): Planning {
  const subject = subjectOf(kind, id);
  if (kind !== "agent" && kind !== "principal")
    return ok({ change: { lift: { subject } }, answer: { blocked: false } });
  const { blocked, quarantined, automatic, reported } = await targets.standing(subject);
  // also what its provider said, as far as it was said when the operator looked
  if (kind === "principal") return ok({ change: { lift: { subject, reported } }, answer: { blocked: false } });
  return quarantine
    ? ok({ change: { release: { subject, automatic } }, answer: { blocked, quarantined: false } })
    : ok({ change: { lift: { subject } }, answer: { blocked: false, quarantined } });
}

async function cut(
  { kind, id, cutOnly, quarantine }: AdminOrder & { readonly kind: SubjectKind },
  deps: PlanDeps,
  audit: AuditContext,
): Planning {
  const logins = kind === "principal" && cutOnly ? await denylistOfCut(id, deps.revocations) : ok([]);
  if (!logins.ok) return logins;
  const atSeconds = nowSeconds(deps.clock);
  const block = !cutOnly && !quarantine;
  const raise = { subject: subjectOf(kind, id), block, ...(quarantine ? { quarantine } : {}), atSeconds };
  const denylist = logins.value.length > 0 ? { denylist: denylisting({ logins: logins.value, atSeconds }, audit) } : {};
  return ok({ change: { raise, ...denylist }, answer: quarantine ? { quarantined: true } : { blocked: block } });
}

/** Clears the logins that a session's revocation denylisted, however long ago. Sessions that it ended stay over. */
async function clearLogin(sid: string, deps: PlanDeps, audit: AuditContext): Planning {
  const login = await deps.revocations.readDenylisted(sid);
  if (!login)
    return invalidMember(
      "lift",
      "no login was burnt with this session, and a tombstone is never lifted: open a new one",
    );
  audit.add({ logins: namesOf([login]) });
  const session = await deps.revocations.readSession(sid, sid);
  // under whose key the reason is encrypted, as long as the session's row is there
  if (session) audit.add({ principal: session.principal.id });
  return ok({ change: { clear: login }, answer: { over: true } });
}

const namesOf = (logins: readonly LoginKeys[]): readonly string[] =>
  denylistRows(logins)
    .filter(({ raise }) => raise)
    .map(({ subject }) => loginName(subject));

type Denylist = NonNullable<RevocationWrite["denylist"]>;

function denylisting(denylist: Denylist, audit: AuditContext): Denylist {
  audit.add({ logins: namesOf(denylist.logins) });
  return denylist;
}

async function tombstone({ id: sid, cutOnly }: AdminOrder, deps: PlanDeps, audit: AuditContext): Planning {
  // a root's id is the key of its tree, so the row that may have a login is found without an index
  const root = await deps.revocations.readSession(sid, sid);
  const session = root ?? (await deps.revocations.findSession(sid));
  // a session whose rows have expired has been over for long; an id that never existed is a typing error
  if (!session && !(await deps.targets.hasTombstone(sid)))
    return err({ code: "target_unknown", target: `session:${sid}`, why: "never_seen" });
  const now = nowSeconds(deps.clock);
  const latest = now + limits.sessionLifeMaxSeconds;
  const expiresAtSeconds = session?.expiresAtSeconds ?? latest;
  if (session) {
    const { root: tree, depth, principal, actors } = session;
    audit.add({ session: { sid, root: tree, depth }, principal: principal.id, actors });
  }
  const found = denylistOfSession(root, cutOnly);
  if (!found.ok) return found;
  const login = found.value;
  const change = {
    tombstone: { root: session?.root ?? sid, sid, expiresAtSeconds },
    ...(login ? { denylist: denylisting({ logins: [login], session: sid, atSeconds: now }, audit) } : {}),
  };
  return ok({ change, answer: { found: session !== undefined, burnt: login !== undefined } });
}
