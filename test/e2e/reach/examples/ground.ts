import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { awsStsWebIdentity } from "../../../../client/evidence/aws-sts-web-identity.ts";
import { createAgent } from "../../../../client/index.ts";
import { createResourceServer, type ResourceServer } from "../../../../client/verify.ts";
import { raiseWorld } from "../../../../local/demo/story/world.ts";
import { readAssembly } from "../../../../local/emulator/cloudformation/assembly.ts";
import { outcomeOf } from "../../../kit/outcome.ts";
import { freeRow } from "../../../kit/ports.ts";
import { localStage } from "../../../kit/stage.ts";
import { listen } from "../../../kit/wire/server.ts";
import { startForeignPlatform } from "../../attestation/foreign-platform.ts";
import { openPrograms } from "./programs.ts";

const subject = "repo:acme/desk:ref:refs/heads/main";
const cluster = "agents";
const taskId = "0123456789abcdef0123456789abcdef";

/** Every agent of the examples, by what proves it. */
function rowsOf(at: { tickets: string; research: string; orders: string; platform: string }) {
  const owner = { owner: "examples@support-desk.example", sponsor: "examples@support-desk.example", state: "active" };
  const role = (name: string) => `arn:aws:iam::\${account}:role/${name}`;
  const byRole = (name: string) => [{ type: "aws-sts-web-identity", exact: { roleArn: role(name) } }];
  const agent = (name: string, selectors: readonly object[], may: readonly object[], more: object = {}) => ({
    ...{ kind: "agent", name, ...owner, selectors, may, lends: may, ...more },
  });
  const reads = [{ resource: at.tickets, scopes: ["tickets:read"] }];
  const asks = { resource: at.research, scopes: ["research:ask"] };
  const orders = (...scopes: readonly string[]) => [{ resource: at.orders, scopes }];
  return [
    agent("planner", byRole("two-functions-planner"), [asks, ...reads]),
    agent("researcher", byRole("two-functions-researcher"), reads),
    agent(
      "digest",
      [{ type: "ecs-task", exact: { roleArn: role("agents/researcher-task"), cluster, family: "researcher" } }],
      reads,
    ),
    agent("tool-user", [{ type: "aws-sts-caller-identity", exact: { roleArn: role("tool-user") } }], reads),
    agent("clerk", byRole("examples/clerk"), orders("orders:read", "orders:refund")),
    agent("reader", byRole("examples/reader"), orders("orders:read")),
    agent("keeper", byRole("examples/keeper"), []),
    agent("job", [{ type: "oidc", exact: { issuer: at.platform, subject } }], reads, { minimumAssurance: "document" }),
    { kind: "resource", name: "tickets", uri: at.tickets, servedBy: "keeper", scopes: ["tickets:read"] },
    { kind: "resource", name: "research", uri: at.research, servedBy: "researcher", scopes: ["research:ask"] },
    { kind: "resource", name: "orders", uri: at.orders, servedBy: "keeper", scopes: ["orders:read", "orders:refund"] },
    {
      ...{ kind: "entailment", name: "research-reads-tickets", agent: "researcher" },
      from: { resource: at.research, scope: "research:ask" },
      to: { resource: at.tickets, scopes: ["tickets:read"] },
    },
    {
      ...{ kind: "trusted-issuer", name: "workloads", purpose: "aws-sts", issuer: "${stsIssuer}" },
      ...{ algorithms: ["ES384", "RS256"], account: "${account}" },
    },
    { kind: "policy", name: "permits", cedar: "permit (principal, action, resource);" },
    { kind: "trusted-issuer", name: "ci", purpose: "workload", issuer: at.platform, algorithms: ["ES256"] },
  ];
}

/** The embedded cloud with the functions of the examples in it, and what their programs reach besides. */
export async function openGround() {
  const programs = openPrograms();
  const platform = await startForeignPlatform();
  let guard: ResourceServer | undefined;
  const seen: string[] = [];
  const desk = await listen(async ({ request, path }) => {
    const judged = guard && (await outcomeOf(guard.authenticate(request)));
    if (!judged) return { status: 503 };
    if (!judged.ok) return judged.error.reply;
    const { access } = judged.value;
    seen.push([...access.history, access.agent].map((id) => id.split("/").at(-1)).join(" for "));
    const headers = { "content-type": "application/json", ...judged.value.answerHeaders };
    return { headers, body: JSON.stringify({ ticket: path.slice(1), by: access.agent }) };
  });
  const [domain, orders] = [`127.0.0.1:${await freeRow(1)}`, `http://127.0.0.1:${await freeRow(1)}/mcp`];
  const research = "https://research.examples.example";
  const tickets = desk.origin;
  const { region, account, trustDomain } = localStage();
  const deployed = await programs.synthesize("two-functions", {
    ...{ account, region },
    context: {
      ...{ stage: "local", trustDomain, domain, resource: research, servedAt: `http://${domain}`, tickets },
      certificate: `arn:aws:acm:${region}:${account}:certificate/local`,
      code: await programs.functions("two-functions", ["planner", "researcher"]),
    },
  });
  const rows = rowsOf({ tickets, research, orders, platform: platform.issuer });
  const registry = join(programs.folder, "registry");
  mkdirSync(registry);
  writeFileSync(join(registry, "rows.yaml"), rows.map((row) => stringify(row)).join("---\n"));
  const beside = readAssembly(deployed);
  const world = await raiseWorld({ memory: true, registry, applications: [], beside, onProgress: () => undefined });
  const { issuer, aws, agents } = world.endpoints;
  const registered = (name: string) => {
    const found = agents[name];
    if (!found) throw new Error(`no agent ${name}`);
    return found;
  };
  /** What a workload of an agent's role finds in its environment. */
  const roleOf = (credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string }) => ({
    AWS_REGION: region,
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
  });
  const keeper = registered("keeper");
  const evidence = awsStsWebIdentity({ ...aws, credentials: { ...keeper.credentials } });
  guard = createResourceServer({
    ...{ issuer, resource: tickets, mode: "introspect" },
    agent: createAgent({ issuer, agent: keeper.id, evidence }),
  });
  const metadata = await listen({
    [`/v4/${taskId}/task`]: {
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ Cluster: `arn:aws:ecs:${region}:${account}:cluster/${cluster}`, Family: "researcher" }),
    },
  });
  const github = await listen(({ query, headers }) => ({
    ...(headers.authorization === "bearer request-token" ? {} : { status: 401 }),
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      value: platform.token({
        iss: platform.issuer,
        sub: subject,
        aud: query.get("audience"),
        jti: crypto.randomUUID(),
      }),
    }),
  }));
  return {
    ...{ issuer, tickets, orders, programs, seen, world, account, region },
    idOf: (name: string) => registered(name).id,
    /** The environment of a function with an agent's role. */
    asFunction: (name: string) => ({
      ...{ AWS_LAMBDA_FUNCTION_NAME: name, ISSUER: issuer, AGENT: registered(name).id, TICKETS: tickets },
      ...roleOf(registered(name).credentials),
    }),
    /** The environment of a task that ECS started for the agent `digest`. */
    asTask: (image: string) => ({
      ...{ ISSUER: issuer, AGENT: registered("digest").id, TICKETS: tickets },
      ECS_CONTAINER_METADATA_URI_V4: `${metadata.origin}/v4/${taskId}`,
      ...roleOf(
        world.cloud.addWorkload({
          ...{ name: taskId, roleArn: `arn:aws:iam::${account}:role/agents/researcher-task` },
          task: { cluster, definition: "researcher:1", containers: [{ name: "agent", imageDigest: image }] },
        }),
      ),
    }),
    /** The environment of a job, and the host that plays GitHub's. */
    job: {
      host: `127.0.0.1:${github.port}`,
      env: {
        ...{ GITHUB_ACTIONS: "true", GITHUB_RUN_ID: "7" },
        ACTIONS_ID_TOKEN_REQUEST_URL: `${github.origin}/token?api-version=2`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: "request-token",
      },
    },
    close: async () => {
      programs.close();
      await Promise.all([world.close(), desk.close(), metadata.close(), github.close(), platform.close()]);
    },
  };
}

export type Ground = Awaited<ReturnType<typeof openGround>>;
