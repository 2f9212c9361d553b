import type { Denial } from "../denial/denial.ts";
import { type DpopNonces, verifyDpop } from "../jose/dpop.ts";
import type { AgentRegistration } from "../model/agent-registration.ts";
import { limits } from "../model/limits.ts";
import { type Clock, nowSeconds, type OwnKeys } from "../model/ports.ts";
import type { ReplayEntry } from "../model/replay/entry.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { subjects } from "../model/subjects.ts";
import { type Call, spiffeAssertionType } from "../model/wire.ts";
import { blockedAmong, raisedSince } from "../session/liveness.ts";
import type { LivenessRows } from "../session/store.ts";
import { sha256 } from "../text/digest.ts";
import { type IdentityClaims, verifyIdentityToken } from "./identity-token.ts";
import { ownerOfStolen, withOwner } from "./stolen.ts";

/** Parameters of a form, each value non-empty (RFC 6749 3.2: a parameter without a value counts as omitted). */
export type Form = ReadonlyMap<string, readonly string[]>;

/**
 * Reads an `application/x-www-form-urlencoded` POST. Parameters in the query string are ignored, since URLs are logged.
 * @param repeatable names that may occur more than once; any other repetition is refused, since two readers of one
 * request could otherwise see two requests
 * @returns the form, or `method_not_allowed`, `not_found`, `content_type_unsupported`, `body_too_large`,
 * `parameter_repeated`
 */
export function readForm(call: Call, repeatable: readonly string[]): Result<Form, Denial> {
  if (call.path !== "/") return err({ code: "not_found", path: call.path.slice(0, 100) });
  if (call.method !== "POST") return err({ code: "method_not_allowed", method: call.method, allow: "POST" });
  const type = (call.contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type !== "application/x-www-form-urlencoded")
    return err({ code: "content_type_unsupported", contentType: type.slice(0, 100), wanted: "form" });
  const bytes = Buffer.byteLength(call.body, "utf8");
  if (bytes > limits.requestBodyBytes)
    return err({ code: "body_too_large", bytes, limitBytes: limits.requestBodyBytes });
  const form = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(call.body)) {
    if (value === "") continue;
    const values = form.get(name) ?? [];
    if (values.length > 0 && !repeatable.includes(name))
      return err({ code: "parameter_repeated", name: name.slice(0, 64) });
    form.set(name, [...values, value]);
  }
  return ok(form);
}

/** The one value of a parameter. */
export const single = (form: Form, name: string): string | undefined => form.get(name)?.[0];

/** What authenticating a caller needs. */
export interface AuthenticateDeps {
  readonly clock: Clock;
  readonly ownKeys: OwnKeys;
  readonly issuer: string;
  readonly trustDomain: string;
  /** Present where the stage demands nonces in proofs (RFC 9449 8). */
  readonly nonces?: DpopNonces | undefined;
}

/** An authenticated caller, by whatever it authenticated. */
export interface Caller {
  readonly agent: string;
  /** What is known of it: by its identity token, or by what it showed instead. */
  readonly identity: Pick<IdentityClaims, "assurance" | "evidence" | "build" | "epochs">;
  /** Thumbprint of the key that proved this call; none for a call without a proof. */
  readonly jkt?: string;
  /**
   * Written in the same transaction as everything this call writes, so that proof, assertion and document are used as
   * often as they may be.
   */
  readonly entries: readonly ReplayEntry[];
  /**
   * Set where what it showed may be a stolen copy until these entries are written: nothing is taken from the agent's
   * bucket before, or a thief could lock the agent out (threat 13).
   */
  readonly chargedLate?: true;
  /** Set where the registry decides who it is: who it is by another version. */
  readonly again?: (registry: RegistrySnapshot) => Promise<Result<Caller, Denial>>;
}

/** A caller that proved a key: what every endpoint but `token` demands. */
export interface KeyedCaller extends Caller {
  readonly jkt: string;
}

/**
 * The client assertion of a request, not verified yet. Every endpoint reads it first: a caller that sends none, or
 * tries another method, is answered `invalid_client` whatever else is wrong (RFC 6749 5.2).
 * @returns the assertion, or `client_unauthenticated`, `client_methods_several`
 */
export function assertionIn(call: Call, form: Form): Result<string, Denial> {
  const assertion = single(form, "client_assertion");
  const scheme = call.authorizationScheme;
  const other =
    scheme !== undefined ? "an Authorization header" : form.has("client_secret") ? "a client_secret" : undefined;
  const tried = scheme === undefined ? {} : { scheme };
  if (assertion === undefined)
    return err({ code: "client_unauthenticated", why: `client_assertion instead of ${other ?? "nothing"}`, ...tried });
  if (single(form, "client_assertion_type") !== spiffeAssertionType)
    return err({ code: "client_unauthenticated", why: `client_assertion_type ${spiffeAssertionType}`, ...tried });
  return other === undefined ? ok(assertion) : err({ code: "client_methods_several", other });
}

/**
 * Authenticates the caller of token, introspect and revoke: client assertion `jwt-spiffe`
 * (draft-ietf-oauth-spiffe-client-auth-02) verified with our own identity keys only, and a DPoP proof (RFC 9449) by the
 * key in its `cnf`. An identity token without its key authenticates nobody (threat 9).
 * @returns the caller, or `client_unauthenticated`, `client_methods_several`, `assertion_invalid`, `assertion_expired`,
 * `dpop_missing`, `dpop_invalid`, `dpop_nonce_required`, `dpop_key_mismatch`
 */
export async function authenticate(
  call: Call,
  form: Form,
  deps: AuthenticateDeps,
): Promise<Result<KeyedCaller, Denial>> {
  const assertion = assertionIn(call, form);
  if (!assertion.ok) return assertion;
  const caller = await callerBy({ call, assertion: assertion.value }, deps);
  if (!caller.ok) return caller;
  const clientId = single(form, "client_id");
  if (clientId !== undefined && clientId !== caller.value.agent)
    return err({ code: "assertion_invalid", why: "client_id names another client than the assertion" });
  return caller;
}

/**
 * Authenticates the caller of an endpoint that takes JSON, where a form's parameters have no place: its identity token
 * stands in the `Authorization` header as a DPoP-bound token does, and the proof names its hash (RFC 9449 7.1).
 * @param authorization the header's value, as it came
 * @returns the caller, or what `authenticate` refuses
 */
export async function authenticateByHeader(
  call: Call,
  authorization: string | undefined,
  deps: AuthenticateDeps,
): Promise<Result<KeyedCaller, Denial>> {
  const [, assertion] = /^DPoP +([A-Za-z0-9._-]+)$/i.exec(authorization ?? "") ?? [];
  if (assertion !== undefined) return callerBy({ call, assertion, ath: await sha256(assertion) }, deps);
  const { authorizationScheme: scheme } = call;
  const why = `an identity token as Authorization: DPoP instead of ${scheme ?? "nothing"}`;
  return err({ code: "client_unauthenticated", why, ...(scheme === undefined ? {} : { scheme }) });
}

/** An assertion that came with a call, and the hash of it that the proof must name. */
interface Shown {
  readonly call: Call;
  readonly assertion: string;
  readonly ath?: string;
}

async function callerBy({ call, assertion, ath }: Shown, deps: AuthenticateDeps): Promise<Result<KeyedCaller, Denial>> {
  const proof = await verifyDpop({
    proofs: call.dpop,
    method: call.method,
    url: call.url,
    nowSeconds: nowSeconds(deps.clock),
    nonces: deps.nonces,
    ...(ath === undefined ? {} : { ath }),
  });
  if (!proof.ok) return proof;
  const identity = await verifyIdentityToken(assertion, deps);
  const { jkt } = proof.value;
  if (!identity.ok) return err(withOwner(identity.error, await ownerOfStolen(assertion, jkt, deps)));
  if (identity.value.jkt !== jkt)
    return err({ code: "dpop_key_mismatch", boundTo: "identity_token", owner: { agent: identity.value.sub } });
  proof.value.keepKey();
  return ok({ agent: identity.value.sub, identity: identity.value, jkt, entries: [proof.value.replayEntry] });
}

/** The liveness subjects a caller depends on: its agent, and everything its identity token was issued under. */
export const callerSubjects = ({ agent, identity }: Caller): readonly string[] => [
  subjects.agent(agent),
  ...Object.keys(identity.epochs),
];

/**
 * Whether a caller is still acceptable; every endpoint uses this check. Neither its agent nor its code may be blocked,
 * and its identity token must not be from before a cut (threat 1).
 * @param rows the liveness rows of `callerSubjects`
 * @returns nothing, or `blocked`, `assertion_dead`
 */
export function checkCaller(rows: LivenessRows, caller: Caller): Result<void, Denial> {
  const blocked = blockedAmong(rows, callerSubjects(caller));
  if (blocked !== undefined) return err({ code: "blocked", subject: blocked });
  const raised = raisedSince(rows, caller.identity.epochs);
  return raised === undefined ? ok(undefined) : err({ code: "assertion_dead", subject: raised });
}

/**
 * The active registration of a caller.
 * @returns the registration, or `agent_unknown`, `agent_inactive`
 */
export function activeRegistration(
  { agent }: Pick<Caller, "agent">,
  registry: Pick<RegistrySnapshot, "agent">,
): Result<AgentRegistration, Denial> {
  const registration = registry.agent(agent);
  if (!registration) return err({ code: "agent_unknown", agent });
  const { state } = registration;
  return state === "active" ? ok(registration) : err({ code: "agent_inactive", agent, state });
}
