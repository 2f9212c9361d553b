import { startTrail, type Trail } from "../audit/context.ts";
import { callFacts, type DenyDeps, deny } from "../audit/deny.ts";
import { authenticate, type Caller } from "../caller/authenticate.ts";
import { verifyIdentityToken } from "../caller/identity-token.ts";
import { ownerOfStolen, withOwner } from "../caller/stolen.ts";
import type { Denial } from "../denial/denial.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Call, Reply, TokenReply } from "../model/wire.ts";
import { type ReleaseDeps, releaseOffer, releaseToken } from "../token/release.ts";
import { releaseRenewal } from "../token/release-renewal.ts";
import { readTokenRequest, type TokenRequest } from "../token/request.ts";
import { settle } from "../token/settle.ts";

/** Everything the token endpoint stands on. */
export interface TokenDeps extends ReleaseDeps, DenyDeps {}

/**
 * The way of one token request. This list and the code below are the same list:
 *
 * 1. **read**: bounded, strictly parsed, nothing believed (`token/request.ts`)
 * 2. **authenticate**: our own identity token as client assertion, and a DPoP proof by the key it is bound to
 *    (`token/authenticate.ts`). Refusals up to here are folded; from here on each gets a record of its own, as long as the agent is within its rate
 * 3. **actor**: an actor token, if sent, must be the authenticated agent's
 * 4. **settle** (`token/settle.ts`):
 *    - *find* principal and parent: own work, a person's token, an own session, an offer, a served token (`token/source.ts`)
 *    - *read liveness*, one strongly consistent batch (`session/liveness.ts`); it also tells the registry's version
 *    - *narrow*: scopes all or nothing, constraints inherited or provably narrower, life, depth (`token/plan.ts`),
 *      uses (`token/uses.ts`)
 *    - *decide* by policy, before a signature is paid for (`policy/`)
 * 5. **release** (`token/release.ts`): store session + marker + record in ONE transaction, then *sign* and, at the same
 *    time, *read liveness again*; answer, or end what was stored if it has died (a read that fails ends nothing: 503, ask again). For a resource that asks about every request the
 *    token is a handle, stored by its hash and not signed (`token/access-handle.ts`); a renewal stores a new end
 *    (`token/release-renewal.ts`)
 *
 * Three round trips in sequence: no token leaves without a row to revoke it by and a record to explain it.
 */
export function createTokenEndpoint(deps: TokenDeps): (call: Call) => Promise<Reply> {
  return async (call) => {
    const start = callFacts(call, "request", deps.clock.nowMillis());
    const read = readTokenRequest(call);
    if (!read.ok) return deny(deps, read.error, start, false);
    const { request, form } = read.value;
    const caller = await authenticate(call, form, deps);
    if (!caller.ok) return deny(deps, caller.error, { ...start, operation: operationOf(request) }, false);
    const trail = startTrail({ ...start, operation: operationOf(request), ...callerFacts(caller.value, request) });
    const outcome = await issue(request, caller.value, deps, trail);
    return outcome.ok ? tokenReply(outcome.value) : deny(deps, outcome.error, trail.facts, true);
  };
}

async function issue(
  request: TokenRequest,
  caller: Caller,
  deps: TokenDeps,
  trail: Trail,
): Promise<Result<TokenReply, Denial>> {
  const actor = await checkActor(request, caller, deps);
  if (!actor.ok) return actor;
  const outcome = await settleAndRelease(request, caller, deps, trail);
  // two equal requests at one instant: the second finds the offer redeemed, and gets the same session, or the session
  // renewed, and is judged by its new end
  const raced = !outcome.ok && overtaken.has(outcome.error.code);
  return raced ? settleAndRelease(request, caller, deps, trail) : outcome;
}

const overtaken = new Set<Denial["code"]>(["offer_redeemed_by_another_key", "renewal_overtaken"]);

async function settleAndRelease(
  request: TokenRequest,
  caller: Caller,
  deps: TokenDeps,
  trail: Trail,
): Promise<Result<TokenReply, Denial>> {
  const settled = await settle(request, caller, deps, trail);
  if (!settled.ok) return settled;
  if (settled.value.plan.action === "renew") return releaseRenewal(settled.value, caller, deps, trail);
  return request.requested === "offer"
    ? releaseOffer(settled.value, caller, deps, trail)
    : releaseToken(settled.value, request, caller, deps, trail);
}

/** Threat 14: a stolen identity token sent as actor must not make its agent act. */
async function checkActor(request: TokenRequest, caller: Caller, deps: TokenDeps): Promise<Result<void, Denial>> {
  if (request.actorToken === undefined) return ok(undefined);
  const actor = await verifyIdentityToken(request.actorToken, deps);
  const same = actor.ok && actor.value.sub === caller.agent && actor.value.jkt === caller.jkt;
  if (same) return ok(undefined);
  const why = actor.ok ? "another agent's or another key's" : "not a valid identity token of this deployment";
  const owner = await ownerOfStolen(request.actorToken, caller.jkt, deps);
  return err(withOwner({ code: "actor_token_mismatch", why } as const, owner));
}

const operationOf = (request: TokenRequest) => {
  if (request.requested === "offer") return "session.offer" as const;
  if (request.subject?.type === "offer") return "session.redeem" as const;
  return "session.open" as const;
};

const callerFacts = (caller: Caller, request: TokenRequest) => ({
  agent: caller.agent,
  jkt: caller.jkt,
  assurance: caller.identity.assurance,
  ...(caller.identity.build === undefined ? {} : { build: caller.identity.build }),
  ...(request.purpose === undefined ? {} : { purpose: request.purpose }),
  ...(request.audience === undefined ? {} : { offeredTo: request.audience.slice(0, 200) }),
  requested: {
    resources: request.resources.map((resource) => resource.slice(0, 200)),
    scopes: request.scopes.map((scope) => scope.slice(0, 100)),
  },
});

const tokenReply = (body: TokenReply): Reply => ({
  status: 200,
  contentType: "application/json",
  body: JSON.stringify(body),
});
