import { createAdminRevokeEndpoint } from "../../core/endpoints/admin-revoke.ts";
import { createIntrospectEndpoint } from "../../core/endpoints/introspect.ts";
import { createRevokeEndpoint } from "../../core/endpoints/revoke.ts";
import { createTokenEndpoint } from "../../core/endpoints/token.ts";
import { createKeySets } from "../../core/keys/key-sets.ts";
import type { PolicyEngine } from "../../core/model/decision.ts";
import type { Fetcher } from "../../core/model/ports.ts";
import type { Registration } from "../../core/model/registry.ts";
import { err, ok } from "../../core/model/result.ts";
import { type Call, type Reply, spiffeAssertionType, tokenExchangeGrant } from "../../core/model/wire.ts";
import { createGround, issuer } from "./ground.ts";
import { ownKeys, randomIds, testSigner } from "./keys.ts";
import { agentId, idp, otherIdp, registry, trustDomain } from "./registry.ts";
import { dpopProof, type TestKey, testKey } from "./wire/key.ts";

export { issuer, startSeconds } from "./ground.ts";

export const tokenUrl = "https://tok456.lambda-url.eu-west-1.on.aws/";

/** A parameter list; an array value is sent as that many parameters. */
export type Params = Record<string, string | readonly string[] | undefined>;

/** An agent with a key and an identity token for it. */
export interface TestAgent {
  readonly id: string;
  readonly key: TestKey;
  identity(more?: object, header?: object): string;
}

/** An answer, parsed. */
export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by tests
  readonly body: any;
}

/** Everything the token service stands on, in memory, with real keys and signatures and a clock that only tests move. */
export async function createWorld(...rows: readonly Registration[]) {
  const { time, clock, store, versions, held, registries, aggregated, aggregate } = createGround(registry(1, ...rows));
  const [identityKey, sessionKey, idpKey, otherIdpKey] = await Promise.all([
    testKey(),
    testKey(),
    testKey(),
    testKey(),
  ]);
  const identity = testSigner("identity", identityKey);
  const signer = testSigner("session", sessionKey);
  const policy: { engine: PolicyEngine } = { engine: { decide: () => ({ allowed: true, policies: ["all"] }) } };
  const limiter = { allowed: true, take: async () => limiter.allowed };
  // both providers publish under the SAME kid: keys must never be looked up by kid alone
  const keysOf = (key: TestKey) => JSON.stringify({ keys: [{ ...key.jwk, kid: "k1", alg: "ES256", use: "sig" }] });
  const published = new Map<string, string>();
  for (const [url, key] of [
    [idp, idpKey],
    [otherIdp, otherIdpKey],
  ] as const) {
    published.set(`${url}/.well-known/openid-configuration`, JSON.stringify({ issuer: url, jwks_uri: `${url}/jwks` }));
    published.set(`${url}/jwks`, keysOf(key));
  }
  const fetcher: Fetcher = {
    get: async (url) => {
      const text = published.get(url);
      return text === undefined ? err({ why: "unreachable", detail: url }) : ok({ body: Buffer.from(text) });
    },
  };
  const deps = {
    clock,
    ids: randomIds,
    store,
    outbox: store,
    revocations: store,
    targets: {
      agents: async () =>
        (await registries.at(store.deployment?.registryVersion ?? held.version)).agents.map(({ name }) =>
          agentId(name),
        ),
      hasSessions: async (subject: string) => store.hasSessions(subject),
      wasRevoked: async (subject: string) => store.epochs.has(subject),
      hasTombstone: async (sid: string) => store.tombstones.has(sid),
    },
    registries,
    aggregate,
    policy: { decide: (...args: Parameters<PolicyEngine["decide"]>) => policy.engine.decide(...args) },
    limiter,
    signer,
    ownKeys: ownKeys(identity, signer),
    keySets: createKeySets({ fetcher, clock, ownIssuer: issuer }),
    issuer,
    trustDomain,
  };
  const endpoints = {
    token: createTokenEndpoint(deps),
    introspect: createIntrospectEndpoint(deps),
    revoke: createRevokeEndpoint(deps),
  };
  const admin = createAdminRevokeEndpoint(deps);

  async function newAgent(name: string): Promise<TestAgent> {
    const key = await testKey();
    const id = agentId(name);
    const identityToken = (more: object = {}, header: object = {}) =>
      identityKey.jws(
        { alg: "ES256", kid: identityKey.jkt, typ: "JWT", ...header },
        {
          iss: issuer,
          sub: id,
          aud: issuer,
          iat: time.seconds,
          exp: time.seconds + 300,
          jti: randomIds.id(),
          cnf: { jkt: key.jkt },
          assurance: "fresh",
          evidence: { type: "aws-sts-web-identity", facts: {} },
          gen: {
            [`agent:${id}`]: store.epochs.get(`agent:${id}`)?.epoch ?? 0,
            deployment: store.deployment?.epoch ?? 0,
          },
          ...more,
        },
      );
    return { id, key, identity: identityToken };
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

  /** Sends a form as `agent`, with its assertion and a fresh proof unless the parameters or options say otherwise. */
  async function send(
    where: keyof typeof endpoints,
    agent: TestAgent,
    params: Params,
    options: { proof?: string; call?: Partial<Call> } = {},
  ): Promise<Answer> {
    const form = new URLSearchParams();
    const all: Params = { client_assertion_type: spiffeAssertionType, client_assertion: agent.identity(), ...params };
    for (const [name, value] of Object.entries(all))
      for (const one of value === undefined ? [] : [value].flat()) form.append(name, one as string);
    const proof = options.proof ?? dpopProof(agent.key, { url: tokenUrl, atSeconds: time.seconds });
    return answer(await endpoints[where](call(form.toString(), [proof], options.call)));
  }

  const exchange = (agent: TestAgent, token: string, type: string, params: Params) =>
    send("token", agent, { grant_type: tokenExchangeGrant, subject_token: token, subject_token_type: type, ...params });

  /** An ID token for a person by one of the providers; `client` is its `aud`. */
  const idToken = (client: string, more: object = {}, provider: "idp" | "other" = "idp") =>
    (provider === "idp" ? idpKey : otherIdpKey).jws(
      { alg: "ES256", kid: "k1", typ: "JWT" },
      {
        iss: provider === "idp" ? idp : otherIdp,
        sub: "ada",
        aud: client,
        iat: time.seconds,
        exp: time.seconds + 3600,
        jti: randomIds.id(),
        auth_time: time.seconds,
        groups: ["support"],
        ...more,
      },
    );

  /** An operator's order to admin-revoke. */
  const order = async (body: object | string) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const operator = { arn: "arn:aws:sts::111122223333:assumed-role/operator/ada", uniqueId: "AROAEXAMPLE" };
    return answer(await admin(call(text, [], { contentType: "application/json" }), operator));
  };

  /** Publishes a new registry version; instances learn of it by the deployment's row alone. */
  const publish = (version: number, ...more: readonly Registration[]) => {
    versions.set(version, registry(version, ...more));
    if (store.deployment) store.deployment = { ...store.deployment, registryVersion: version };
  };

  return {
    time,
    store,
    signer,
    identityKey,
    sessionKey,
    idpKey,
    aggregated,
    policy,
    limiter,
    published,
    endpoints,
    admin,
    newAgent,
    send,
    exchange,
    idToken,
    order,
    publish,
    call,
    answer,
    deps,
  };
}

export type World = Awaited<ReturnType<typeof createWorld>>;
