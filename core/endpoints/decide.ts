import { type AuditContext, startAudit } from "../audit/context.ts";
import { type DenyDeps, deny } from "../audit/deny.ts";
import { decided, type Form, isTold, json, no } from "../authzen/answer.ts";
import { type Admission, type Asker, askerOf } from "../authzen/asker.ts";
import { type TellDeps, tellOfTool } from "../authzen/changes/tell.ts";
import { readTold } from "../authzen/changes/told.ts";
import { type DecidePorts, readFor } from "../authzen/decide.ts";
import { conclude, formOfAsked, type Outcome, understood } from "../authzen/outcome.ts";
import { formOf, readAsked } from "../authzen/request.ts";
import { type SpendPorts, type Spent, spend } from "../budgets/spend.ts";
import { budgetTold, spentFacts } from "../budgets/told.ts";
import { type AuthenticateDeps, authenticateByHeader } from "../caller/authenticate.ts";
import type { Denial } from "../denial/denial.ts";
import { err, ok, type Result } from "../model/result.ts";
import { type Call, decidePaths, type Reply } from "../model/wire.ts";
import type { SessionStore } from "../session/store.ts";

/** What the decision point needs, whoever its callers are. */
export interface DecideDeps extends DecidePorts, DenyDeps, SpendPorts, TellDeps {
  readonly store: DecidePorts["store"] & Pick<SessionStore, "use">;
}

/** What a call carries for the decision point beside what every call has. */
export interface DecideCall {
  /** The `Authorization` header, as it came. */
  readonly authorization?: string;
  /** Whether the gateway sent a part of the body only: Envoy does, of one beyond its limit (`x-envoy-auth-partial-body`). */
  readonly isPartial: boolean;
  /** `X-Request-ID`, which the answer repeats (AuthZEN 1.0, Request Identification). */
  readonly requestId?: string;
}

/** How it is told who asks. */
type Authenticate = (call: Call, more: DecideCall, audit: AuditContext) => Promise<Result<Admission, Denial>>;

/**
 * AuthZEN Authorization API 1.0 over sessions (docs/gateways.md). The way of one call; this list and the numbered steps
 * below are the same list:
 *
 * 1. **read**: bounded, strictly parsed, nothing trusted (`authzen/request.ts`)
 * 2. **authenticate** who asks: identity token and proof by its key, or the role that IAM authenticated
 * 3. **look** at the sessions it asks about: their rows, then liveness, asker and version in one batch each
 *    (`authzen/decide.ts`)
 * 4. **decide** each question: the asker's to ask about, alive, within every bound, arguments within details, policy
 *    (`authzen/permit.ts`); a search decides about every tool (`authzen/search.ts`)
 * 5. **spend**, for a single evaluation, one call and its cost from every budget it must fit (`budgets/spend.ts`)
 * 6. **record**, in one transaction with the proof, and for a single evaluation with one use of the session; what is
 *    refused here gives back what was spent
 * 7. **answer** yes or no; every no is the same bytes, and only the audit tells the reason, but for what is left of a
 *    budget: there the asker would have been told yes
 *
 * Several questions in one call, and searches, spend nothing and make one record.
 *
 * Who tells how a tool of its server is declared now (`/tools/changes`) asks nothing, and goes a way of its own after 2,
 * by which people are asked (`authzen/changes/tell.ts`).
 */
export function createDecisionPoint(deps: DecideDeps, authenticate: Authenticate) {
  return async (call: Call, more: DecideCall): Promise<Reply> => {
    const audit = startAudit(call, "decide", deps.clock);
    const way = call.path === decidePaths.changes ? tell : decide;
    const reply = await way({ call, more, authenticate }, { deps, audit });
    const { requestId } = more;
    return requestId === undefined ? reply : { ...reply, headers: { ...reply.headers, "X-Request-ID": requestId } };
  };
}

/** The decision point for agents that show an identity token and prove its key. */
export const createDecideEndpoint = (deps: DecideDeps & AuthenticateDeps) =>
  createDecisionPoint(deps, async (call, { authorization }, audit) => {
    const caller = await authenticateByHeader(call, authorization, deps);
    if (!caller.ok) return caller;
    const asker = askerOf(caller.value);
    audit.add({ agent: asker.agent, jkt: caller.value.jkt, assurance: asker.assurance });
    audit.authenticated = true;
    return ok(() => ok(asker));
  });

/** What every step needs. */
interface Way {
  readonly deps: DecideDeps;
  readonly audit: AuditContext;
}

interface Came {
  readonly call: Call;
  readonly more: DecideCall;
  readonly authenticate: Authenticate;
}

async function decide({ call, more, authenticate }: Came, way: Way): Promise<Reply> {
  const { audit, deps } = way;
  // 1. read
  const asked = readAsked(call, more);
  if (!asked.ok) return refuse(asked.error, formOf(call.path), way);
  const form = formOfAsked(asked.value);
  audit.add({ operation: operations[asked.value.kind] });
  // 2. authenticate
  const admission = await authenticate(call, more, audit);
  if (!admission.ok) return refuse(admission.error, form, way);
  // 3. look
  const read = await readFor(understood(asked.value), admission.value, deps);
  if (!read.ok) return refuse(read.error, form, way);
  const { asker, registry } = read.value;
  audit.add({ agent: asker.agent, assurance: asker.assurance, registryVersion: registry.version });
  audit.authenticated = true;
  // 4. decide
  const outcome = conclude(asked.value, read.value);
  audit.add(outcome.facts);
  // 5. spend
  const spent = outcome.refusal ? err(outcome.refusal) : await spendOf(outcome, way);
  // 6. record
  const recorded = spent.ok ? await record({ outcome, spent: spent.value }, asker, way) : spent;
  // 7. answer
  if (!recorded.ok) return refuse(recorded.error, form, way);
  const report = spent.ok ? spent.value?.report : undefined;
  return report ? decided(true, { report: report.id }) : outcome.reply;
}

async function tell({ call, more, authenticate }: Came, { audit, deps }: Way): Promise<Reply> {
  audit.add({ operation: "approval.ask" });
  const told = readTold(call, more);
  if (!told.ok) return deny(deps, told.error, audit);
  const admission = await authenticate(call, more, audit);
  if (!admission.ok) return deny(deps, admission.error, audit);
  const answer = await tellOfTool(told.value, admission.value, { deps, audit });
  return answer.ok ? json(answer.value) : deny(deps, answer.error, audit);
}

/** Takes from budgets, where any applies: most calls have none, and then nothing is asked of the table. */
async function spendOf({ spending }: Outcome, { deps, audit }: Way): Promise<Result<Spent | undefined, Denial>> {
  if (!spending) return ok(undefined);
  const spent = await spend(spending, deps);
  if (spent.ok) audit.add(spentFacts(spent.value));
  return spent;
}

const operations = { evaluation: "decide", evaluations: "decide.batch", search: "decide.search" } as const;

/**
 * One transaction: of two calls for a last use at one instant one is answered yes. A use that was taken is not given
 * back when the answer is lost on its way, or it could be had twice (threat 24).
 */
async function record(
  { outcome: { counters }, spent }: { readonly outcome: Outcome; readonly spent: Spent | undefined },
  asker: Asker,
  { deps, audit }: Way,
): Promise<Result<void, Denial>> {
  const record = deps.toRecord({ ...audit.facts, outcome: "allowed" }, deps.ids.id());
  const report = spent?.report ? { report: spent.report } : {};
  const written = await deps.store.use({ counters, replayEntries: asker.replayEntries, ...report, record });
  if (written.ok) return ok(undefined);
  await spent?.giveBack();
  return err(written.error.kind === "replay" ? { code: "dpop_replayed" } : { code: "uses_spent" });
}

async function refuse(denial: Denial, form: Form, { deps, audit }: Way): Promise<Reply> {
  const reply = await deny(deps, denial, audit);
  return isTold(denial) ? reply : no(form, budgetTold(denial));
}
