import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import type { CodeLookup } from "../../core/attest/contract/aws.ts";
import { err, ok } from "../../core/model/result.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import type { TestAgent } from "../kit/world/agents.ts";
import { account, attests } from "../kit/world/attests.ts";
import { tokens } from "../kit/world/tokens.ts";
import { createWorld } from "../kit/world/world.ts";
import { openApproving } from "./approving.ts";
import { bytesShare } from "./bounds.ts";
import { digestOf, roleOf, rowsFor } from "./rows.ts";
import { type AgentName, agentNames, type Build, firstPublished } from "./state.ts";

const functionOf = (name: AgentName): string => `arn:aws:lambda:eu-west-1:${account}:function:${name}`;

/** One for all programs, as one instance has one: what it keeps of a version is dropped with the next. */
const engine = createCedarEngine(cedar);

/** The whole service in memory with real endpoints, keys, signatures and policies, and an AWS account to run in. */
export async function createStage() {
  const running = new Map<AgentName, Build>([
    ["planner", "A"],
    ["researcher", "A"],
  ]);
  const world = await createWorld(rowsFor(firstPublished, []), tokens, attests({ codeLookup: lookupOf(running) }));
  // the last hours of a day, so that programs see hours and days end
  world.time.seconds += 78_000;
  world.limiter.allowed = undefined;
  world.policy.engine = engine;
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
  return { world, agents, running, attest, vote: openApproving(world) };
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
