import { type Assurance, assuranceLevels } from "../model/assurance.ts";
import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AuthorizationDetail } from "../model/session.ts";
import { cutNameCharacters, namedSubjects, subjects } from "../model/subjects.ts";
import type { VerifyRefusal } from "./refusal.ts";

/** What a resource server may rely on: every field was signed by the issuer, and the caller proved the key. */
export interface VerifiedAccess {
  /** Who started the work: a person's stable id, or the agent itself. */
  readonly principal: {
    readonly id: string;
    readonly kind: "person" | "agent";
    /** RFC 9493 pair, where this resource's registration asks for it. */
    readonly subId?: { readonly iss: string; readonly sub: string };
  };
  /** SPIFFE ID of the agent that calls now. */
  readonly agent: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  /** RFC 9396 details: they restrict the scopes and must be applied by the resource server. */
  readonly details: readonly AuthorizationDetail[];
  readonly depth: number;
  readonly assurance: Assurance;
  readonly sid: string;
  readonly root: string;
  readonly tokenId: string;
  /** False for a bearer token: anybody with a copy of the token may be the caller. */
  readonly senderConstrained: boolean;
  readonly expiresAtSeconds: number;
  /**
   * Agents the work went through before `agent`, latest first. For the log only: by RFC 8693 4.1 they must not be a
   * reason to permit, since none of them makes this call.
   */
  readonly history: readonly string[];
}

/** A verified token with what only the verifier needs. */
export interface ReadAccess {
  readonly access: VerifiedAccess;
  /** Thumbprint of the key the token is bound to; absent for a bearer token. */
  readonly jkt?: string;
  readonly status: { readonly uri: string; readonly idx: unknown };
  /** What is compared with the document of cuts; absent for a token that only the status list can end. */
  readonly issuedUnder?: IssuedUnder;
}

/** What a token was issued under. */
export interface IssuedUnder {
  /** Liveness subjects that its claims name, each with its epoch. */
  readonly epochs: readonly (readonly [subject: string, epoch: number])[];
  /** Builds, and people who own an agent, by their names in the document of cuts, each with its epoch. */
  readonly others: readonly (readonly [name: string, epoch: number])[];
}

/** Visible ASCII, as in our ids and names. A control or look-alike character could deceive a log or a comparison. */
const isName = (value: unknown, most: number): value is string =>
  typeof value === "string" && value.length <= most && /^[\x21-\x7e]+$/.test(value);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isDetail = (value: unknown): value is AuthorizationDetail => isObject(value) && isName(value.type, 256);

/**
 * Reads the claims of an access token whose signature, issuer, audience and times were checked, and its place in a
 * status list.
 * @returns the access, or `claims_invalid` naming the first claim that is missing or malformed
 */
export function readAccess(
  claims: Readonly<Record<string, unknown>>,
  resource: string,
): Result<ReadAccess, VerifyRefusal> {
  const read = readClaims(claims, resource);
  if (!read.ok) return read;
  const reference =
    isObject(claims.status) && isObject(claims.status.status_list) ? claims.status.status_list : undefined;
  if (!isName(reference?.uri, 2_048)) return err({ code: "claims_invalid", claim: "status" });
  const under = issuedUnder(claims, read.value.access);
  if (!under.ok) return under;
  const cuttable = under.value ? { issuedUnder: under.value } : {};
  return ok({ ...read.value, status: { uri: reference.uri, idx: reference.idx }, ...cuttable });
}

const isEpoch = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isCutName = (value: unknown): value is string =>
  isName(value, cutNameCharacters) && value.length === cutNameCharacters;
const isNamedEpoch = (value: unknown): value is readonly [string, number] =>
  Array.isArray(value) && value.length === 2 && isCutName(value[0]) && isEpoch(value[1]);

/**
 * Reads what a token was issued under. It is read completely or refused: an epoch that is compared with another
 * subject's would let a cut token pass.
 * @returns undefined for a token without `epochs`, or `claims_invalid`
 */
function issuedUnder(
  { epochs, others = [], login = [] }: Readonly<Record<string, unknown>>,
  { principal, agent, history }: VerifiedAccess,
): Result<IssuedUnder | undefined, VerifyRefusal> {
  const bad = (claim: string) => err({ code: "claims_invalid", claim } as const);
  if (!Array.isArray(others) || others.length > 2 * (limits.depthMax + 1) || !others.every(isNamedEpoch))
    return bad("others");
  if (epochs === undefined) return others.length > 0 ? bad("epochs") : ok(undefined);
  if (!Array.isArray(login) || login.length > 2 || !login.every(isCutName)) return bad("login");
  const actors = [...history.toReversed(), agent];
  const named = namedSubjects({ principalId: principal.id, actors, logins: login.map(subjects.login) });
  if (!Array.isArray(epochs) || epochs.length !== named.length || !epochs.every(isEpoch)) return bad("epochs");
  return ok({ epochs: named.map((subject, n) => [subject, epochs[n] as number]), others });
}

/**
 * Reads what an access token says, from its signed claims or from the issuer's answer.
 * @returns the access and the key it is bound to, or `claims_invalid`
 */
export function readClaims(
  claims: Readonly<Record<string, unknown>>,
  resource: string,
): Result<Omit<ReadAccess, "status">, VerifyRefusal> {
  const bad = (claim: string) => err({ code: "claims_invalid", claim } as const);
  const { sub, client_id: agent, sid, root, jti, exp, depth, assurance, scope = "" } = claims;
  const details = claims.authorization_details ?? [];
  const level = assuranceLevels.find((known) => known === assurance);
  if (!isName(sub, 256)) return bad("sub");
  if (!isName(agent, limits.agentIdCharacters)) return bad("client_id");
  if (!isName(sid, 64)) return bad("sid");
  if (!isName(root, 64)) return bad("root");
  if (!isName(jti, 256)) return bad("jti");
  if (typeof exp !== "number") return bad("exp");
  if (typeof depth !== "number" || !Number.isSafeInteger(depth) || depth < 0 || depth > limits.depthMax)
    return bad("depth");
  if (!level) return bad("assurance");
  if (typeof scope !== "string") return bad("scope");
  if (!Array.isArray(details) || !details.every(isDetail)) return bad("authorization_details");
  const jkt = isObject(claims.cnf) ? claims.cnf.jkt : undefined;
  // without `cnf` it is a bearer token, which the caller refuses unless it accepts such; with `cnf` it must name a key
  // (threat 9)
  if (claims.cnf !== undefined && !isName(jkt, 43)) return bad("cnf");
  const bound = isName(jkt, 43) ? { jkt } : {};
  const kind = sub.startsWith("spiffe://") ? "agent" : "person";
  const history = historyOf(claims.act, { kind, sub, agent });
  if (!history) return bad("act");
  const subId = claims.sub_id === undefined ? undefined : pairOf(claims.sub_id);
  if (claims.sub_id !== undefined && !subId) return bad("sub_id");
  const access: VerifiedAccess = {
    principal: { id: sub, kind, ...(subId ? { subId } : {}) },
    agent,
    resource,
    scopes: scope.split(" ").filter((name) => name !== ""),
    details,
    depth,
    assurance: level,
    sid,
    root,
    tokenId: jti,
    senderConstrained: "jkt" in bound,
    expiresAtSeconds: exp,
    history,
  };
  return ok({ access, ...bound });
}

/**
 * Agents before the current one, latest first. The outermost actor must be the client itself, since otherwise the token
 * would name two current agents and two readers could choose differently.
 */
function historyOf(
  act: unknown,
  token: { readonly kind: "person" | "agent"; readonly sub: string; readonly agent: string },
): readonly string[] | undefined {
  const chain: string[] = [];
  let level = act;
  while (level !== undefined) {
    if (!isObject(level) || !isName(level.sub, limits.agentIdCharacters) || chain.length > limits.depthMax)
      return undefined;
    chain.push(level.sub);
    level = level.act;
  }
  const whole = token.kind === "agent" ? [...chain, token.sub] : chain;
  return whole[0] === token.agent ? whole.slice(1) : undefined;
}

function pairOf(value: unknown): { readonly iss: string; readonly sub: string } | undefined {
  if (!isObject(value) || value.format !== "iss_sub") return undefined;
  const { iss, sub } = value;
  return typeof iss === "string" && typeof sub === "string" ? { iss, sub } : undefined;
}

/**
 * Checks that the access carries every scope an operation needs.
 * @returns the access again, or `scope_insufficient`
 */
export function requireScopes(
  access: VerifiedAccess,
  ...required: readonly string[]
): Result<VerifiedAccess, VerifyRefusal> {
  const missing = required.filter((scope) => !access.scopes.includes(scope));
  // no scope named is a mistake in the resource server, not a permission
  if (required.length === 0 || missing.length > 0) return err({ code: "scope_insufficient", required, missing });
  return ok(access);
}
