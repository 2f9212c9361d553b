import { denylistOfCut, denylistOfSession } from "../admin/denylist.ts";
import { asObject, invalidMember, readObject } from "../admin/read-body.ts";
import { type RevocationTargets, targetThere } from "../admin/target.ts";
import { type AuditContext, startAudit } from "../audit/context.ts";
import { type DenyDeps, deny } from "../audit/deny.ts";
import { toRecord } from "../audit/ocsf.ts";
import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import { denylistRows, type LoginKeys, loginName } from "../model/login.ts";
import type { Operator } from "../model/operator.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AdminTarget, Call, Reply } from "../model/wire.ts";
import { subjects } from "../session/liveness.ts";
import type { RevocationStore, RevocationWrite } from "../session/store.ts";

/** What revocation by operators stands on. */
interface AdminRevokeDeps extends DenyDeps {
  readonly trustDomain: string;
  readonly revocations: RevocationStore;
  readonly targets: RevocationTargets;
}

type TargetKind = keyof AdminTarget;

interface AdminOrder {
  readonly verb: "revoke" | "lift";
  readonly kind: TargetKind;
  readonly id: string;
  readonly reason: string;
  readonly cutOnly: boolean;
  readonly unseen: boolean;
}

const shapes: Record<TargetKind, RegExp> = {
  session: /^[A-Za-z0-9_-]{22}$/,
  agent: /^spiffe:\/\/[a-z0-9._-]+\/agent\/[A-Za-z0-9._/-]+$/,
  principal: /^(p_[a-z2-7]{32}|spiffe:\/\/[a-z0-9._-]+\/agent\/[A-Za-z0-9._/-]+)$/,
  build: /^[A-Za-z0-9+/=_:.-]{1,128}$/,
  deployment: /^[a-z0-9._-]{1,255}$/,
};

/**
 * Revokes a session (its whole subtree with it), an agent, a principal, a build or the deployment, or lifts a block.
 * One unconditional write: it cuts (what exists dies at once) and, except for a session or with `cutOnly`, blocks (nothing
 * new) until an operator lifts it. Revoking a root session burns the person's login it was opened by, for that agent:
 * every root of that login dies with it, and none is opened by it any more (`admin/denylist.ts`). Lifting a session clears
 * the login; the session stays over.
 * An order about something that does not exist writes nothing and says so (`target_unknown`); a principal or a build that
 * was never seen can be blocked in advance, by `unseen`.
 */
export function createAdminRevokeEndpoint(
  deps: AdminRevokeDeps,
): (call: Call, operator: Operator | undefined) => Promise<Reply> {
  return async (call, operator) => {
    const audit = startAudit(call, "revoke", deps.clock);
    if (!operator) return deny(deps, { code: "caller_not_authorized", why: "no IAM identity" }, audit);
    audit.add({ operator });
    audit.authenticated = true;
    const order = readOrder(call, deps.trustDomain);
    if (!order.ok) return deny(deps, order.error, audit);
    const { verb, kind, id, reason } = order.value;
    audit.add({ operation: verb, target: `${kind}:${id}`, reason });
    const carried = await carryOut(order.value, deps, audit);
    if (!carried.ok) return deny(deps, carried.error, audit);
    const body = { [verb === "revoke" ? "revoked" : "lifted"]: { [kind]: id }, ...carried.value };
    return { status: 200, contentType: "application/json", body: JSON.stringify(body) };
  };
}

function readOrder(call: Call, trustDomain: string): Result<AdminOrder, Denial> {
  if (call.path !== "/") return err({ code: "not_found", path: call.path.slice(0, 100) });
  if (call.method !== "POST") return err({ code: "method_not_allowed", method: call.method, allow: "POST" });
  const read = readObject(call, ["revoke", "lift", "reason", "cutOnly", "unseen"], limits.requestBodyBytes);
  if (!read.ok) return read;
  const body = read.value;
  if ((body.revoke === undefined) === (body.lift === undefined))
    return invalidMember("revoke", "send either revoke or lift");
  const verb = body.revoke === undefined ? "lift" : "revoke";
  const target = Object.entries(asObject(body[verb]) ?? {});
  const [kind, id] = target[0] ?? [];
  if (target.length !== 1 || kind === undefined || !Object.hasOwn(shapes, kind))
    return invalidMember(verb, "name exactly one of session, agent, principal, build, deployment");
  const known = kind as TargetKind;
  if (typeof id !== "string" || !shapes[known].test(id)) return invalidMember(kind, "not an id of this kind");
  if (known === "deployment" && id !== trustDomain) return err({ code: "target_unknown", target: id, why: "foreign" });
  if (known === "agent" && !id.startsWith(`spiffe://${trustDomain}/agent/`))
    return err({ code: "target_unknown", target: id.slice(0, limits.agentIdCharacters), why: "foreign" });
  const { reason, cutOnly = false, unseen = false } = body;
  if (typeof reason !== "string" || reason.trim() === "" || reason.length > limits.purposeCharacters)
    return invalidMember("reason", `say why, in 1 to ${limits.purposeCharacters} characters`);
  if (typeof cutOnly !== "boolean" || (cutOnly && verb === "lift"))
    return invalidMember("cutOnly", "true or false, with revoke");
  const mayBeUnseen = verb === "revoke" && (known === "principal" || known === "build");
  if (typeof unseen !== "boolean" || (unseen && !mayBeUnseen))
    return invalidMember("unseen", "true or false, with the revocation of a principal or a build");
  return ok({ verb, kind: known, id, reason, cutOnly, unseen });
}

const subjectOf = (kind: Exclude<TargetKind, "session">, id: string): string =>
  kind === "deployment" ? subjects.deployment : subjects[kind](id);

async function carryOut(
  order: AdminOrder,
  deps: AdminRevokeDeps,
  audit: AuditContext,
): Promise<Result<object, Denial>> {
  const { verb, kind, id, cutOnly } = order;
  const there = kind === "session" ? ok(undefined) : await targetThere({ ...order, kind }, deps.targets);
  if (!there.ok) return there;
  const planned =
    kind === "session"
      ? await (verb === "lift" ? clearLogin(id, deps, audit) : tombstone(id, cutOnly, deps, audit))
      : await (verb === "lift" ? liftBlock(kind, id) : cut(kind, order, deps, audit));
  if (!planned.ok) return planned;
  const record = toRecord({ ...audit.facts, outcome: "allowed" }, deps.ids.id());
  const written = await deps.revocations.revoke({ ...planned.value.change, replayEntries: [], record });
  if (!written.ok) throw new Error(`a revocation without conditions met a conflict: ${written.error.kind}`);
  return ok(planned.value.answer);
}

/** What an order writes, and what its answer says. */
interface Planned {
  readonly change: Pick<RevocationWrite, "tombstone" | "burn" | "clear" | "raise" | "lift">;
  readonly answer: object;
}
type Planning = Promise<Result<Planned, Denial>>;

const liftBlock = async (kind: Exclude<TargetKind, "session">, id: string): Planning =>
  ok({ change: { lift: { subject: subjectOf(kind, id) } }, answer: { blocked: false } });

async function cut(
  kind: Exclude<TargetKind, "session">,
  { id, cutOnly }: AdminOrder,
  deps: AdminRevokeDeps,
  audit: AuditContext,
): Planning {
  const burnt = kind === "principal" && cutOnly ? await denylistOfCut(id, deps.revocations) : ok([]);
  if (!burnt.ok) return burnt;
  const atSeconds = nowSeconds(deps.clock);
  const raise = { subject: subjectOf(kind, id), block: !cutOnly, atSeconds };
  const burn = burnt.value.length > 0 ? { burn: burning({ logins: burnt.value, atSeconds }, audit) } : {};
  return ok({ change: { raise, ...burn }, answer: { blocked: !cutOnly } });
}

/** Clears what a session's revocation burnt, however long ago; what that ended stays over. */
async function clearLogin(sid: string, deps: AdminRevokeDeps, audit: AuditContext): Planning {
  const login = await deps.revocations.readDenylisted(sid);
  if (!login)
    return invalidMember(
      "lift",
      "no login was burnt with this session, and a tombstone is never lifted: open a new one",
    );
  audit.add({ logins: namesOf([login]) });
  return ok({ change: { clear: login }, answer: { over: true } });
}

const namesOf = (logins: readonly LoginKeys[]): readonly string[] =>
  denylistRows(logins)
    .filter(({ raise }) => raise)
    .map(({ subject }) => loginName(subject));

type Burn = NonNullable<RevocationWrite["burn"]>;

function burning(burn: Burn, audit: AuditContext): Burn {
  audit.add({ logins: namesOf(burn.logins) });
  return burn;
}

async function tombstone(sid: string, cutOnly: boolean, deps: AdminRevokeDeps, audit: AuditContext): Planning {
  // a root's id is its tree's key, so the row that may hold a login is found without any index
  const root = await deps.revocations.readSession(sid, sid);
  const session = root ?? (await deps.revocations.findSession(sid));
  // what went by TTL has been over for long; an id that never was is a slip of the keyboard
  if (!session && !(await deps.targets.hasTombstone(sid)))
    return err({ code: "target_unknown", target: `session:${sid}`, why: "never_seen" });
  const now = nowSeconds(deps.clock);
  const latest = now + limits.sessionLifeMaxSeconds;
  const expiresAtSeconds = session?.expiresAtSeconds ?? latest;
  if (session) {
    const { root: tree, depth, principal, actors } = session;
    audit.add({ session: { sid, root: tree, depth }, principal: principal.id, actors });
  }
  const burnt = denylistOfSession(root, cutOnly);
  if (!burnt.ok) return burnt;
  const login = burnt.value;
  const change = {
    tombstone: { root: session?.root ?? sid, sid, expiresAtSeconds },
    ...(login ? { burn: burning({ logins: [login], session: sid, atSeconds: now }, audit) } : {}),
  };
  return ok({ change, answer: { found: session !== undefined, burnt: login !== undefined } });
}
