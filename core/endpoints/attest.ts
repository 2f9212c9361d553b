import { createChallenge } from "../attest/challenge.ts";
import type { Attestor } from "../attest/contract/attestor.ts";
import type { CodeLookup } from "../attest/contract/aws.ts";
import { replacingEntries, replayEntriesOf } from "../attest/first-key.ts";
import type { Proven } from "../attest/prove.ts";
import { livenessOf, type ProvenAlive, proveAlive, subjectsOf } from "../attest/prove-alive.ts";
import { readAttestRequest } from "../attest/read-request.ts";
import { createUnprovenReads, type UnprovenReads } from "../attest/unproven-reads.ts";
import type { RefusalAggregate } from "../audit/aggregate.ts";
import { type AuditContext, startAudit } from "../audit/context.ts";
import { deny } from "../audit/deny.ts";
import type { Outbox, Recorder } from "../audit/record.ts";
import { type IdentityClaims, identityPayload } from "../caller/identity-token.ts";
import type { DeathCause } from "../denial/death.ts";
import type { Denial } from "../denial/denial.ts";
import { type DpopNonces, verifyDpop } from "../jose/dpop.ts";
import { signJwt } from "../jose/sign.ts";
import { isCanary } from "../model/canary.ts";
import { limits } from "../model/limits.ts";
import { type Clock, type Ids, type MacSource, nowSeconds, type RateLimiter, type Signer } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySource } from "../model/snapshot.ts";
import { type AttestReply, type Call, type ChallengeReply, type Reply, tokenTyp } from "../model/wire.ts";
import { blockedAmong, epochsNow, raisedSince } from "../session/liveness.ts";
import type { CommitConflict, LivenessRows, SessionStore } from "../session/store.ts";

/** What attestation needs. */
export interface AttestDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly toRecord: Recorder;
  readonly registries: RegistrySource;
  readonly store: SessionStore;
  readonly outbox: Outbox;
  readonly aggregate: RefusalAggregate;
  /** The attestor of every kind of evidence that is accepted. The list is complete: none is discovered. */
  readonly attestors: readonly Attestor[];
  /** Present where the stage grants lookups of functions and tasks. */
  readonly codeLookup?: CodeLookup;
  /** Signs with the identity key. */
  readonly signer: Signer;
  /** Takes from the same counter as `token`: an agent has one bucket of signatures. */
  readonly limiter: RateLimiter;
  readonly macs: MacSource;
  /** Present where the stage demands nonces in proofs (RFC 9449 8). */
  readonly nonces?: DpopNonces | undefined;
  readonly issuer: string;
  readonly trustDomain: string;
}

/**
 * The attest endpoint. `POST /challenge` answers a challenge; `POST /` turns evidence into an identity token:
 *
 * 1. **read** the request, bounded, without trusting any of it (`attest/read-request.ts`)
 * 2. **proof**: the caller holds the key that the token will be bound to (RFC 9449)
 * 3. **prove** the named agent: registration ▸ challenge ▸ evidence ▸ selectors ▸ state ▸ assurance ▸ audience
 *    (`attest/prove.ts`), and, in one batch, that it is alive; when the batch names a newer registry, load that one and
 *    prove again (`attest/prove-alive.ts`)
 * 4. **consume** challenge, proof and evidence and write the record, in ONE transaction; a second time where another
 *    key showed this document first and has been silent for as long as the registration demands (`attest/first-key.ts`)
 * 5. **take** a signature from the agent's bucket
 * 6. **sign**, and at the same time read liveness again: an agent that was revoked meanwhile gets no token
 *
 * This list and the numbered steps below are the same list.
 */
export function createAttestEndpoint(deps: AttestDeps): (call: Call) => Promise<Reply> {
  const attesting = { ...deps, unprovenReads: createUnprovenReads(deps.clock) };
  return async (call) => {
    const audit = startAudit(call, "attest", deps.clock);
    const answer = await route(call, attesting, audit);
    return answer.ok ? answer.value : deny(deps, answer.error, audit);
  };
}

type Attesting = AttestDeps & { readonly unprovenReads: UnprovenReads };

async function route(call: Call, deps: Attesting, audit: AuditContext): Promise<Result<Reply, Denial>> {
  if (call.path !== "/" && call.path !== "/challenge") return err({ code: "not_found", path: call.path.slice(0, 100) });
  if (call.method !== "POST")
    return err({ code: "method_not_allowed", method: call.method.slice(0, 20), allow: "POST" });
  if (call.path === "/") return attest(call, deps, audit);
  const body: ChallengeReply = {
    attestation_challenge: await createChallenge(deps),
    expires_in: limits.challengeLifeSeconds,
  };
  return ok(json(body));
}

async function attest(call: Call, deps: Attesting, audit: AuditContext): Promise<Result<Reply, Denial>> {
  // 1. read
  const request = readAttestRequest(call);
  if (!request.ok) return request;
  audit.add({ agent: request.value.agent, evidenceType: request.value.evidence.type });
  const { method, url } = call;
  const { clock, nonces } = deps;
  // 2. proof
  const proof = await verifyDpop({ proofs: call.dpop, method, url, nowSeconds: nowSeconds(clock), nonces });
  if (!proof.ok) return proof;
  audit.add({ jkt: proof.value.jkt });
  // 3. prove
  const { platformCaller } = call;
  const withCaller = platformCaller === undefined ? deps : { ...deps, platformCaller };
  const live = await proveAlive({ request: request.value, proof: proof.value, audit }, withCaller);
  if (!live.ok) return live;
  const { proven } = live.value;
  // 4. consume
  const claims = claimsFor(live.value, proof.value.jkt, deps);
  const consumed = await consume(proven, claims, { deps, audit });
  if (!consumed.ok) return consumed;
  // 5. take
  const within = await takeSignature(proven, deps.limiter);
  if (!within.ok) return within;
  // 6. sign
  return issue(proven, claims, deps);
}

function claimsFor({ proven, rows }: ProvenAlive, jkt: string, deps: AttestDeps): IdentityClaims {
  const { assurance, build, facts } = proven.attested;
  return {
    sub: proven.agent,
    jkt,
    assurance,
    evidence: { type: proven.evidenceType, facts },
    ...(build === undefined ? {} : { build }),
    epochs: epochsNow(rows, subjectsOf(proven)),
    expiresAtSeconds: nowSeconds(deps.clock) + limits.identityTokenLifeSeconds,
    jti: deps.ids.id(),
  };
}

/** Written before the signature: a replay costs no signature, and no token is released without its record. */
async function consume(
  proven: Proven,
  claims: IdentityClaims,
  { deps, audit }: { readonly deps: AttestDeps; readonly audit: AuditContext },
): Promise<Result<void, Denial>> {
  const { jti, expiresAtSeconds } = claims;
  const mark = isCanary(proven.agent) ? ({ canary: true } as const) : {};
  const facts = {
    ...audit.facts,
    ...mark,
    jti,
    expiresAtSeconds,
    target: proven.audience,
    outcome: "allowed",
  } as const;
  const now = nowSeconds(deps.clock);
  const { store, ids, toRecord } = deps;
  const first = await store.commit({ replayEntries: replayEntriesOf(proven, now), record: toRecord(facts, ids.id()) });
  const replayEntries = first.ok ? undefined : replacingEntries(proven, first.error, now);
  const record = () => toRecord({ ...facts, keyReplaced: true }, ids.id());
  const committed = replayEntries === undefined ? first : await store.commit({ replayEntries, record: record() });
  return committed.ok
    ? committed
    : err(replayOf(committed.error, proven.evidenceType, proven.attested.evidenceEntry.owner !== undefined));
}

function replayOf(conflict: CommitConflict, type: string, owned: boolean): Denial {
  if (conflict.kind !== "replay") throw new Error(`attestation cannot meet conflict ${conflict.kind}`);
  if (conflict.entry === "dpop") return { code: "dpop_replayed" };
  if (conflict.entry === "challenge") return { code: "challenge_invalid", why: "used" };
  // a replay entry with an owner conflicts only with another key: either the document was stolen, or a thief showed it
  // first
  return { code: owned ? "evidence_of_another_key" : "evidence_replayed", type };
}

/**
 * Takes a signature after the transaction and not before it: a replay, or a stolen document shown by another key, must
 * not use up the bucket of the agent it names, or a thief could lock that agent out (threat 13).
 */
async function takeSignature({ agent, registration }: Proven, limiter: RateLimiter): Promise<Result<void, Denial>> {
  const perSecond = registration.issuancesPerSecond ?? limits.issuancesPerSecond;
  return (await limiter.take(agent, perSecond)) ? ok(undefined) : err({ code: "rate_exceeded", agent, perSecond });
}

async function issue(proven: Proven, claims: IdentityClaims, deps: AttestDeps): Promise<Result<Reply, Denial>> {
  const payload = identityPayload(claims, deps.issuer, proven.audience);
  const [signed, rows] = await Promise.all([
    signJwt(deps.signer, { typ: tokenTyp.identity, joinId: claims.jti }, payload),
    deps.store.readLiveness(livenessOf(proven.agent, proven)),
  ]);
  // a row that could not be read proves no death (threat 44): the agent asks again, with a new challenge
  if (!rows.complete || !rows.deployment)
    return err({ code: "liveness_unavailable", why: "it could not be read again; nothing was released" });
  const cause = deathSince(rows, claims, subjectsOf(proven));
  if (cause) return err({ code: "died_in_flight", cause });
  const body: AttestReply = {
    identity_token: signed.token,
    agent: proven.agent,
    assurance: claims.assurance,
    expires_in: limits.identityTokenLifeSeconds,
  };
  return ok(json(body));
}

function deathSince(rows: LivenessRows, claims: IdentityClaims, names: readonly string[]): DeathCause | undefined {
  const blocked = blockedAmong(rows, names);
  if (blocked !== undefined) return { kind: "blocked", subject: blocked };
  const raised = raisedSince(rows, claims.epochs);
  return raised === undefined ? undefined : { kind: "generation", subject: raised };
}

const json = (body: object): Reply => ({
  status: 200,
  contentType: "application/json",
  body: JSON.stringify(body),
});
