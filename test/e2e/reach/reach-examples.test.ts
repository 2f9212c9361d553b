/** The folders of `examples/`, started as their READMEs say. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRecords } from "../../../local/demo/story/records.ts";
import { type Ground, openGround } from "./examples/ground.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await openGround();
});
afterAll(() => ground?.close());

const told = (lines: readonly string[]) => JSON.parse(lines.at(-1) ?? "") as unknown;

describe("examples", () => {
  it("two-functions: the planner's session asks the researcher, whose hop reads the ticket, and ends with the event", async () => {
    const { world, idOf, seen } = ground;
    const answer = await world.cloud.invoke("two-functions-planner", { ticket: "42" });
    const [planner, researcher] = [idOf("planner"), idOf("researcher")];
    const ticket = { ticket: "42", by: researcher };
    expect(answer).toMatchObject({ status: 200, found: { by: researcher, askedBy: planner, ticket } });
    expect(seen.at(-1)).toBe("planner for researcher");
    await world.cloud.flush();
    const { session } = answer as { session: string };
    const tree = readRecords(world.endpoints.auditFolder).filter(({ facts }) => facts.root === session);
    expect(tree.map(({ facts }) => facts.operation)).toEqual([
      ...["session.open", "session.hop", "token.access", "session.end"],
    ]);
  });

  it("ecs-agent: a task proves itself as a task, by the role and family of the stack that deploys it", async () => {
    const { programs, asTask, idOf, account, region } = ground;
    const lines = await programs.run("ecs-agent/agent.mjs", { env: asTask(`sha256:${"a".repeat(64)}`) });
    expect(told(lines)).toEqual({ evidence: "ecs-task", status: 200, ticket: "open", by: idOf("digest") });
    const context = { stage: "local", agent: idOf("digest"), tickets: "https://tickets.example" };
    const code = join(import.meta.dirname, "../../../examples/ecs-agent");
    const assembly = await programs.synthesize("ecs-agent", { account, region, context: { ...context, code } });
    const template = readFileSync(join(assembly, "Researcher.template.json"), "utf8");
    for (const name of [
      '"RoleName": "researcher-task"',
      '"Path": "/agents/"',
      '"Family": "researcher"',
      '"ClusterName": "agents"',
    ])
      expect(template).toContain(name);
  });

  it("github-actions: a job reads the tickets by its own token, and no other host is asked for one", async () => {
    const { programs, job, issuer, idOf, tickets } = ground;
    const args = ["--issuer", issuer, "--agent", idOf("job"), "--tickets", tickets];
    const run = (more: readonly string[]) =>
      programs.run("github-actions/open-tickets.mjs", { env: job.env, args: [...args, ...more] });
    expect(told(await run(["--github-host", job.host]))).toEqual({
      ...{ evidence: "oidc", status: 200, ticket: "open", by: idOf("job") },
    });
    await expect(run([])).rejects.toThrow("not an address of GitHub's");
  });

  it("agent-tool: what the model asks for is read with the session's rights, by the evidence that is registered", async () => {
    const { programs, asFunction, idOf, seen } = ground;
    const lines = await programs.run("agent-tool/main.mjs", { env: asFunction("tool-user"), args: ["42"] });
    expect(told(lines)).toEqual({ ticket: "42", by: idOf("tool-user") });
    expect(seen.at(-1)).toBe("tool-user");
  });

  it("mcp: the client steps up once for the second tool, and is refused where the agent may not refund", async () => {
    const { programs, asFunction, idOf, orders, issuer } = ground;
    const port = new URL(orders).port;
    await programs.serve("mcp/server.mjs", { env: { ISSUER: issuer, RESOURCE: orders, PORT: port } });
    const run = (name: string) => programs.run("mcp/client.mjs", { env: { ...asFunction(name), RESOURCE: orders } });
    expect((await run("clerk")).map((line) => JSON.parse(line))).toEqual([
      `read_order o-1 by ${idOf("clerk")}`,
      `refund_order o-1 by ${idOf("clerk")}`,
    ]);
    const [read, refund] = await run("reader");
    expect(read).toContain("read_order o-1 by");
    expect(refund).toMatch(/orders:refund|may|granted/);
    expect(refund).not.toContain("refund_order o-1 by");
  });
});
