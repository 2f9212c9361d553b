import { startAudit } from "../audit/context.ts";
import { deny } from "../audit/deny.ts";
import { readCost } from "../budgets/read-cost.ts";
import { settle } from "../budgets/settle.ts";
import { type Spent, spend } from "../budgets/spend.ts";
import { budgetTold, spentFacts } from "../budgets/told.ts";
import { authenticate, callerSubjects, type Form, readForm, single } from "../caller/authenticate.ts";
import { ownerOf, withOwner } from "../caller/stolen.ts";
import type { Denial } from "../denial/denial.ts";
import {
  evaluateServer,
  type IntrospectDeps,
  type Introspection,
  look,
  nothing,
  registryOf,
  type Seen,
} from "../introspection/look.ts";
import type { Money } from "../model/budget.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Call, Reply } from "../model/wire.ts";
import { readLiveness } from "../session/liveness.ts";

/**
 * RFC 7662, strongly consistent. This list and the numbered steps below are the same list:
 *
 * 1. **read** the form
 * 2. **authenticate** the caller, a registered resource server (`caller/authenticate.ts`)
 * 3. **look** at the token (`introspection/look.ts`):
 * - *verify* it offline, or *read its row* if it is a handle (`readAccessToken`)
 * - *read liveness* of its session, its agents and the caller, in one batch; it also tells the registry's version, and
 *   another version than the held one is *loaded*
 * - *evaluate* the caller: active, alive, and serving some resource; then whether it serves this token's resource,
 *   whether the session lives, and whether all its agents are active
 * 4. **hold the key against it** where the caller names a key
 * 5. **spend** one call, and its cost, from every budget it must fit (`budgets/spend.ts`)
 * 6. **take one use** where uses are counted, last of all; what is refused here gives back what was spent
 * 7. **answer**: for a token of a resource that the caller does not serve, and for an invalid, expired, dead or used up
 *    one, exactly `{"active": false}`; only the audit tells the reason. Where a budget alone stands against it, the
 *    server is told beside it what is left
 *
 * Only refusals, uses and what is spent are written. No step is repeated, since a concurrent equal request cannot change the outcome.
 *
 * With `report` in the place of a token, the server says what a call did cost that it had reserved for
 * (`budgets/settle.ts`).
 *
 * `dpop_jkt` (RFC 7662 2.1 lets a server take more parameters; named as in RFC 9449 10) is the thumbprint of the key
 * that proved the request which carried the token. For another key than the token's the answer is inactive, and no use
 * is taken.
 */
export function createIntrospectEndpoint(deps: IntrospectDeps): (call: Call) => Promise<Reply> {
  return async (call) => {
    const audit = startAudit(call, "introspect", deps.clock);
    // 1. read
    const form = readForm(call, []);
    if (!form.ok) return deny(deps, form.error, audit);
    // 2. authenticate
    const caller = await authenticate(call, form.value, deps);
    if (!caller.ok) return deny(deps, caller.error, audit);
    const { agent, jkt, identity } = caller.value;
    audit.add({ agent, jkt, assurance: identity.assurance });
    audit.authenticated = true;
    const report = single(form.value, "report");
    if (report !== undefined) {
      const settled = await settleBy(
        { id: report, cost: single(form.value, "cost"), caller: caller.value, audit },
        deps,
      );
      return settled.ok ? json(settled.value) : deny(deps, settled.error, audit);
    }
    const token = single(form.value, "token");
    if (token === undefined) return deny(deps, { code: "parameter_missing", name: "token" }, audit);
    const priced = costIn(form.value);
    if (!priced.ok) return deny(deps, priced.error, audit);
    const provedBy = single(form.value, "dpop_jkt");
    const asked = { token, provedBy, cost: priced.value, caller: caller.value, audit, deps };
    // 3. look
    const seen = await look(asked);
    // 4. hold the key against it
    const held = seen.ok ? holdKey(seen.value, asked) : seen;
    // 5. spend
    const spent = held.ok ? await spendOf(held.value, asked) : held;
    // 6. take one use
    const taken = spent.ok ? await takeUse(spent.value, asked) : spent;
    // 7. answer
    return taken.ok ? json(about(taken.value)) : refuse(taken.error, asked);
  };
}

/**
 * The most that the request can cost, where the server says it: `cost`.
 * @returns it, or `parameter_invalid`
 */
function costIn(form: Form): Result<Money | undefined, Denial> {
  const text = single(form, "cost");
  if (text === undefined) return ok(undefined);
  const cost = readCost(text);
  const why = "send an amount in the currency's smallest unit and its code, as 1250 EUR";
  return cost ? ok(cost) : err({ code: "parameter_invalid", name: "cost", why });
}

const about = ({ token: { jkt, claims }, spent }: Paid): object => ({
  active: true,
  token_type: jkt === undefined ? "Bearer" : "DPoP",
  ...claims,
  ...(spent?.report ? { report: spent.report.id } : {}),
});

async function refuse(denial: Denial, { audit, deps }: Introspection): Promise<Reply> {
  if (callerFaults.has(denial.code)) return deny(deps, denial, audit);
  // through an honest resource server, a stranger can send any text, as often as it likes, proved by any key. Such
  // refusals are aggregated by server, session and reason, or a flood of them would fill the outbox (threats 13, 34)
  await deny(deps, denial, { facts: audit.facts, authenticated: denial.code === "not_a_resource_server" });
  return json({ active: false, ...budgetTold(denial) });
}

const json = (body: object): Reply => ({ status: 200, contentType: "application/json", body: JSON.stringify(body) });

/**
 * Refusals of the caller itself, which it is told. All others are about the token, and only the audit tells them. A
 * caller that serves nothing is not at fault: it just may know of no token (RFC 7662 2.2).
 */
const callerFaults = new Set<Denial["code"]>([
  "dpop_replayed",
  "agent_unknown",
  "agent_inactive",
  "blocked",
  "quarantined",
  "assertion_dead",
  "registry_unavailable",
  "liveness_unavailable",
]);

/**
 * Checks the key before a use is taken: otherwise a thief of a handle, without its key, could use it up with refused
 * requests (threat 24).
 */
function holdKey(seen: Seen, { provedBy }: Introspection): Result<Seen, Denial> {
  const { token } = seen;
  if (provedBy === undefined || provedBy === token.jkt) return ok(seen);
  const owner = token.jkt === undefined ? undefined : ownerOf(token);
  return err(withOwner({ code: "dpop_key_mismatch", boundTo: "subject_token" } as const, owner));
}

/** A token whose request fits every budget. */
interface Paid extends Pick<Seen, "token"> {
  readonly spent?: Spent;
}

/** Takes from budgets, where any applies: most requests have none, and then nothing is asked of the table. */
async function spendOf({ token, spending }: Seen, { cost, deps, audit }: Introspection): Promise<Result<Paid, Denial>> {
  if (!spending) return ok({ token });
  const spent = await spend({ ...spending, ...(cost ? { cost } : {}) }, deps);
  if (!spent.ok) return spent;
  audit.add(spentFacts(spent.value));
  return ok({ token, spent: spent.value });
}

/**
 * Takes one use, as the last step and only for an active token. Counters, proof and record are one transaction, so that
 * of any number of concurrent requests exactly as many succeed as uses are left. An answer that is lost on its way
 * counts as a use: if it could be given twice, it could be used twice (threat 24).
 */
async function takeUse(paid: Paid, { caller, deps, audit }: Introspection): Promise<Result<Paid, Denial>> {
  const { token, spent } = paid;
  const counters = token.uses?.countedAt ?? [];
  if (counters.length === 0 && !spent) return ok(paid);
  const { aud: resource, scopes, details } = token;
  audit.add({ operation: "token.use", grants: [{ resource, scopes, details }] });
  const record = deps.toRecord({ ...audit.facts, outcome: "allowed" }, deps.ids.id());
  const report = spent?.report ? { report: spent.report } : {};
  const used = await deps.store.use({ counters, replayEntries: caller.entries, ...report, record });
  if (used.ok) return ok(paid);
  await spent?.giveBack();
  return err(used.error.kind === "replay" ? { code: "dpop_replayed" } : { code: "uses_spent" });
}

/** What a server says that a call did cost, where the server may say anything now. */
async function settleBy(
  asked: { readonly id: string; readonly cost: string | undefined } & Pick<Introspection, "caller" | "audit">,
  deps: IntrospectDeps,
): Promise<Result<object, Denial>> {
  const { caller, audit } = asked;
  const rows = await readLiveness(deps.store, { ...nothing, subjects: callerSubjects(caller) });
  const registry = await registryOf(rows, deps);
  if (!registry.ok) return registry;
  audit.add({ registryVersion: registry.value.version });
  const server = evaluateServer(caller, rows, registry.value);
  return server.ok ? settle(asked, deps) : server;
}
