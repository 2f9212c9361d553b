import { type Clock, momentOf, nowSeconds } from "../../core/model/ports.ts";
import { accessTokenType, offerTokenType, sessionTokenType } from "../../core/model/wire.ts";
import type { AwsCredentialsProvider } from "../aws/held-credentials.ts";
import { LanyardError } from "../error.ts";
import { type Answer, type Fetch, lifeIn, textIn } from "../http.ts";
import type { AccessToken } from "./access-token.ts";
import type { AgentKey } from "./agent-key.ts";
import { type AwsSessionCredentials, awsCredentialsBy, type WantedAwsCredentials } from "./aws-credentials.ts";
import { budgetText, type SessionBudget } from "./budget.ts";
import { callResource } from "./call-resource.ts";
import type { Calls, FormInput } from "./calls.ts";
import { grantParameters, type WantedGrant } from "./grant.ts";
import { type KeptToken, keepTokens } from "./kept-tokens.ts";
import type { NonceMemory } from "./nonce-memory.ts";
import { holdOwnToken, type OwnToken, type OwnTokenHolder } from "./own-token.ts";
import { addressWithin, type ServedAt } from "./reach.ts";
import { readSessionFacts, type SessionFacts } from "./session-facts.ts";

/** An offer to another agent. The handle is the secret that is passed to it. */
export interface HeldOffer {
  readonly handle: string;
  readonly expiresAtSeconds: number;
}

/** What {@link AgentSession.revoke} ends: a session below this one, an offer of this one, or what a token belongs to. */
export type RevokeTarget = { readonly session: string } | { readonly offer: string } | { readonly token: string };

/** A session this agent holds. */
export interface AgentSession extends SessionFacts {
  /**
   * An access token for one resource, kept until shortly before it expires.
   * @param options `scopes`, to ask for fewer than the session holds there
   */
  accessToken(resource: string, options?: { readonly scopes?: readonly string[] }): Promise<AccessToken>;
  /** Offers part of the session to one other agent. Scopes must be named. */
  offer(input: {
    readonly to: string;
    readonly grants: readonly WantedGrant[];
    readonly lifetimeSeconds?: number;
    /** How often the other agent's session may be used; no more than this session may. */
    readonly maxUses?: number;
    /**
     * What the other agent's session, and everything below it, may spend; no more than a budget of this session. What it
     * spends is taken from this session's budgets too.
     */
    readonly budget?: SessionBudget;
  }): Promise<HeldOffer>;
  /**
   * Gives the session a later end, for work that takes longer than expected. The end is never beyond that of the
   * session's parent, nor beyond what the registrations allow from its beginning. Call it before the session's token
   * expires.
   * @param options `lifetimeSeconds`: how long from now
   * @returns the new end
   */
  renew(options: { readonly lifetimeSeconds: number }): Promise<{ readonly expiresAtSeconds: number }>;
  /**
   * Calls a resource server with the right access token and a proof for this request. Redirects are not followed, and
   * only addresses of the resource are called (threat 43): `https://api.example.com/v1` opens `/v1` and `/v1/…` there.
   * A resource that is served elsewhere is named in `servedAt` when the agent is made.
   * @throws LanyardError `outside_resource`, before a token is asked for
   */
  fetch(
    url: string,
    init: RequestInit & { readonly resource: string; readonly scopes?: readonly string[] },
  ): Promise<Response>;
  /**
   * Gets AWS credentials for part of the session, where the deployment gives any: of the role that is registered for
   * the resource, narrowed to the scopes. Whoever holds them uses them, so they live for a minute or so.
   * @throws LanyardError `session_lapsed` for a session that was not opened with `renewable` and holds one grant
   */
  awsCredentials(wanted: WantedAwsCredentials): Promise<AwsSessionCredentials>;
  /**
   * The same for any client of AWS's SDK: what it takes as `credentials`. They are kept, renewed in the background from
   * half their life on, and given to nobody once the session is over.
   */
  aws(wanted: WantedAwsCredentials): AwsCredentialsProvider;
  /** Ends the session and everything below it. */
  end(): Promise<void>;
  /**
   * The same for `await using`. It never throws, since that would hide the error of the block it ends: `unended` of the
   * agent's input is told of a session that could not be ended, and that ends by itself at `expiresAtSeconds`.
   */
  [Symbol.asyncDispose](): Promise<void>;
  /** Ends a child, an offer, or what a token belongs to. */
  revoke(target: RevokeTarget): Promise<void>;
}

/** Input of a session. */
export interface SessionInput {
  readonly facts: SessionFacts;
  readonly own: OwnToken;
  /** Set when the session came with an access token. */
  readonly first?: { readonly resource: string; readonly access: AccessToken };
  readonly calls: Calls;
  readonly key: AgentKey;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly nonces: NonceMemory;
  readonly servedAt: ServedAt;
  readonly unended: Unended;
}

/** Hears of a session that `await using` could not end. */
export type Unended = (error: unknown, session: string) => void;

/** Gets access tokens with a session's own token. */
function exchangedBy({ calls, clock }: SessionInput, own: OwnTokenHolder) {
  return async (resource: string, scopes: readonly string[] | undefined): Promise<KeptToken> => {
    const asked = momentOf(clock);
    const askedAtSeconds = nowSeconds(clock);
    const form: FormInput = [...own.subject(), ["resource", resource], ["scope", scopes?.join(" ")]];
    const answer = await calls("token", form);
    const token = textIn(answer, "access_token", "token");
    const life = { asked, lifeSeconds: lifeIn(answer, "token") };
    const expiresAtSeconds = askedAtSeconds + life.lifeSeconds;
    // a session that came with an access token only is continued by its latest complete one
    if (own.current().type === accessTokenType && scopes === undefined)
      own.replace({ token, type: accessTokenType, life });
    const access = { token, expiresAtSeconds, scopes: scopesIn(answer.json.scope), tokenType: tokenTypeIn(answer) };
    return { access, life };
  };
}

/** Gives a session a later end, and replaces its own token by the one from the answer. */
function renewedBy({ calls, clock, facts, key }: SessionInput, own: OwnTokenHolder): AgentSession["renew"] {
  return async ({ lifetimeSeconds }) => {
    const asked = momentOf(clock);
    const askedAtSeconds = nowSeconds(clock);
    const answer = await calls("token", [
      ...own.subject(),
      ["requested_token_type", sessionTokenType],
      ["lifetime_seconds", lifetimeSeconds.toString()],
    ]);
    const token = textIn(answer, "access_token", "token");
    // a token of another session must not be used for this one
    const { sid } = readSessionFacts(token, facts.agent, key.jkt);
    if (sid !== facts.sid || answer.json.issued_token_type !== sessionTokenType)
      throw new LanyardError("answer_malformed", "token", { description: "the answer is not this session's token" });
    const life = { asked, lifeSeconds: lifeIn(answer, "token") };
    own.replace({ token, type: sessionTokenType, life });
    return { expiresAtSeconds: askedAtSeconds + life.lifeSeconds };
  };
}

/** Offers a part of a session to another agent. */
function offeredBy({ calls, clock }: SessionInput, own: OwnTokenHolder): AgentSession["offer"] {
  return async ({ to, grants, lifetimeSeconds, maxUses, budget }) => {
    const askedAtSeconds = nowSeconds(clock);
    const answer = await calls("token", [
      ...own.subject(),
      ["requested_token_type", offerTokenType],
      ["audience", to],
      ...grantParameters(grants),
      ["lifetime_seconds", lifetimeSeconds?.toString()],
      ["max_uses", maxUses?.toString()],
      ["budget", budget && budgetText(budget)],
    ]);
    const handle = textIn(answer, "access_token", "token");
    return { handle, expiresAtSeconds: askedAtSeconds + lifeIn(answer, "token") };
  };
}

/** Creates a session from the token that was issued for it. */
export function createSession(input: SessionInput): AgentSession {
  const { calls, clock, facts, key, nonces } = input;
  const own = holdOwnToken(input.own, clock);
  const tokens = keepTokens(exchangedBy(input, own), clock);
  const aws = awsCredentialsBy(calls, own, clock);
  if (input.first) tokens.put(input.first.resource, { access: input.first.access, life: input.own.life });
  const accessToken: AgentSession["accessToken"] = async (resource, { scopes } = {}) => {
    own.mustLive();
    return tokens.take(resource, scopes);
  };
  const revoke = async (form: FormInput): Promise<void> => {
    await calls("revoke", form);
  };
  const end = async (): Promise<void> => {
    if (own.hasEnded()) return;
    await revoke([["token", own.current().token]]);
    own.end();
    tokens.clear();
  };

  return {
    ...facts,
    accessToken,
    renew: renewedBy(input, own),
    offer: offeredBy(input, own),
    awsCredentials: async (wanted) => (await aws.fetch(wanted)).credentials,
    aws: aws.provider,
    async fetch(url, { resource, scopes, ...init }) {
      const address = addressWithin(url, resource, input.servedAt);
      const access = await accessToken(resource, scopes ? { scopes } : {});
      return callResource({ address, access, init }, { key, clock, fetch: input.fetch, nonces });
    },
    end,
    async [Symbol.asyncDispose]() {
      try {
        await end();
      } catch (error) {
        told(() => input.unended(error, facts.sid));
      }
    },
    async revoke(target) {
      if ("session" in target)
        return revoke([
          ["token", own.current().token],
          ["session", target.session],
        ]);
      return revoke([["token", "offer" in target ? target.offer : target.token]]);
    },
  };
}

/** Tells somebody whose own failure changes nothing. */
function told(tell: () => void): void {
  try {
    tell();
  } catch {
    // whoever listens has failed, and the block that ends has an error of its own to show
  }
}

/**
 * How the token of an answer is to be sent; a session token or an offer (`N_A`) is never sent to a resource.
 * @throws LanyardError `answer_malformed` for an unknown type: RFC 6749 7.1 forbids using such a token
 */
export function tokenTypeIn(answer: Answer): AccessToken["tokenType"] {
  const type = String(answer.json.token_type).toLowerCase();
  if (type === "bearer") return "Bearer";
  if (type === "dpop" || type === "n_a") return "DPoP";
  throw new LanyardError("answer_malformed", "token", { description: "token_type is missing or not known" });
}

/** Scopes of an answer (RFC 6749 3.3). */
export const scopesIn = (scope: unknown): readonly string[] =>
  typeof scope === "string" ? scope.split(" ").filter((name) => name !== "") : [];
