import { newAccessHandle } from "../caller/access-handle.ts";
import type { Denial } from "../denial/denial.ts";
import { signJwt } from "../jose/sign.ts";
import type { Once } from "../jwt-bearer/once.ts";
import { weaker } from "../model/assurance.ts";
import { loginEpochs } from "../model/login.ts";
import { ownerId } from "../model/owner.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import { type AccessHandle, childAncestors, type Grant, type Session } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { subjects } from "../model/subjects.ts";
import { accessTokenType, type TokenReply, tokenTyp } from "../model/wire.ts";
import { epochsNow } from "../session/liveness.ts";
import type { UseCounter } from "../session/store.ts";
import { windowOf } from "../status/windows.ts";
import type { Authorized } from "./authorize.ts";
import { budgetsBelow, isIntrospecting, newCounter, usesBelow } from "./bounds.ts";
import { accessClaims, handleClaims, ownSessionClaims } from "./claims.ts";
import type { TokenContext, TokenPorts } from "./context.ts";
import type { Plan } from "./plan.ts";
import { signInOfRequest } from "./sign-in.ts";

/** What is about to be stored and signed, with its times in epoch seconds. */
export interface Draft {
  readonly session: Session;
  readonly isNew: boolean;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
}

/**
 * The session a grant belongs to: the existing one, or a new one with the epochs it is issued under.
 * @returns the draft, or `status_unsigned`
 */
export async function draftSession(
  { plan, rows, registry, subject }: Authorized,
  { request, caller, ports }: TokenContext<"clock" | "ids" | "store">,
): Promise<Result<Draft, Denial>> {
  const iat = nowSeconds(ports.clock);
  // the plan was made a moment ago; the clock may have advanced, and a child never outlives its parent
  const noEnd = Number.POSITIVE_INFINITY;
  const last = Math.min(plan.parent?.expiresAtSeconds ?? noEnd, plan.lastEndSeconds ?? noEnd);
  const exp = Math.min(iat + plan.lifeSeconds, last);
  const jti = ports.ids.id();
  if (plan.existing) return ok({ session: plan.existing, isNew: false, jti, iat, exp });
  const sid = onceOf(subject)?.sid ?? ports.ids.id();
  const { parent, principal } = plan;
  const { build } = caller.identity;
  const login = subject.kind === "person" ? subject.person.login : undefined;
  const own = [
    subjects.agent(caller.agent),
    subjects.principal(principal.id),
    ...(login === undefined ? [] : loginEpochs(login)),
  ];
  const registered = registry.agent(caller.agent);
  const owner = registered && ownerId(registered.owner);
  const more = [
    ...(build === undefined ? [] : [subjects.build(build)]),
    ...(owner === undefined ? [] : [subjects.principal(owner)]),
  ];
  const epochs = epochsNow(rows, [...own, ...more]);
  const uses = usesBelow(plan.usesAbove, plan.maxUses, sid);
  const signIn = signInOfRequest(subject, plan, registry);
  const status = await ports.store.leaseStatus(exp, epochs[subjects.deployment] ?? 0);
  if (!status) return err({ code: "status_unsigned", window: windowOf(exp) });
  const session: Session = {
    root: parent?.root ?? sid,
    sid,
    anc: parent ? childAncestors(parent) : [],
    depth: plan.depth,
    principal,
    actors: plan.actors,
    grants: plan.grants,
    ...(caller.jkt === undefined ? {} : { jkt: caller.jkt }),
    // a chain is only as strong as its weakest proof
    assurance: parent ? weaker(parent.assurance, caller.identity.assurance) : caller.identity.assurance,
    ...(build === undefined ? {} : { build }),
    ...(owner === undefined ? {} : { owner }),
    ...(request.purpose === undefined ? {} : { purpose: request.purpose }),
    ...(request.tools ? { tools: request.tools } : {}),
    createdAtSeconds: iat,
    expiresAtSeconds: exp,
    epochs: { ...epochs, ...parent?.epochs },
    registryVersion: registry.version,
    status,
    ...(uses ? { uses } : {}),
    ...budgetsBelow(parent, plan.budget, sid),
    ...(plan.delegationRules ? { delegationRules: plan.delegationRules } : {}),
    ...(plan.meanings ? { meanings: plan.meanings } : {}),
    ...(plan.via ? { via: plan.via } : {}),
    ...(plan.lastEndSeconds === undefined ? {} : { lastEndSeconds: plan.lastEndSeconds }),
    ...(login ? { login } : {}),
    ...(signIn ? { signIn } : {}),
  };
  return ok({ session, isNew: true, jti, iat, exp });
}

/** What holds an assertion to its one session. */
export const onceOf = (subject: Authorized["subject"]): Once | undefined =>
  subject.kind === "own" || subject.kind === "person" ? subject.once : undefined;

/** What a token is made from. */
interface MintInput {
  readonly session: Session;
  /** The grant of an access token; none for a session token. */
  readonly grant: Grant | undefined;
  readonly times: { readonly iat: number; readonly exp: number; readonly jti: string };
  readonly registry: RegistrySnapshot;
  /** Whether the session, and its counter of uses, are stored with it. */
  readonly isNew: boolean;
  readonly plan: Plan;
  /** The policies that permit it. */
  readonly policies: readonly string[];
}

/** The ports that minting uses. */
type MintPorts = Pick<TokenPorts, "issuer" | "ids" | "signer">;

/** A token that is about to be issued, and the rows that must be stored first. */
interface Minted {
  /** Makes the token; only this call pays for a signature. */
  token(): Promise<string>;
  readonly row?: AccessHandle;
  readonly counter?: UseCounter;
}

/**
 * Makes the token of a session: signed for Lanyard itself and for resources that verify offline, a handle for those
 * that ask about every request. A handle cannot be verified offline, so it cannot be used more often than is counted
 * (threat 24).
 */
export function mint(input: MintInput, ports: MintPorts): Minted {
  const { session, grant, times, registry } = input;
  // a session token is for Lanyard alone, so its algorithm does not depend on any resource
  const alg = grant && registry.resource(grant.resource)?.accessTokenSigningAlg;
  const sign = async (typ: string, claims: Parameters<typeof signJwt>[2]) =>
    (await signJwt(ports.signer, { typ, ...(alg && { alg }), joinId: session.sid }, claims)).token;
  if (!grant) return { token: () => sign(tokenTyp.session, ownSessionClaims(session, ports.issuer, times)) };
  if (isIntrospecting(grant, registry)) return mintHandle(input, grant, ports);
  return { token: () => sign(tokenTyp.access, accessClaims({ session, grant, times }, ports.issuer, registry)) };
}

function mintHandle(
  { session, times, registry, isNew, plan, policies }: MintInput,
  grant: Grant,
  ports: MintPorts,
): Minted {
  const { handle, address } = newAccessHandle(session.root, ports.ids);
  // with a new session, the bound belongs to the session and not to the token
  const own = isNew ? undefined : plan.maxUses;
  const uses = isNew ? session.uses : usesBelow(plan.usesAbove, own, address.handleHash);
  // by the text alone, so that the reader of annotations need not be loaded: one too many bounds nothing
  const budgeted = registry.policies.flatMap(({ name, cedar }) =>
    policies.includes(name) && cedar.includes("@budget") ? [name] : [],
  );
  const row: AccessHandle = {
    ...address,
    claims: handleClaims({ session, grant, times }, ports.issuer, registry),
    ...(uses ? { uses } : {}),
    ...(budgeted.length > 0 ? { policies: budgeted } : {}),
    expiresAtSeconds: times.exp,
  };
  const counter = own === undefined ? {} : { counter: newCounter(address.handleHash, own, times.iat) };
  return { token: async () => handle, row, ...counter };
}

/** What is answered: a token or handle, its type, its life in seconds and its grants. */
interface Issued {
  readonly token: string;
  readonly type: string;
  readonly expiresIn: number;
  readonly grants: readonly Grant[];
}

/**
 * A 200 of the token endpoint (RFC 8693 2.2.1): a session token or an offer is not an access token, so its type is
 * `N_A`.
 */
export function tokenReply(
  { token, type, expiresIn, grants }: Issued,
  more: Partial<Pick<TokenReply, "session" | "token_type" | "aws">> = {},
): TokenReply {
  const details = grants.flatMap((grant) => grant.details);
  return {
    access_token: token,
    issued_token_type: type,
    token_type: type === accessTokenType ? "DPoP" : "N_A",
    expires_in: expiresIn,
    scope: grants.flatMap((grant) => grant.scopes).join(" "),
    ...(details.length > 0 ? { authorization_details: details } : {}),
    ...more,
  };
}
