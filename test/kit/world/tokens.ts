import { createAdminRevokeEndpoint } from "../../../core/endpoints/admin-revoke.ts";
import { createCredentialsEndpoint } from "../../../core/endpoints/credentials.ts";
import { createIntrospectEndpoint } from "../../../core/endpoints/introspect.ts";
import { createRevokeEndpoint } from "../../../core/endpoints/revoke.ts";
import { createTokenEndpoint } from "../../../core/endpoints/token.ts";
import type { PolicyEngine } from "../../../core/model/decision.ts";
import { ownerId } from "../../../core/model/owner.ts";
import { type Call, type Reply, spiffeAssertionType, tokenExchangeGrant } from "../../../core/model/wire.ts";
import { randomIds } from "../keys.ts";
import { standingOf } from "../memory/epochs.ts";
import { MemorySts } from "../memory/sts.ts";
import { agentId } from "../registry.ts";
import { dpopProof } from "../wire/key.ts";
import { newAgent, type TestAgent } from "./agents.ts";
import type { Ground } from "./ground.ts";
import { openProviders } from "./people.ts";

export const tokenUrl = "https://tok456.lambda-url.eu-west-1.on.aws/";

/** A parameter list; an array value is sent as that many parameters. */
export type Params = Record<string, string | readonly string[] | undefined>;

/** An answer, parsed. */
export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by tests
  readonly body: any;
}

/** What a request carries beyond its parameters, in the place of what an honest agent would send. */
interface Instead {
  readonly proof?: string;
  readonly call?: Partial<Call>;
}

/**
 * What agents do at `token`, `introspect`, `revoke` and `credentials` for people of two providers, and operators at
 * `admin-revoke`. Until a test says otherwise every policy allows, and nobody is over a rate.
 */
export const tokens = {
  async open(ground: Ground) {
    const { time, limiter } = ground;
    limiter.allowed = true;
    const policy: { engine: PolicyEngine } = { engine: { decide: () => ({ allowed: true, policies: ["all"] }) } };
    // one object: tests change it, and the endpoints see that
    const deps = { ...depsOf(ground, policy), awsAccounts: ["111122223333"] };
    const roleSts = new MemorySts(ground.clock);
    const endpoints = {
      token: createTokenEndpoint(deps),
      introspect: createIntrospectEndpoint(deps),
      revoke: createRevokeEndpoint(deps),
      credentials: createCredentialsEndpoint({
        ...deps,
        ...{ sts: roleSts, stage: "test", accounts: ["111122223333"], lifeSeconds: 60 },
      }),
    };
    const admin = createAdminRevokeEndpoint(deps);

    /** Sends a form as `agent`, with its assertion and a fresh proof unless the parameters or options say otherwise. */
    async function send(
      where: keyof typeof endpoints,
      agent: TestAgent,
      params: Params,
      instead: Instead = {},
    ): Promise<Answer> {
      const proof = instead.proof ?? dpopProof(agent.key, { url: tokenUrl, atSeconds: time.seconds });
      return answer(await endpoints[where](call(formOf(agent, params), [proof], instead.call)));
    }

    const exchange = (agent: TestAgent, token: string, type: string, params: Params) =>
      send("token", agent, {
        grant_type: tokenExchangeGrant,
        subject_token: token,
        subject_token_type: type,
        ...params,
      });

    /** An operator's order to admin-revoke. */
    const order = async (body: object | string) => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const operator = { arn: "arn:aws:sts::111122223333:assumed-role/operator/ada", uniqueId: "AROAEXAMPLE" };
      return answer(await admin(call(text, [], { contentType: "application/json" }), operator));
    };

    return {
      ...(await openProviders(ground)),
      policy,
      roleSts,
      deps,
      endpoints,
      admin,
      newAgent: (name: string) => newAgent(ground, name),
      send,
      exchange,
      order,
      call,
      answer,
    };
  },
};

/** What a world with {@link tokens} can do. */
export type Tokens = Awaited<ReturnType<typeof tokens.open>>;

const depsOf = ({ store, held, signers, ports }: Ground, policy: { readonly engine: PolicyEngine }) => ({
  ...ports,
  approvals: async () => store.approvals,
  revocations: store,
  people: store,
  targets: {
    agents: async () =>
      (await ports.registries.at(store.deployment?.registryVersion ?? held.version)).agents.map(({ name }) =>
        agentId(name),
      ),
    owners: async () =>
      (await ports.registries.at(store.deployment?.registryVersion ?? held.version)).agents.flatMap(
        ({ owner }) => ownerId(owner) ?? [],
      ),
    hasSessions: async (subject: string) => store.hasSessions(subject),
    standing: async (subject: string) => standingOf(store.epochs.get(subject)),
    wasRevoked: async (subject: string) => store.epochs.has(subject),
    hasTombstone: async (sid: string) => store.tombstones.has(sid),
  },
  policy: { decide: (...args: Parameters<PolicyEngine["decide"]>) => policy.engine.decide(...args) },
  signer: signers.session,
});

function formOf(agent: TestAgent, params: Params): string {
  const form = new URLSearchParams();
  const all: Params = { client_assertion_type: spiffeAssertionType, client_assertion: agent.identity(), ...params };
  for (const [name, value] of Object.entries(all))
    for (const one of value === undefined ? [] : [value].flat()) form.append(name, one as string);
  return form.toString();
}

const call = (body: string, proofs: readonly string[], more: Partial<Call> = {}): Call => ({
  method: "POST",
  url: tokenUrl,
  path: "/",
  contentType: "application/x-www-form-urlencoded",
  body,
  dpop: proofs,
  requestId: randomIds.id(),
  ...more,
});

const answer = (reply: Reply): Answer => ({
  status: reply.status,
  body: reply.contentType.includes("json") ? JSON.parse(reply.body) : reply.body,
});
