import { activeRegistration, type Caller, callerSubjects, checkCaller } from "../caller/authenticate.ts";
import type { Denial } from "../denial/denial.ts";
import type { ApprovalRule, PolicyQuestion } from "../model/decision.ts";
import { limits } from "../model/limits.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { checkGranted } from "../narrow/grants.ts";

import { type OwnerGone, ownerDenial, ownerGone, signInOf } from "../person/owner.ts";
import { approvalInQuarantine, inForce } from "../session/quarantine.ts";
import type { ApprovalUse, LivenessRows } from "../session/store.ts";

import { evaluateServers } from "./alive.ts";
import { boundUses } from "./bounds.ts";
import { checkFits } from "./claims.ts";
import type { TokenContext } from "./context.ts";
import { checkHeldTools } from "./held-tools.ts";
import type { Plan, PlanInput } from "./plan.ts";
import { planFor } from "./plan-for.ts";
import type { Above } from "./plan-renewal.ts";
import { readSubject, type Way } from "./read-subject.ts";
import { inRegisteredNames } from "./request.ts";
import { type ResolvedSubject, resolveSubjectToken } from "./resolve-subject-token.ts";
import { plainly, signInDenial, signInOfRequest, type Unsigned } from "./sign-in.ts";

/** A request that was permitted: what may be stored and signed. */
export interface Authorized {
  readonly plan: Plan;
  readonly subject: ResolvedSubject;
  readonly rows: LivenessRows;
  readonly registry: RegistrySnapshot;
  readonly policies: readonly string[];
  /** The person on whose authority it is, who has no key yet, where the record needs one. */
  readonly keyless?: string;
  /** Where policy permits it with approval: nothing is released, but people are asked (`core/token/approvals/ask.ts`). */
  readonly waits?: readonly Waiting[];
  /** The approval that what is released uses up. */
  readonly approval?: ApprovalUse;
}

/** What people must approve at one resource. */
export interface Waiting {
  readonly resource: string;
  readonly needs: readonly (readonly ApprovalRule[])[];
}

/** The ports that deciding uses. */
type DecideContext = TokenContext<"clock" | "issuer" | "registries" | "store" | "policy" | "limiter">;
type AuthorizeContext = TokenContext<keyof DecideContext["ports"] | "trustDomain" | "ownKeys" | "keySets">;

/** How often the registry may change during one request before the request is refused. */
const reloads = 3;

/**
 * Decides a request: resolve the subject token ▸ read liveness ▸ narrow ▸ evaluate policies. The liveness batch tells
 * the registry's version; a cached registry of another version is not used, and the whole decision is made again with
 * the right one (threat 22).
 */
export const authorize = (context: AuthorizeContext): Promise<Result<Authorized, Denial>> =>
  authorizeBy(
    {
      resolve: (request, registry) => resolveSubjectToken({ ...context, request }, registry),
      bucket: "issue",
      perSecond: (registration) => registration?.issuancesPerSecond ?? limits.issuancesPerSecond,
      mayWait: true,
    },
    context,
  );

/** As {@link authorize}, for endpoints that release something other than a token. */
export async function authorizeBy(way: Way, context: DecideContext): Promise<Result<Authorized, Denial>> {
  const { caller, audit, ports } = context;
  let registry = await ports.registries.current();
  if (!registry) return err({ code: "registry_unavailable", why: "no registry was applied yet" });
  for (let attempt = 0; attempt < reloads; attempt++) {
    audit.add({ registryVersion: registry.version });
    const request = inRegisteredNames(context.request, registry);
    const named = { ...context, request };
    const { subject, rows, above, servers, within, perSecond, person } = await readSubject(way, named, registry);
    audit.drop("personKey");
    if (!rows.complete) return err({ code: "liveness_unavailable", why: "a key stayed unread" });
    if (rows.personKey) audit.add({ personKey: rows.personKey });
    if (!rows.deployment) return err({ code: "registry_unavailable", why: "no registry was applied yet" });
    if (rows.deployment.registryVersion !== registry.version) {
      registry = await ports.registries.at(rows.deployment.registryVersion);
      continue;
    }
    const stands = await caller.again?.(registry);
    if (stands && !stands.ok) return stands;
    if (stands && stands.value.agent !== caller.agent) return err({ code: "agent_unknown", agent: caller.agent });
    const active = activeRegistration(caller, registry);
    if (!active.ok) return active;
    const alive = checkCaller(rows, caller);
    if (!alive.ok) return alive;
    const force = inForce(active.value, caller.agent, rows);
    if (!force.ok) return force;
    if (rows.isReplay) return err({ code: "dpop_replayed" });
    if (!subject.ok) return subject;
    const owner = ownerOf({ subject: subject.value, rows }, { registry, nowSeconds: nowSeconds(ports.clock) }, caller);
    if (owner) return err(ownerDenial(owner));
    const of = way.bucket === "vend" ? { of: way.bucket } : {};
    if (!within) return err({ code: "rate_exceeded", agent: caller.agent, perSecond, ...of });
    const asked = { request, caller, ...force.value, registry, nowSeconds: nowSeconds(ports.clock) };
    const input = way.lifeSeconds === undefined ? asked : { ...asked, lifeSeconds: way.lifeSeconds };
    const keyless = person !== undefined && !rows.personKey ? { keyless: person } : {};
    const decided = decide({ subject: subject.value, rows, above, servers, ...keyless }, input, named);
    const counted = decided.ok ? await withinBudgets(decided.value, input) : decided;
    if (way.mayWait) return counted;
    return counted.ok ? refuseWaiting(counted.value) : err(plainly(counted.error));
  }
  return err({ code: "registry_unavailable", why: "the registry keeps changing" });
}

/**
 * Bounds what is planned by budgets, and refuses what one applies to where nobody counts. Most registries have none, and
 * then nothing is loaded.
 * @returns what was authorized, or what `boundBudget` refuses
 */
async function withinBudgets(authorized: Authorized, input: PlanInput): Promise<Result<Authorized, Denial>> {
  const { plan, policies, subject } = authorized;
  const { request, registry } = input;
  const offered = subject.kind === "offer" || subject.kind === "redeemed" ? subject.offer.budget : undefined;
  if (!(request.budget ?? offered ?? (plan.existing ?? plan.parent)?.budgets) && !hasBudgets(registry))
    return ok(authorized);
  const { boundBudget } = await import("./budgeted.ts");
  const bounded = boundBudget({ plan, offered, policies }, input);
  return bounded.ok ? ok({ ...authorized, plan: bounded.value }) : bounded;
}

const having = new WeakMap<RegistrySnapshot, boolean>();

/** Whether a version declares any budget; looked up once a version. */
function hasBudgets(registry: RegistrySnapshot): boolean {
  const known = having.get(registry);
  if (known !== undefined) return known;
  const found =
    [...registry.agents, ...registry.delegationRules].some(({ budgets }) => budgets !== undefined) ||
    registry.policies.some(({ cedar }) => cedar.includes("@budget"));
  having.set(registry, found);
  return found;
}

/** The first owner in the chain by whom nothing is issued. Who signs in for this request gives an owner's word by it. */
function ownerOf(
  { subject, rows }: Pick<Read, "subject" | "rows">,
  by: { readonly registry: RegistrySnapshot; readonly nowSeconds: number },
  caller: Caller,
): OwnerGone | undefined {
  const names = [...callerSubjects(caller), ...subject.query.subjects];
  const signedIn = subject.kind === "person" ? { signedIn: signInOf(subject.person, by.nowSeconds) } : {};
  return ownerGone(rows, names, { ...by, ...signedIn });
}

/** Where nobody can wait for people, what is permitted with approval is refused. */
function refuseWaiting(authorized: Authorized): Result<Authorized, Denial> {
  const [first] = authorized.waits ?? [];
  if (!first) return ok(authorized);
  const { resource, needs } = first;
  const group = [...new Set(needs.flat().map((rule) => rule.group))].join(" ");
  return err({ code: "approval_elsewhere", resource, action: authorized.plan.action, group });
}

/** What one decision is based on, all read at the same moment. */
interface Read {
  readonly subject: ResolvedSubject;
  readonly rows: LivenessRows;
  readonly above: Above;
  /** Subjects of the servers that `rows` contains. */
  readonly servers: readonly string[];
  /** The person who has no key yet, where the record needs one. */
  readonly keyless?: string;
}

/** Checks what a subject token allows against every bound, and last against policy. */
function decide(read: Read, input: PlanInput, context: DecideContext): Result<Authorized, Denial> {
  const { subject, rows } = read;
  const { registration, registry } = input;
  const planned = planFor(read, input, context.audit);
  if (!planned.ok) return planned;
  const bounded = boundUses(planned.value, subject, input);
  if (!bounded.ok) return bounded;
  // a token of a session that people approved needs no further yes
  const approval = bounded.value.action === "access" ? undefined : approvalInQuarantine(input);
  const plan = approval ? { ...bounded.value, requireApproval: approval } : bounded.value;
  const served = evaluateServers(plan.grants, read, registry);
  if (!served.ok) return served;
  const granted = checkGranted(plan.grants, plan.to === undefined ? registration : registry.agent(plan.to), registry);
  if (!granted.ok) return granted;
  const known = checkHeldTools(registration, context.request.tools);
  if (!known.ok) return known;
  const fits = checkFits(plan, context.ports.issuer, registry);
  if (!fits.ok) return fits;
  const answered = evaluatePolicies({ plan, subject }, input, context);
  if (!answered.ok) return answered;
  const keyless = read.keyless === undefined ? {} : { keyless: read.keyless };
  return ok({ plan, subject, rows, registry, ...answered.value, ...keyless });
}

/**
 * Asks policy once for each resource; what the agent asserts is passed separately (threat 25). A refusal of any resource
 * comes before another sign-in for one, and that before an approval.
 * @returns the policies that permit, or `policy_denied`, `sign_in_insufficient`
 */
function evaluatePolicies(
  { plan, subject }: { readonly plan: Plan; readonly subject: ResolvedSubject },
  { registry, nowSeconds }: PlanInput,
  { request, caller, audit, ports }: TokenContext<"policy">,
): Result<Pick<Authorized, "policies" | "waits">, Denial> {
  const { action, principal, depth, to, requireApproval } = plan;
  const asserted = {
    ...(request.purpose === undefined ? {} : { purpose: request.purpose }),
    ...(request.lifetimeSeconds === undefined ? {} : { lifetimeSeconds: request.lifetimeSeconds }),
    ...(request.tools === undefined ? {} : { tools: request.tools }),
  };
  const determining = new Set<string>();
  const asked: PolicyQuestion[] = [];
  const waits: Waiting[] = [];
  const unsigned: Unsigned[] = [];
  const signIn = signInOfRequest(subject, plan, registry);
  for (const grant of plan.grants) {
    const { assurance, build, evidence } = caller.identity;
    const facts = { action, principal, depth, grant, assurance, evidence, asserted, nowSeconds };
    const more = { ...(build === undefined ? {} : { build }), ...(to === undefined ? {} : { to }) };
    const question = { ...facts, ...more, ...(signIn ? { signIn } : {}), agent: caller.agent };
    asked.push(question);
    const verdict = ports.policy.decide(registry, question);
    for (const id of verdict.policies) determining.add(id);
    audit.add({ policies: [...determining], asked: [...asked] });
    const { logged } = verdict;
    if (logged)
      audit.add({ policyLogged: [...(audit.facts.policyLogged ?? []), { resource: grant.resource, ...logged }] });
    const { resource } = grant;
    if (verdict.signIn) unsigned.push({ resource, verdict });
    else if (!verdict.allowed && !verdict.needs) {
      const { policies, missing, why } = verdict;
      return err({ code: "policy_denied", policies, resource, action, missing, why });
    }
    const needs = [...(verdict.needs ?? []), ...(requireApproval ? [[requireApproval]] : [])];
    if (needs.length > 0) waits.push({ resource, needs });
  }
  const [first] = unsigned;
  if (first) return err(signInDenial(first, unsigned, action));
  return ok({ policies: [...determining], ...(waits.length > 0 ? { waits } : {}) });
}
