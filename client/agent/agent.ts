import type { Clock } from "../../core/model/ports.ts";
import {
  accessTokenType,
  idTokenType,
  isAccessHandle,
  offerTokenType,
  sessionTokenType,
  tokenExchangeGrant,
} from "../../core/model/wire.ts";
import { createEndpoints, type Endpoints } from "../endpoints.ts";
import { LanyardError } from "../error.ts";
import type { EvidenceSource } from "../evidence/platform/source.ts";
import { type Fetch, lifeIn, textIn } from "../http.ts";
import { machineClock } from "../machine-clock.ts";
import { type Cost, costText } from "../resource/cost.ts";
import { type AgentKey, createAgentKey, type KeyPair } from "./agent-key.ts";
import { type ApprovalWait, approvedAnswer } from "./approval.ts";
import { budgetText, type SessionBudget } from "./budget.ts";
import { type Calls, createCalls, type FormInput } from "./calls.ts";
import { createDecisions, type Decide } from "./decisions.ts";
import { grantParameters, type WantedGrant } from "./grant.ts";
import { createIdentity, type Identity, type IdentityHolder } from "./identity.ts";
import { createNonceMemory, type NonceMemory } from "./nonce-memory.ts";
import { createOpened } from "./opened.ts";
import { checkServedAt, type ServedAt } from "./reach.ts";
import { type AgentSession, createSession, scopesIn, tokenTypeIn, type Unended } from "./session.ts";
import { readSessionFacts, sessionFactsOf } from "./session-facts.ts";
import { type Settled, settleBy } from "./settling.ts";

export type { Settled } from "./settling.ts";

/** Input of {@link createAgent}. */
export interface AgentInput {
  readonly issuer: string;
  /** The agent's registered SPIFFE ID. */
  readonly agent: string;
  readonly evidence: EvidenceSource;
  /** Pinned addresses; read from the issuer's metadata when left out. */
  readonly endpoints?: Endpoints;
  /**
   * Base addresses of resources that are not served at their own identifier, by resource: a token is sent only to its
   * resource's address. They must be constants of the deployment, never text from a model or a message (threat 43).
   */
  readonly servedAt?: ServedAt;
  readonly fetch?: Fetch;
  readonly clock?: Clock;
  /**
   * A P-256 key pair; a new one for this process when left out. For one that outlives the process see `keptKey`
   * (`client/kept-key.ts`).
   */
  readonly key?: KeyPair;
  /** Hears of a session that `await using` could not end; nobody does when left out. */
  readonly unended?: Unended;
}

/** Input of a new session. */
export interface OpenInput {
  /** The person the work is for; when left out, the agent works on its own account. */
  readonly onBehalfOf?: { readonly idToken: string } | { readonly accessToken: string };
  readonly grants: readonly WantedGrant[];
  /** Asserted, at most 256 characters; recorded in the audit. */
  readonly purpose?: string;
  /**
   * Digests of what the agent works with, 50 at most (docs/tools.md). Asserted: it can only add refusals, as where an
   * operator forbids one of them or has not registered it.
   */
  readonly tools?: readonly string[];
  readonly lifetimeSeconds?: number;
  /**
   * How often tokens of the session, and of all sessions made from it, may be used together; at introspecting resources
   * only.
   */
  readonly maxUses?: number;
  /**
   * What the session, and everything below it, may spend: one more budget beside those that apply anyway, where every
   * call is counted, so at resources that introspect or whose tools are decided.
   */
  readonly budget?: SessionBudget;
  /**
   * Asks for a session token even for one grant. Otherwise a session with one grant is represented by its latest access
   * token, and is lost when that token expires before it is used again.
   */
  readonly renewable?: boolean;
  /**
   * Waits for people where policy permits it with approval; `{}` waits for as long as they have. Left out, such a
   * request fails with `approval_pending`.
   */
  readonly approval?: ApprovalWait;
}

/** An answer of introspection (RFC 7662 2.2): nothing but `active` when it is not. */
export interface Introspection {
  readonly active: boolean;
  readonly [claim: string]: unknown;
}

/**
 * From whom, and for whom, work is accepted: the SPIFFE ID of the offering agent and the principal's id, or `"anyone"`
 * for either. `"anything"` means anyone for both: then everybody who can reach this agent can give it work.
 */
export type Expected = "anything" | { readonly offeredBy: string; readonly principal: string };

/** An agent, or a resource server as the agent it is registered as. */
export interface LanyardAgent {
  readonly agent: string;
  /** Attests when needed; the identity is kept until shortly before it expires. */
  identity(): Promise<Identity>;
  open(input: OpenInput): Promise<AgentSession>;
  /**
   * Accepts offered work.
   * @param options `expect`: from whom and for whom. A session of any other offer is ended and refused, so that nobody
   * can give this agent work it does not expect (threat 17)
   * @throws TypeError when `expect` is missing; then no request was made
   */
  redeem(handle: string, options: { readonly expect: Expected }): Promise<AgentSession>;
  /** A session of a downstream exchange, from the access token that was presented to this agent. */
  hop(
    presentedAccessToken: string,
    input: Pick<OpenInput, "grants" | "purpose" | "tools" | "maxUses" | "budget" | "renewable" | "approval">,
  ): Promise<AgentSession>;
  /**
   * Asks the issuer about a token that was presented to this agent. Where uses are counted, an active answer takes one
   * use.
   * @param options `provedBy`: thumbprint of the key that proved the request; for another key than the token's no use
   * is taken. `costAtMost`: the most that the request can cost, which is reserved in every budget that bounds money; the
   * answer's `report` is the reservation's id
   * @throws TypeError for a cost that is none
   */
  introspect(
    token: string,
    options?: { readonly provedBy?: string; readonly costAtMost?: Cost },
  ): Promise<Introspection>;
  /**
   * Says what a call did cost for which a sum was reserved, so that the rest goes back: once, and by the server of that
   * resource alone. The same sum may be said again, as after a failure.
   * @param report the reservation's id, of introspection's answer or the decision point's
   * @throws LanyardError where it failed, or another sum was settled before: then what was reserved stays spent until the
   * budget renews
   * @throws TypeError for a cost that is none
   */
  settle(report: string, cost: Cost): Promise<Settled>;
  /**
   * Asks the decision point, as a gateway or server that is registered for the resource; `createGateway`
   * (`client/gateway.ts`) asks the right questions.
   * @param api which of AuthZEN's endpoints
   * @param body its request
   */
  decide: Decide;
  /** Ends the sessions that this agent opened and that have not ended: the last 1,000 of them. Never throws. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** An agent's client: its key, its identity, its sessions. It makes no request before one is needed. */
export function createAgent(input: AgentInput): LanyardAgent {
  const fetch: Fetch = input.fetch ?? ((url, init) => globalThis.fetch(url, init));
  const clock: Clock = input.clock ?? machineClock;
  const endpoints = createEndpoints(input.issuer, input.endpoints, fetch);
  const servedAt = { ...input.servedAt };
  checkServedAt(servedAt);
  const deps = lazily(
    async (): Promise<SessionDeps & { readonly identity: IdentityHolder; readonly decide: Decide }> => {
      const key = await createAgentKey(input.key);
      const { issuer, agent, evidence } = input;
      const proving = { key, fetch, clock, nonces: createNonceMemory() };
      const identity = createIdentity({ issuer, agent, evidence, endpoints, ...proving });
      const asking = { identity, endpoints, ...proving };
      return {
        agent,
        identity,
        servedAt,
        unended: input.unended ?? (() => undefined),
        ...proving,
        calls: createCalls(asking),
        decide: createDecisions(asking),
      };
    },
  );
  const opened = createOpened();
  return {
    agent: input.agent,
    identity: async () => (await deps()).identity.get(),
    open: async (wanted) => opened.keep(await openSession(openParameters(wanted), wanted, await deps())),
    hop: async (token, wanted) =>
      opened.keep(await openSession(subjectParameters(token, accessTokenType), wanted, await deps())),
    async redeem(handle, options) {
      const expect = expectedBy(options);
      const session = await openSession(subjectParameters(handle, offerTokenType), undefined, await deps());
      await refuseUnexpected(session, expect);
      return opened.keep(session);
    },
    [Symbol.asyncDispose]: opened.endAll,
    async introspect(token, { provedBy, costAtMost } = {}) {
      const cost = costAtMost && costText(costAtMost);
      const { calls } = await deps();
      const { json } = await calls("introspect", [
        ["token", token],
        ["dpop_jkt", provedBy],
        ["cost", cost],
      ]);
      if (typeof json.active !== "boolean")
        throw new LanyardError("answer_malformed", "introspect", { description: "active is missing" });
      return { ...json, active: json.active };
    },
    settle: async (report, cost) => settleBy((await deps()).calls, { report, cost }),
    decide: async (api, body) => (await deps()).decide(api, body),
  };
}

interface SessionDeps {
  readonly agent: string;
  readonly calls: Calls;
  readonly key: AgentKey;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly nonces: NonceMemory;
  readonly servedAt: ServedAt;
  readonly unended: Unended;
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

const subjectParameters = (token: string, type: string): FormInput => [
  ["grant_type", tokenExchangeGrant],
  ["subject_token", token],
  ["subject_token_type", type],
];

function openParameters({ onBehalfOf }: OpenInput): FormInput {
  if (!onBehalfOf) return [["grant_type", "client_credentials"]];
  return "idToken" in onBehalfOf
    ? subjectParameters(onBehalfOf.idToken, idTokenType)
    : subjectParameters(onBehalfOf.accessToken, accessTokenType);
}

/**
 * Opens a session. For one grant the answer is an access token, which represents the session from then on; several
 * grants, or an offer whose grants are not known here, need a session token.
 */
async function openSession(
  start: FormInput,
  wanted: Omit<OpenInput, "onBehalfOf"> | undefined,
  deps: SessionDeps,
): Promise<AgentSession> {
  const { agent, calls, key, fetch, clock, nonces, servedAt, unended } = deps;
  const only = wanted?.grants.length === 1 && !wanted.renewable ? wanted.grants[0] : undefined;
  const form: FormInput = [
    ...start,
    ["requested_token_type", only ? undefined : sessionTokenType],
    ...grantParameters(wanted?.grants ?? []),
    ["purpose", wanted?.purpose],
    ["tools", wanted?.tools?.join(" ")],
    ["lifetime_seconds", wanted?.lifetimeSeconds?.toString()],
    ["max_uses", wanted?.maxUses?.toString()],
    ["budget", wanted?.budget && budgetText(wanted.budget)],
  ];
  const { answer, asked, askedAtSeconds } = await approvedAnswer(form, wanted?.approval, deps);
  const token = textIn(answer, "access_token", "token");
  const life = { asked, lifeSeconds: lifeIn(answer, "token") };
  const expiresAtSeconds = askedAtSeconds + life.lifeSeconds;
  const type = only ? accessTokenType : sessionTokenType;
  // a token of another kind would be used in the wrong way
  if (answer.json.issued_token_type !== type)
    throw new LanyardError("answer_malformed", "token", { description: "the answer is another kind of token" });
  const tokenType = tokenTypeIn(answer);
  // members that come with a handle are the session's; a session is bound to the key, even where its access tokens are
  // not
  const facts = isAccessHandle(token)
    ? sessionFactsOf(answer.json.session, agent, key.jkt)
    : readSessionFacts(token, agent, tokenType === "Bearer" ? undefined : key.jkt);
  const own = { token, type, life } as const;
  const access = { token, expiresAtSeconds, scopes: scopesIn(answer.json.scope), tokenType };
  const first = only ? { first: { resource: only.resource, access } } : {};
  return createSession({ facts, own, ...first, calls, key, fetch, clock, nonces, servedAt, unended });
}

/** Reads `expect`, also from callers without types: when it is missing, nothing is permitted. */
function expectedBy(options: { readonly expect: Expected } | undefined): Exclude<Expected, string> {
  const expect: unknown = options?.expect;
  if (expect === "anything") return { offeredBy: "anyone", principal: "anyone" };
  const { offeredBy, principal } = (expect ?? {}) as Partial<Record<"offeredBy" | "principal", unknown>>;
  if (typeof offeredBy !== "string" || typeof principal !== "string")
    throw new TypeError('say whose work is taken: expect: { offeredBy, principal }, or "anything"');
  return { offeredBy, principal };
}

async function refuseUnexpected(session: AgentSession, expect: Exclude<Expected, string>): Promise<void> {
  const { offeredBy, principal } = expect;
  const wrong =
    offeredBy !== "anyone" && session.offeredBy !== offeredBy
      ? "another agent offered it"
      : principal !== "anyone" && session.principal !== principal
        ? "it is for another principal"
        : undefined;
  if (wrong === undefined) return;
  // it is better to end unused work, but the offer is refused even if this fails
  await session.end().catch(() => undefined);
  throw new LanyardError("offer_unexpected", "redeem", { description: wrong });
}
