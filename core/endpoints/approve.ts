import type { Approver, Introduce } from "../admin/approve/approver.ts";
import { byIam } from "../admin/approve/by-iam.ts";
import { type ApproveQuestion, readApproveQuestion } from "../admin/approve/question.ts";
import { findRequest, listRequests } from "../admin/approve/session-request.ts";
import { findChange, listChanges } from "../admin/approve/tool-change.ts";
import type { DecisionStore } from "../approvals/decisions.ts";
import type { ApprovalReads } from "../approvals/store.ts";
import type { ShownToolChanges } from "../approvals/tool-changes/store.ts";
import { type AuditContext, startAudit } from "../audit/context.ts";
import { type DenyDeps, deny } from "../audit/deny.ts";
import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot, RegistrySource } from "../model/snapshot.ts";
import { subjects } from "../model/subjects.ts";
import type { Call, PlatformCaller, Reply } from "../model/wire.ts";
import { epochOf } from "../session/liveness.ts";
import { quarantineAgent } from "../session/quarantine-agent.ts";
import type { QuarantineWriter, SessionStore } from "../session/store.ts";

/** What deciding needs, however people are proved. */
export interface ApproveDeps extends DenyDeps {
  readonly registries: RegistrySource;
  readonly store: Pick<SessionStore, "readLiveness">;
  readonly approvals: ApprovalReads;
  readonly changes: ShownToolChanges;
  readonly decisions: DecisionStore;
  readonly quarantines: QuarantineWriter;
  /** Is told of a failure behind a decision that was stored. */
  failed(failure: unknown): void;
}

/** How a call is told to be a person's. */
type Authenticate = (call: Call, audit: AuditContext) => Promise<Result<Introduce, Denial>>;

/**
 * People look at what waits for approval, and decide it. The way of one call; this list and the numbered steps below are
 * the same list:
 *
 * 1. **read** the question, bounded, strictly parsed (`admin/approve/question.ts`)
 * 2. **authenticate**: a caller of AWS that the registry knows as a person, or a person's token of a client for
 *    approvals. No agent is ever one: neither its identity token nor its role (threat 58)
 * 3. **look** whether the person is blocked or was cut since signing in, by the version of the registry that counts
 * 4. **find** what waits for the person's groups, and nothing else: requests of agents, and tools that are served
 *    otherwise than they are pinned
 * 5. **rules**: not who asked, no owner in the chain, not over, and the digest is of what waits (threat 59)
 * 6. **record**: the decision is put where there is none, in one transaction with the proof and the record. A refusal is
 *    final; approvals are one a person, however often and by whichever way
 * 7. **count** refusals of an agent's requests in a row: at the third, what the agent may is what its profile of quarantine leaves (threat 59)
 *
 * Whoever has a link or an id has nothing: both are in notices, and decide nowhere.
 */
export function createApprovePoint(deps: ApproveDeps, authenticate: Authenticate): (call: Call) => Promise<Reply> {
  return async (call) => {
    const way = { deps, audit: startAudit(call, "approval.read", deps.clock) };
    const answered = await answer(call, authenticate, way);
    if (!answered.ok) return deny(deps, answered.error, way.audit);
    return { status: 200, contentType: "application/json", body: JSON.stringify(answered.value) };
  };
}

/** The address for operators: IAM authenticated the caller, and the URL admits the roles of this duty (threat 49). */
export const createApproveEndpoint = (deps: ApproveDeps) => (call: Call, caller: PlatformCaller | undefined) =>
  createApprovePoint(deps, async (_, audit) => {
    if (caller) audit.add({ operator: { arn: caller.arn, uniqueId: caller.userId.split(":")[0] ?? "" } });
    // whoever it is as a person: each refusal has a record of its own, as of every operator
    audit.authenticated = caller !== undefined;
    return ok(byIam(caller));
  })(call);

/** What every step needs. */
interface Way {
  readonly deps: ApproveDeps;
  readonly audit: AuditContext;
}

async function answer(call: Call, authenticate: Authenticate, way: Way): Promise<Result<object, Denial>> {
  const { deps, audit } = way;
  // 1. read
  const question = readApproveQuestion(call);
  if (!question.ok) return question;
  if (question.value.kind !== "list") audit.add({ target: `approval:${question.value.id}` });
  // 2. authenticate
  const introduce = await authenticate(call, audit);
  if (!introduce.ok) return introduce;
  // 3. look
  const looked = await look(introduce.value, deps);
  if (!looked.ok) return looked;
  const { approver, registry } = looked.value;
  const { proof, clientId } = approver.as;
  audit.add({
    approver: { person: approver.principal, proof, ...(clientId === undefined ? {} : { client: clientId }) },
    registryVersion: registry.version,
  });
  audit.authenticated = true;
  // 4. find
  if (question.value.kind === "list") return ok(await waiting({ approver, registry }, deps));
  return one(question.value, { approver, registry }, way);
}

/** Who calls, and the version of the registry that says so. */
interface Known {
  readonly approver: Approver;
  readonly registry: RegistrySnapshot;
}

/** How often the registry may change during one call before the call is refused. */
const reloads = 3;

async function look(introduce: Introduce, deps: ApproveDeps): Promise<Result<Known, Denial>> {
  let registry = await deps.registries.current();
  if (!registry) return err({ code: "registry_unavailable", why: "no registry was applied yet" });
  for (let attempt = 0; attempt < reloads; attempt++) {
    const approver = await introduce(registry);
    const subject = approver.ok ? subjects.principal(approver.value.principal) : undefined;
    const rows = await deps.store.readLiveness({ tombstones: [], subjects: subject === undefined ? [] : [subject] });
    if (!rows.complete) return err({ code: "liveness_unavailable", why: "a key stayed unread" });
    if (!rows.deployment) return err({ code: "registry_unavailable", why: "no registry was applied yet" });
    if (rows.deployment.registryVersion !== registry.version) {
      registry = await deps.registries.at(rows.deployment.registryVersion);
      continue;
    }
    if (!approver.ok) return approver;
    if (rows.deployment.blocked) return err({ code: "blocked", subject: subjects.deployment });
    const { blocked, cutAtSeconds } = epochOf(rows, subjects.principal(approver.value.principal));
    if (blocked) return err({ code: "blocked", subject: subjects.principal(approver.value.principal) });
    const { signedInSeconds } = approver.value;
    if (
      cutAtSeconds !== undefined &&
      signedInSeconds !== undefined &&
      signedInSeconds <= cutAtSeconds + limits.foreignSkewSeconds
    )
      return err({ code: "person_token_before_cut", cutAtSeconds });
    return ok({ approver: approver.value, registry });
  }
  return err({ code: "registry_unavailable", why: "the registry keeps changing" });
}

async function waiting(
  { approver: { groups }, registry }: Known,
  { approvals, changes, clock }: ApproveDeps,
): Promise<object> {
  const bound = { nowSeconds: nowSeconds(clock), most: limits.approvalsListed, registry };
  const found = await Promise.all([
    ...groups.map((group) => listRequests(group, bound, approvals)),
    ...groups.map((group) => listChanges(group, bound, changes)),
  ]);
  return { groups, items: found.flat().toSorted((a, b) => a.createdAtSeconds - b.createdAtSeconds) };
}

async function one(
  question: Exclude<ApproveQuestion, { kind: "list" }>,
  known: Known,
  way: Way,
): Promise<Result<object, Denial>> {
  const { deps, audit } = way;
  const { approver } = known;
  const looking = { ...known, nowSeconds: nowSeconds(deps.clock) };
  const { id } = question;
  const found = id.startsWith("tc_")
    ? await findChange(id, looking, deps.changes)
    : await findRequest(id, looking, deps.approvals);
  if (!found.ok) return found;
  const { pending, facts, may, shown, approvals, isAgents } = found.value;
  audit.add(facts);
  // 5. rules
  if (question.kind === "show") {
    const why = may.ok ? undefined : may.error.code;
    return ok({ ...shown, you: { may: may.ok, ...(why === undefined ? {} : { why }) } });
  }
  const { verdict } = question;
  audit.add({ operation: verdict === "approved" ? "approval.approve" : "approval.refuse" });
  if (!may.ok) return may;
  const { requestHash, needed, expiresAtSeconds } = pending;
  if (question.shown !== requestHash) return err({ code: "approval_shown_other", id });
  // 6. record
  const decision = {
    ...{ ...approver.as, approval: id, verdict, requestHash, approver: approver.principal },
    ...{ atSeconds: nowSeconds(deps.clock), expiresAtSeconds },
  };
  const record = deps.toRecord({ ...audit.facts, outcome: "allowed" }, deps.ids.id());
  const written = await deps.decisions.decide({ decision, replayEntries: approver.replayEntries, record });
  if (!written.ok)
    return written.error.kind === "replay"
      ? err({ code: "dpop_replayed" })
      : err({ code: "approval_decided", id, verdict });
  // 7. count
  if (isAgents) await countInRow(pending.agent, verdict, way);
  return ok({
    decided: { id, verdict },
    ...(verdict === "approved" ? { approvals: approvals + 1, needed } : {}),
  });
}

/**
 * An agent whose requests people keep refusing has gone astray, or somebody drives it to tire them out. The requests are
 * proved by its own key: `token` stored each after it had checked the proof. What was decided stands whatever becomes of
 * this, and a count that is lost only comes later.
 */
async function countInRow(agent: string, verdict: "approved" | "refused", { deps, audit }: Way): Promise<void> {
  try {
    const inRow = await deps.decisions.inRow(agent, verdict, nowSeconds(deps.clock));
    if (inRow >= limits.approvalRefusalsInRow)
      await quarantineAgent({ agent, cause: "approvals_refused" }, audit, deps);
  } catch (failure) {
    deps.failed(failure);
  }
}
