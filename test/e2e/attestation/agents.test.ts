import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../../bin/lanyard/program.ts";
import { awsNitroEnclave } from "../../../client/evidence/aws-nitro-enclave.ts";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import { ecsTask } from "../../../client/evidence/ecs-task.ts";
import type { EvidenceSource } from "../../../client/evidence/platform/source.ts";
import { type AgentSession, createAgent, type LanyardAgent } from "../../../client/index.ts";
import { agentKinds } from "../../../local/demo/agents/kinds.ts";
import { readOptions } from "../../../local/demo/start/options.ts";
import { createPage } from "../../../local/demo/story/print.ts";
import { readRecords } from "../../../local/demo/story/records.ts";
import { createTeller } from "../../../local/demo/story/step.ts";
import { tellStory } from "../../../local/demo/story/story.ts";
import { raiseWorld, type World } from "../../../local/demo/story/world.ts";

const tickets = "https://tickets.support-desk.example";
const folder = mkdtempSync(join(tmpdir(), "lanyard-agents-"));
let world: World;
// one cloud for all of it: booting is what costs
beforeAll(async () => {
  const directory = join(folder, ".lanyard");
  world = await raiseWorld({ memory: true, directory, onProgress: () => undefined });
});
afterAll(async () => {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("npm start -- --once --agents", () => {
  it("takes kinds of agents, each once", () => {
    expect(readOptions(["--once", "--agents", "lambda,ecs,enclave,ec2"]).agents).toEqual([...agentKinds]);
    expect(readOptions([]).agents).toEqual(["lambda"]);
    for (const kinds of ["", "vm", "ecs,ecs", "ecs,", "ECS", "__proto__"])
      expect(() => readOptions(["--agents", kinds]), kinds).toThrow(agentKinds.join(", "));
  });

  // as Lambda functions it is told by story.test.ts
  it("tells the whole story with agents in ECS tasks, in enclaves and on EC2 instances", async () => {
    let shown = "";
    const page = createPage({ isTTY: false, write: (text: string) => (shown += text) }, {});
    const teller = createTeller({ began: () => undefined, ended: () => undefined });
    const startMillis = Date.now();
    const { ok, error } = await tellStory({ teller, page }, world, ["ecs", "enclave", "ec2"]);
    expect([ok, error]).toEqual([true, undefined]);
    const named = (kind: string) => teller.steps.filter((step) => step.agents === kind).map(({ name }) => name);
    expect(named("ecs").length).toBeGreaterThan(10);
    expect(named("enclave")).toEqual(named("ecs"));
    expect(named("ec2")).toEqual(named("ecs"));
    const attests = teller.steps.filter(({ name }) => name === "the planner attests").map(({ detail }) => detail);
    expect(attests).toMatchObject([
      { runsOn: "ecs", evidence: "ecs-task", assurance: "fresh" },
      { runsOn: "enclave", evidence: "aws-nitro-enclave", assurance: "measured" },
      {
        runsOn: "ec2",
        evidence: "aws-sts-caller-identity",
        assurance: "fresh",
        says: expect.stringContaining("EC2 for its image ami-"),
      },
    ]);
    expect(shown).toContain("Planner and researcher as ECS tasks");
    // what ran is in the audit: an image by ECS's word, an enclave's by the hypervisor's
    const records = readRecords(world.endpoints.auditFolder).filter(({ timeMillis }) => timeMillis >= startMillis);
    const builds = records.map((record) => JSON.stringify(record).match(/"build":"(sha\d+):/)?.[1]);
    expect(new Set(builds.filter((build) => build !== undefined))).toEqual(new Set(["sha256", "sha384"]));
  });
});

describe("revoke everything that runs build X: one command", () => {
  const [buildX, buildY] = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`];
  let taskNumber = 0;
  const agent = (name: string, evidence: EvidenceSource): LanyardAgent => {
    const { issuer, attest, token, introspect, revoke } = world.endpoints;
    const id = world.endpoints.agents[name]?.id ?? expect.fail(name);
    return createAgent({ issuer, agent: id, evidence, endpoints: { attest, token, introspect, revoke } });
  };
  const task = (name: string, imageDigest: string): LanyardAgent => {
    const id = String(++taskNumber).padStart(32, "0");
    const roleArn = `arn:aws:iam::${world.cloud.account}:role/agents/${name}-task`;
    const containers = [{ name: "agent", imageDigest }];
    const definition = `${name}:1`;
    const credentials = world.cloud.addWorkload({
      name: id,
      roleArn,
      task: { cluster: "agents", definition, containers },
    });
    return agent(name, ecsTask({ ...world.endpoints.aws, credentials: { ...credentials }, cluster: "agents" }));
  };
  const enclave = (name: string): LanyardAgent => {
    const selectors = world.agents.find((each) => each.name === name)?.selectors ?? [];
    const pcr0 = selectors.find(({ type }) => type === "aws-nitro-enclave")?.exact.pcr0 ?? expect.fail(name);
    const started = world.cloud.startEnclave({ pcr0, roleArn: `arn:aws:iam::${world.cloud.account}:role/parent` });
    return agent(name, awsNitroEnclave({ attest: async (request) => started.attestationDocument(request) }));
  };
  const lambda = (name: string): LanyardAgent => {
    const { credentials } = world.endpoints.agents[name] ?? expect.fail(name);
    return agent(name, awsStsWebIdentity({ ...world.endpoints.aws, credentials: { ...credentials } }));
  };
  const grants = [{ resource: tickets, scopes: ["tickets:read"] }];
  const forAda = async (planner: LanyardAgent): Promise<AgentSession> => {
    const answer = await fetch(`${world.endpoints.signIn}?agent=planner`);
    const { id_token: idToken } = (await answer.json()) as { id_token: string };
    return planner.open({ onBehalfOf: { idToken }, grants, renewable: true });
  };
  /** Whether the ticket API, which introspects, would let a token in; and whether the session gets another that it would. */
  const lives = async (
    api: LanyardAgent,
    session: AgentSession,
    token: string,
  ): Promise<readonly [boolean, boolean]> => {
    const more = await session.accessToken(tickets, { scopes: ["tickets:read"] }).catch(() => undefined);
    const active = async (each: string) => (await api.introspect(each)).active;
    return [await active(token), more !== undefined && (await active(more.token))];
  };
  const lanyard = async (...args: readonly string[]): Promise<readonly [number, string]> => {
    const lines: string[] = [];
    const terminal = { out: (line: string) => void lines.push(line), err: () => undefined, ask: async () => true };
    return [await run(args, { terminal, env: {}, folder }), lines.join("\n")];
  };

  it("kills the sessions that run it, of every agent, blocks new ones, and lets all others live", async () => {
    const api = lambda("ticket-api");
    const running = [task("planner", buildX), task("researcher", buildX)] as const;
    const others = [task("planner", buildY), enclave("planner"), lambda("planner")];
    const own = running[1].open({ grants, renewable: true });
    const sessions = await Promise.all([forAda(running[0]), own, ...others.map(forAda)]);
    const tokens = await Promise.all(sessions.map((session) => session.accessToken(tickets)));
    const state = () => Promise.all(sessions.map((session, n) => lives(api, session, tokens[n]?.token ?? "")));
    for (const each of tokens) expect((await api.introspect(each.token)).active).toBe(true);

    const [code, said] = await lanyard("revoke", "--build", buildX, "--reason", "supply chain");
    expect([code, said]).toEqual([0, expect.stringContaining(`everything issued to build ${buildX} is over`)]);
    const [dead, alive] = [
      [false, false],
      [true, true],
    ];
    expect(await state()).toEqual([dead, dead, alive, alive, alive]);

    // no new task of that image gets in, under whatever agent's name; the next image of the same agent does
    for (const name of ["planner", "researcher"])
      await expect(task(name, buildX).identity()).rejects.toMatchObject({ error: "access_denied" });
    await world.cloud.flushAudit();
    const denied = readRecords(world.endpoints.auditFolder).filter(({ facts }) => facts.outcome === "denied");
    expect(denied.filter(({ facts }) => facts.denial?.code === "blocked").length).toBeGreaterThanOrEqual(2);
    expect((await lives(api, await forAda(task("planner", buildY)), tokens[2]?.token ?? ""))[1]).toBe(true);

    // lifting the block lets the build start anew; what was cut stays cut
    expect((await lanyard("lift", "--build", buildX, "--reason", "a false alarm"))[0]).toBe(0);
    expect((await forAda(task("planner", buildX))).sid).toMatch(/^[\w-]{22}$/);
    expect(await state()).toEqual([dead, dead, alive, alive, alive]);
  });
});
