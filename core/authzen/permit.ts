import { activeRegistration } from "../caller/authenticate.ts";
import type { Denial } from "../denial/denial.ts";
import type { PolicyEngine, PolicyQuestion } from "../model/decision.ts";
import type { ToolDeclaration } from "../model/resource-registration.ts";
import { err, ok, type Result } from "../model/result.ts";
import { currentAgent, type Grant, type Session } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { mayDelegate, redefinedGroups } from "../narrow/delegation.ts";
import { boundScopes, checkGranted, narrowWithin } from "../narrow/grants.ts";
import { stillMapped } from "../narrow/scope-mapping.ts";
import { inForce } from "../session/quarantine.ts";
import type { LivenessRows } from "../session/store.ts";
import { createDetailsCheck } from "../verify/permits.ts";
import { useOf } from "./arguments.ts";
import type { ApprovedTools } from "./changes/approved.ts";
import type { Question } from "./question.ts";
import { asHeld, toolNamed } from "./tool-named.ts";

/** What a decision rests on, all of it read at one moment. */
interface Ground {
  readonly registry: RegistrySnapshot;
  readonly policy: PolicyEngine;
  readonly nowSeconds: number;
  /** Tools that people approved as they are served now. */
  readonly approved: ApprovedTools;
  /** The batch that tells how the session's agents stand. */
  readonly rows: LivenessRows;
}

/** What was permitted, or what was asked when policy refused. */
export interface Permit {
  readonly grant: Grant;
  readonly policies: readonly string[];
  readonly asked: PolicyQuestion;
}

/**
 * Whether a living session may do what a question names, by the bounds that an access token of it would have to fit
 * now:
 *
 * what it was handed still follows from what was handed on ▸ the tool is declared, and at a pinned digest ▸ its scopes are the session's, and
 * the shown token's ▸ within the agent's registration and what the principal may delegate ▸ details where they are
 * required ▸ the arguments within the details ▸ policy, for principal, agent and each scope
 *
 * The questions to policy are those of an access token (`access`, `lend`, `use`), so that a policy that would refuse
 * the token refuses the call.
 * @param session alive, and the asker's to ask about
 * @param isSought a search asks without arguments: then a tool is one of those that some arguments would be admitted
 * for, at some digest
 * @returns the permit, or `tool_unknown`, `tool_changed`, `tool_undigested`, `tool_held_other`, `scope_exceeds`, `details_exceed`, `details_required`, `details_invalid`,
 * `arguments_refused`, `groups_redefined`, `agent_unknown`, `agent_inactive`, `quarantined`, `policy_denied`
 */
export function permit(
  {
    question,
    session,
    isSought,
  }: { readonly question: Question; readonly session: Session; readonly isSought: boolean },
  ground: Ground,
): Result<Permit, Denial> {
  const { registry } = ground;
  const { target, token } = question;
  const handed = stillHanded(session, registry);
  if (!handed.ok) return handed;
  const tool = target.type === "tool" ? toolNamed(target, isSought, ground) : ok(undefined);
  if (!tool.ok) return tool;
  const same = isSought ? ok(undefined) : asHeld({ target, registry, said: session.tools });
  if (!same.ok) return same;
  const held = session.grants
    .filter(({ resource }) => resource === target.server)
    .map((grant) => within(grant, token.scopes));
  // the server as a whole needs no scope: what each tool needs is asked for each
  const wanted = { resource: target.server, scopes: tool.value?.scopes ?? [], details: token.details ?? [] };
  const narrowed = narrowWithin([wanted], { held, by: "parent" }, registry);
  if (!narrowed.ok) return narrowed;
  const bounded = boundNow(narrowed.value, session, ground);
  if (!bounded.ok) return bounded;
  const [grant = wanted] = narrowed.value;
  const admitted = tool.value ? admits({ tool: tool.value, grant, question, isSought }, registry) : ok(undefined);
  return admitted.ok ? askPolicy(grant, session, ground) : admitted;
}

/** The grant as far as the shown token carries it: no token gives more than it says, whatever its session holds. */
const within = (grant: Grant, scopes: readonly string[] | undefined): Grant =>
  scopes === undefined ? grant : { ...grant, scopes: grant.scopes.filter((scope) => scopes.includes(scope)) };

/** What a session was handed must still be to be had in the same way, as a token of it would be refused otherwise. */
function stillHanded(session: Session, registry: RegistrySnapshot): Result<void, Denial> {
  const redefined = redefinedGroups(session, registry);
  if (redefined !== undefined) return err({ code: "groups_redefined", issuerName: redefined });
  const { via } = session;
  if (via?.kind !== "hop") return ok(undefined);
  const exchange = { agentId: currentAgent(session), presented: via.presented, wanted: session.grants };
  return stillMapped(exchange, registry);
}

/** The bounds of the present registry on what the session's agent may hold and its principal may lend. */
function boundNow(
  grants: readonly Grant[],
  session: Session,
  { registry, rows }: Pick<Ground, "registry" | "rows">,
): Result<void, Denial> {
  const agent = currentAgent(session);
  const active = activeRegistration({ agent }, registry);
  const force = active.ok ? inForce(active.value, agent, rows) : active;
  if (!force.ok) return force;
  const { registration, quarantined } = force.value;
  const registered = boundScopes(grants, registration.may, quarantined ? "quarantine" : "registration");
  if (!registered.ok) return registered;
  const lent = boundScopes(grants, mayDelegate(session, registry), "lending");
  if (!lent.ok) return lent;
  return grants.every(({ scopes }) => scopes.length === 0)
    ? ok(undefined)
    : checkGranted(grants, registration, registry);
}

interface Call {
  readonly tool: ToolDeclaration;
  readonly grant: Grant;
  readonly question: Question;
  readonly isSought: boolean;
}

/** Holds the arguments against the details, by the same rules by which the issuer narrowed them (threat 7). */
function admits({ tool, grant, question, isSought }: Call, registry: RegistrySnapshot): Result<void, Denial> {
  const refuse = (type: string, field: string, why: string) =>
    err<Denial>({ code: "arguments_refused", tool: tool.name, type, field, why });
  if (isSought) {
    const unnamed = grant.details.find(({ type }) => !Object.hasOwn(tool.details ?? {}, type));
    return unnamed ? refuse(unnamed.type, "type", "the tool names nothing of it") : ok(undefined);
  }
  const check = createDetailsCheck(registry.detailsTypes(grant.resource));
  const checked = check(grant.details, useOf(tool, question.arguments));
  if (checked.ok) return ok(undefined);
  const { type, field, why } = checked.error.code === "details_forbid" ? checked.error : unread;
  return refuse(type, field, why);
}

const unread = { type: "?", field: "type", why: "the details could not be read" } as const;

/** The principal lends, the agent has access, and each scope may be used: as for an access token of just this. */
function askPolicy(grant: Grant, session: Session, { registry, policy, nowSeconds }: Ground): Result<Permit, Denial> {
  const { principal, depth, assurance, build, signIn } = session;
  const asked: PolicyQuestion = {
    action: "access",
    agent: currentAgent(session),
    principal,
    grant,
    depth,
    assurance,
    ...(build === undefined ? {} : { build }),
    ...(signIn && { signIn }),
    nowSeconds,
    // what the agent said of itself when the session began: it can only add refusals
    asserted: {
      ...(session.purpose === undefined ? {} : { purpose: session.purpose }),
      ...(session.tools ? { tools: session.tools } : {}),
    },
  };
  const verdict = policy.decide(registry, asked);
  if (verdict.allowed) return ok({ grant, policies: verdict.policies, asked });
  const { policies, missing, why } = verdict;
  return err({ code: "policy_denied", policies, resource: grant.resource, action: "access", missing, why });
}
