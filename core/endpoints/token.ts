import { createUnprovenReads } from "../attest/unproven-reads.ts";
import { startAudit } from "../audit/context.ts";
import { type DenyDeps, deny } from "../audit/deny.ts";
import { verifyIdentityToken } from "../caller/identity-token.ts";
import { ownerOfStolen, withOwner } from "../caller/stolen.ts";
import type { Denial } from "../denial/denial.ts";
import { authenticateClient } from "../jwt-bearer/authenticate-client.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Call, Reply, TokenReply } from "../model/wire.ts";
import { signInOf } from "../person/owner.ts";
import { type Authorized, authorize } from "../token/authorize.ts";
import { factsOfAsked, type TokenContext, type TokenPorts } from "../token/context.ts";
import { issueOffer, issueToken } from "../token/issue.ts";
import { readTokenRequest, type TokenRequest } from "../token/request.ts";

/** Everything the token endpoint needs. */
export interface TokenDeps extends TokenPorts, DenyDeps {}

/**
 * The way of one token request. This list and the numbered steps below are the same list:
 *
 * 1. **read**: bounded, strictly parsed, nothing trusted (`token/request.ts`)
 * 2. **authenticate** (`jwt-bearer/authenticate-client.ts`): our own identity token as client assertion, and a DPoP
 *    proof by the key it is bound to; or an assertion by a registered key; or, for the `jwt-bearer` grant, the
 *    platform's token itself. Refusals up to here are aggregated; later ones get a record each, as long as the agent is
 *    within its rate
 * 3. **actor**: an actor token, if sent, must be the authenticated agent's
 * 4. **authorize** (`token/authorize.ts`), from the beginning again when the registry has changed meanwhile:
 * - *resolve the subject token* to principal and parent: the agent's own account, a person's token or identity
 *   assertion, its own session, an offer, or a token for a resource that the caller serves
 *   (`token/resolve-subject-token.ts`)
 * - *read liveness*, one strongly consistent batch (`token/read-subject.ts`), which contains the offer as well; it also
 *   names the registry's version
 * - *plan*: scopes all or nothing, constraints inherited or provably narrower, life, depth, uses (`token/plan-for.ts`,
 *   `token/bounds.ts`)
 * - *evaluate policies*, before a signature is paid for (`policy/`)
 *    An owner who signed in by this token is written down as confirmed (`person/confirm-owner.ts`)
 * 5. **issue** (`token/issue.ts`): store session, replay entry and record (and the key of a person who has none) in ONE
 *    transaction, then *sign* and, at the
 *    same time, *look again* (`token/alive.ts`); answer, or end what was stored if it was revoked meanwhile (a read
 *    that fails ends nothing: 503, ask again). For a resource that asks about every request the token is a handle,
 *    stored by its hash and not signed (`token/mint.ts`); a renewal stores a new end (`token/issue-renewal.ts`)
 * 6. **again**, once for each race, from 4, when a concurrent request came first: by then the offer is redeemed and
 *    gives the same session, the assertion has opened its one session, the session is renewed and its new end
 *    applies, or the person has a key for the audit
 *
 * What policy permits with approval waits for people instead of 5 (`token/approvals/ask.ts`), and is redeemed by steps of its
 * own, which begin at 4 again (`token/approvals/redeem.ts`). A token by which an agent takes a role of AWS that is its own goes the same way from 4 on, by its own steps
 * (`credentials/own-role.ts`).
 *
 * Three round trips in sequence: no token is released without a row to revoke it by and a record that explains it.
 */
export function createTokenEndpoint(deps: TokenDeps): (call: Call) => Promise<Reply> {
  const unprovenReads = createUnprovenReads(deps.clock);
  return async (call) => {
    const audit = startAudit(call, "request", deps.clock);
    // 1. read
    const read = readTokenRequest(call);
    if (!read.ok) return deny(deps, read.error, audit);
    const { request, form } = read.value;
    audit.add({ operation: operationOf(request) });
    // 2. authenticate
    const caller = await authenticateClient(call, form, { ...deps, unprovenReads });
    if (!caller.ok) return deny(deps, refused(caller.error, request), audit);
    audit.add(factsOfAsked(caller.value, request));
    audit.authenticated = true;
    const context = { request, caller: caller.value, audit, ports: deps };
    // 3. actor
    const actor = await checkActor(context);
    const way = wayOf(request);
    const outcome = actor.ok ? await way(context) : actor;
    return outcome.ok ? okReply(outcome.value) : deny(deps, refused(outcome.error, request), audit);
  };
}

/** RFC 7523 3.1: what is wrong with an assertion has an error of its own. */
const refused = (denial: Denial, { subject }: TokenRequest): Denial =>
  subject?.type === "id-jag" || subject?.type === "workload" ? { ...denial, grant: subject.type } : denial;

const wayOf = ({ requested, subject }: TokenRequest) => {
  if (subject?.type === "approval") return redeemApproval;
  return requested === "aws" ? giveAwsToken : authorizeAndIssue;
};

/** Loaded with the first renewal: an instance that is new has sessions to open first. */
const renew = async (authorized: Authorized, context: TokenContext): Promise<Result<TokenReply, Denial>> =>
  (await import("../token/issue-renewal.ts")).issueRenewal(authorized, context);

/** Loaded with the first request that waits for people, as what follows. */
const redeemApproval = async (context: TokenContext): Promise<Result<TokenReply, Denial>> =>
  (await import("../token/approvals/redeem.ts")).redeemApproval(context);

const askPeople = async (authorized: Authorized, context: TokenContext): Promise<Result<TokenReply, Denial>> =>
  (await import("../token/approvals/ask.ts")).askPeople(authorized, context);

/** Loaded with the first request for it: a cold start has enough to read, and most stages give no such token. */
const giveAwsToken = async (context: TokenContext): Promise<Result<TokenReply, Denial>> =>
  (await import("../credentials/own-role.ts")).giveAwsToken(context);

async function authorizeAndIssue(context: TokenContext): Promise<Result<TokenReply, Denial>> {
  for (const lost = new Set<Denial["code"]>(); ; ) {
    // 4. authorize
    const authorized = await authorize(context);
    if (authorized.ok) await keepOwner(authorized.value, context);
    // 5. issue
    const outcome = authorized.ok ? await issue(authorized.value, context) : authorized;
    // 6. again
    if (outcome.ok || !overtaken.has(outcome.error.code) || lost.has(outcome.error.code)) return outcome;
    lost.add(outcome.error.code);
  }
}

/**
 * A person's own token renews what counts as that owner's word, in a transaction of its own with its record. Loaded with
 * the first owner who signs in.
 */
async function keepOwner({ subject, rows, registry }: Authorized, { audit, ports }: TokenContext): Promise<void> {
  if (subject.kind !== "person" || !registry.confirmedOwners.has(subject.person.principal.id)) return;
  const { keepSignIn } = await import("../person/confirm-owner.ts");
  await keepSignIn(signInOf(subject.person, nowSeconds(ports.clock)), { rows, registry }, { audit, ports });
}

/** Races that a request may lose, each once: an agent that loses one twice has several equal requests under way. */
const overtaken = new Set<Denial["code"]>([
  "offer_redeemed_by_another_key",
  "assertion_used_up",
  "renewal_overtaken",
  "person_key_overtaken",
]);

function issue(authorized: Authorized, context: TokenContext): Promise<Result<TokenReply, Denial>> {
  if (authorized.waits) return askPeople(authorized, context);
  if (authorized.plan.action === "renew") return renew(authorized, context);
  return context.request.requested === "offer" ? issueOffer(authorized, context) : issueToken(authorized, context);
}

/**
 * The actor token must be the caller's own, since a stolen identity token sent as actor must not make its agent act
 * (threat 14).
 */
async function checkActor({ request, caller, ports }: TokenContext): Promise<Result<void, Denial>> {
  if (request.actorToken === undefined) return ok(undefined);
  const actor = await verifyIdentityToken(request.actorToken, ports);
  const same = actor.ok && actor.value.sub === caller.agent && actor.value.jkt === caller.jkt;
  if (same) return ok(undefined);
  const why = actor.ok ? "another agent's or another key's" : "not a valid identity token of this deployment";
  const owner = await ownerOfStolen(request.actorToken, caller.jkt, ports);
  return err(withOwner({ code: "actor_token_mismatch", why } as const, owner));
}

const operationOf = (request: TokenRequest) => {
  if (request.requested === "offer") return "session.offer" as const;
  if (request.requested === "aws") return "credentials.token" as const;
  if (request.subject?.type === "offer") return "session.redeem" as const;
  return "session.open" as const;
};

const okReply = (body: TokenReply): Reply => ({
  status: 200,
  contentType: "application/json",
  body: JSON.stringify(body),
});
