import { createHash } from "node:crypto";
import { awsStsWebIdentity } from "../../core/attest/methods/aws-sts-web-identity/attestor.ts";
import { createAttestEndpoint } from "../../core/endpoints/attest.ts";
import type { Registration } from "../../core/model/registry.ts";
import { err, ok } from "../../core/model/result.ts";
import { testMacs } from "../kit/attest-world.ts";
import { stsIssuer } from "../kit/evidence/sts.ts";
import { testSigner } from "../kit/keys.ts";
import { MemoryLimiter } from "../kit/memory/limiter.ts";
import { agent, baseRows, customers, tickets } from "../kit/registry.ts";
import { dpopProof } from "../kit/wire/key.ts";
import { createWorld, issuer, type TestAgent } from "../kit/world.ts";
import { bytesShare, childrenOf, signaturesPerSecond } from "./bounds.ts";
import { type AgentName, agentNames, type Build } from "./state.ts";

const account = "123456789012";
const sts = stsIssuer("https://11111111-2222-3333-4444-555555555555.tokens.sts.global.api.aws", account);
const attestUrl = "https://att789.lambda-url.eu-west-1.on.aws/";
const roleOf = (name: AgentName): string => `arn:aws:iam::${account}:role/agents/${name}`;
const functionOf = (name: AgentName): string => `arn:aws:lambda:eu-west-1:${account}:function:${name}`;
/** Digest of a build's package, as Lambda would tell it. */
export const digestOf = (build: Build): string => createHash("sha256").update(build).digest("base64");
const bound: readonly string[] = ["planner", "researcher"];

const payment = { resource: "https://payments.example", scopes: ["payments:send"] };
const inBase = <K extends Registration["kind"]>(kind: K, name: string) =>
  baseRows.find((row) => row.kind === kind && row.name === name) as Extract<Registration, { kind: K }>;
/** What the programs' registry has beyond the base: longer lives for two agents, payments for them, a hop more. */
const registered: Partial<Record<AgentName, object>> = {
  planner: { maxLifetimeSeconds: 2_400, may: [...inBase("agent", "planner").may, payment] },
  researcher: { maxLifetimeSeconds: 1_800, may: [...inBase("agent", "researcher").may, payment] },
  "customer-api": { may: [{ resource: tickets, scopes: ["tickets:read"] }] },
};
const entailment = inBase("entailment", "tickets-show-customers");
/** Two that grant what is made of a token a life of its own. */
const entailments: readonly Registration[] = [
  {
    ...entailment,
    name: "writers-see-customers",
    from: { resource: tickets, scope: "tickets:write" },
    lifetimeSeconds: 600,
  },
  {
    ...entailment,
    name: "customers-show-tickets",
    agent: "customer-api",
    from: { resource: customers, scope: "customers:read" },
    to: { resource: tickets, scopes: ["tickets:read"] },
    details: {},
    lifetimeSeconds: 400,
  },
];
/** A resource that asks about every request, and people who lend it. */
const payments: readonly Registration[] = [
  {
    kind: "resource",
    name: "payments",
    uri: payment.resource,
    servedBy: "customer-api",
    scopes: payment.scopes,
    introspecting: true,
  },
  { ...inBase("lending", "support-lends"), lends: [...inBase("lending", "support-lends").lends, payment] },
];

/** The base registry with every agent able to attest, two of them bound to the builds A and B. */
export function rowsFor(suspended: readonly string[]): readonly Registration[] {
  const agents = agentNames.map((name): Registration => {
    const base = baseRows.find((row) => row.kind === "agent" && row.name === name);
    const code = { lambda: { version: "7" }, releases: [digestOf("A"), digestOf("B")] };
    return agent(name, {
      ...(base as Partial<Registration & { kind: "agent" }>),
      ...registered[name],
      ...(childrenOf[name] === undefined ? {} : { maxChildren: childrenOf[name] }),
      issuancesPerSecond: signaturesPerSecond(name),
      state: suspended.includes(name) ? "suspended" : "active",
      selectors: [{ type: "aws-sts-web-identity", exact: { roleArn: roleOf(name) } }],
      ...(bound.includes(name) ? { code } : {}),
    });
  });
  const trusted: Registration = {
    kind: "trusted-issuer",
    name: "account",
    purpose: "aws-sts",
    issuer: sts.issuer,
    algorithms: ["ES384"],
    account,
  };
  return [...agents, ...payments, ...entailments, trusted];
}

/** The whole service in memory with real endpoints, keys and signatures, and an AWS account for its agents to run in. */
export async function createStage() {
  const world = await createWorld(...rowsFor([]));
  const configuration = { issuer: sts.issuer, jwks_uri: `${sts.issuer}/.well-known/jwks.json` };
  world.published.set(`${sts.issuer}/.well-known/openid-configuration`, JSON.stringify(configuration));
  world.published.set(configuration.jwks_uri, JSON.stringify({ keys: [sts.jwk] }));
  const agents = new Map<AgentName, TestAgent>();
  for (const name of agentNames) agents.set(name, await world.newAgent(name));
  const running = new Map<AgentName, Build>([
    ["planner", "A"],
    ["researcher", "A"],
  ]);
  const limiter = new MemoryLimiter(world.deps.clock);
  world.limiter.take = limiter.take.bind(limiter) as typeof world.limiter.take;
  const { store } = world;
  const growTree = store.growTree.bind(store);
  // tens of millions of bytes are beyond any program: the bound is as it is asked for, and the store's unit is larger
  store.growTree = (root, by, most) => growTree(root, by, { ...most, bytes: most.bytes * bytesShare });
  const absent = async () => err({ why: "missing", detail: "not asked for" } as const);
  const endpoint = createAttestEndpoint({
    ...world.deps,
    attestors: [awsStsWebIdentity({ keySets: world.deps.keySets })],
    codeLookup: {
      functionVersion: async (arn, version) => {
        const name = agentNames.find((one) => functionOf(one) === arn);
        const build = name && running.get(name);
        if (!build) return err({ why: "missing", detail: arn });
        return ok({ arn: `${arn}:${version}`, version, codeSha256: digestOf(build) });
      },
      task: absent,
      role: absent,
    },
    signer: testSigner("identity", world.identityKey),
    macs: testMacs(),
  });

  const send = async (path: string, body: object, by: TestAgent) => {
    const url = `${attestUrl.slice(0, -1)}${path}`;
    const dpop = [dpopProof(by.key, { url, atSeconds: world.time.seconds })];
    const call = world.call(JSON.stringify(body), dpop, { url, path, contentType: "application/json" });
    return world.answer(await endpoint(call));
  };

  /** Attests as the named agent's own workload would, challenge first. */
  async function attest(name: AgentName) {
    const by = agents.get(name) as TestAgent;
    const challenge = String((await send("/challenge", {}, by)).body.attestation_challenge);
    const tags = { "lanyard-challenge": challenge, "lanyard-jkt": by.key.jkt };
    const token = sts.document(issuer, world.time.seconds, tags, {
      claims: { sub: roleOf(name) },
      sts: { principal_id: roleOf(name), lambda_source_function_arn: functionOf(name) },
    });
    return send("/", { agent: by.id, evidence: { type: "aws-sts-web-identity", token }, challenge }, by);
  }

  return { world, agents, running, attest };
}

export type Stage = Awaited<ReturnType<typeof createStage>>;
