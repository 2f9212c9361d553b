import { createHash } from "node:crypto";
import type { CodeLookup } from "../../core/attest/contract/aws.ts";
import type { Registration } from "../../core/model/registry.ts";
import { err, ok } from "../../core/model/result.ts";
import { agent, customers, inBase, tickets } from "../kit/registry.ts";
import type { TestAgent } from "../kit/world/agents.ts";
import { account, attests } from "../kit/world/attests.ts";
import { tokens } from "../kit/world/tokens.ts";
import { createWorld } from "../kit/world/world.ts";
import { bytesShare, childrenOf, signaturesPerSecond } from "./bounds.ts";
import { type AgentName, agentNames, type Build } from "./state.ts";

const roleOf = (name: AgentName): string => `arn:aws:iam::${account}:role/agents/${name}`;
const functionOf = (name: AgentName): string => `arn:aws:lambda:eu-west-1:${account}:function:${name}`;
/** Digest of a build's package, as Lambda would tell it. */
export const digestOf = (build: Build): string => createHash("sha256").update(build).digest("base64");
const bound: readonly string[] = ["planner", "researcher"];

const payment = { resource: "https://payments.example", scopes: ["payments:send"] };
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
    const code = { lambda: { version: "7" }, releases: [digestOf("A"), digestOf("B")] };
    return agent(name, {
      ...inBase("agent", name),
      ...registered[name],
      ...(childrenOf[name] === undefined ? {} : { maxChildren: childrenOf[name] }),
      issuancesPerSecond: signaturesPerSecond(name),
      state: suspended.includes(name) ? "suspended" : "active",
      selectors: [{ type: "aws-sts-web-identity", exact: { roleArn: roleOf(name) } }],
      ...(bound.includes(name) ? { code } : {}),
    });
  });
  return [...agents, ...payments, ...entailments];
}

/** The whole service in memory with real endpoints, keys and signatures, and an AWS account for its agents to run in. */
export async function createStage() {
  const running = new Map<AgentName, Build>([
    ["planner", "A"],
    ["researcher", "A"],
  ]);
  const world = await createWorld(rowsFor([]), tokens, attests({ codeLookup: lookupOf(running) }));
  world.limiter.allowed = undefined;
  const agents = new Map<AgentName, TestAgent>();
  for (const name of agentNames) agents.set(name, await world.newAgent(name));
  const { store } = world;
  const growTree = store.growTree.bind(store);
  // tens of millions of bytes are beyond any program: the bound is as it is asked for, and the store's unit is larger
  store.growTree = (root, by, most) => growTree(root, by, { ...most, bytes: most.bytes * bytesShare });

  /** Attests as the named agent's own workload would, challenge first. */
  const attest = (name: AgentName) => {
    const changes = {
      claims: { sub: roleOf(name) },
      sts: { principal_id: roleOf(name), lambda_source_function_arn: functionOf(name) },
    };
    return world.attest(changes, {}, agents.get(name));
  };
  return { world, agents, running, attest };
}

/** What the control plane tells: each function runs the build that it runs now. */
function lookupOf(running: ReadonlyMap<AgentName, Build>): CodeLookup {
  const absent = async () => err({ why: "missing", detail: "not asked for" } as const);
  return {
    functionVersion: async (arn, version) => {
      const name = agentNames.find((one) => functionOf(one) === arn);
      const build = name && running.get(name);
      if (!build) return err({ why: "missing", detail: arn });
      return ok({ arn: `${arn}:${version}`, version, codeSha256: digestOf(build) });
    },
    task: absent,
    role: absent,
  };
}

export type Stage = Awaited<ReturnType<typeof createStage>>;
