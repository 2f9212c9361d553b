import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { run } from "../../bin/lanyard/program.ts";
import { createAdminReadEndpoint } from "../../core/endpoints/admin-read.ts";
import { createAdminWriteEndpoint } from "../../core/endpoints/admin-write.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { createOutbox } from "../../lambdas/aws/dynamodb/outbox.ts";
import { createRegistryStore } from "../../lambdas/aws/dynamodb/registry/registry-writer.ts";
import { createSessionQueries } from "../../lambdas/aws/dynamodb/sessions/session-queries.ts";
import { tableKeys } from "../../lambdas/env.ts";
import type { Credentials } from "../../local/demo/endpoints.ts";
import { openDynamoDb } from "../../local/emulator/dynamodb/engine.ts";
import { openCallers } from "../../local/emulator/iam/caller.ts";
import { randomIds } from "../kit/keys.ts";
import { aggregateInto } from "../kit/memory/aggregate.ts";
import { variables } from "./ground.ts";

/** What the admin function was sent, with the service its signature is for. */
interface AdminCall {
  readonly service: string;
  readonly region: string;
  readonly body: unknown;
}

/** How a command ended. */
interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Where a command is called. */
interface Surroundings {
  /** What a question is answered; yes unless told otherwise. */
  readonly answer?: boolean | "nobody";
  readonly folder?: string;
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
}

const body = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

const operator = { arn: "arn:aws:sts::111122223333:assumed-role/operator/ada", uniqueId: "AROAEXAMPLE" };

/** A deployment as the command sees one: signed calls to DynamoDB and the admin URLs, and the local run's file. */
export async function openDeployment() {
  const db = await openDynamoDb();
  for (const table of ["registry", "revocations", "outbox"] as const) {
    const names: string[] = Object.values(tableKeys[table]);
    await db.call("CreateTable", {
      TableName: table,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      KeySchema: names.map((AttributeName, i) => ({ AttributeName, KeyType: i === 0 ? "HASH" : "RANGE" })),
    });
  }
  const callers = openCallers();
  const credentials = callers.issue({
    roleArn: "arn:aws:iam::111122223333:role/operator",
    sessionName: "ada",
    tags: {},
  });
  /** Answers what is asked of admin-read, whose signature was good: the registry there is, or what a test puts behind it. */
  const read: { answer: (target: string) => Promise<{ status: number; body: unknown }> } = {
    async answer(target) {
      const [path = "", query = ""] = target.split("?");
      const call = {
        method: "GET",
        url: target,
        path,
        query,
        contentType: undefined,
        body: "",
        dpop: [],
        requestId: "r",
      };
      const { status, body: text } = await write.reading(call, operator);
      return { status, body: JSON.parse(text) };
    },
  };
  const progress: string[] = [];
  const asked: string[] = [];
  const questions: string[] = [];
  const admin = { calls: [] as AdminCall[], status: 200, answer: {} as object };
  const server = createServer(async (request, response) => {
    const content = await body(request);
    const answer = (status: number, text: string) => response.writeHead(status).end(text);
    if (request.url?.startsWith("/.well-known/")) return answer(200, "{}");
    const { method = "", url: target = "", headers } = request;
    const signed = callers.verify({ method, target, headers, body: content });
    asked.push(`${method} ${target}`);
    if ("code" in signed) return answer(403, JSON.stringify({ Message: signed.message }));
    const operation = String(headers["x-amz-target"] ?? "").split(".")[1];
    if (operation !== undefined) {
      const { status, body: result } = await db.call(operation, JSON.parse(content.toString()));
      response.setHeader("content-type", "application/x-amz-json-1.0");
      return answer(status, JSON.stringify(result));
    }
    if (target.startsWith("/write/")) {
      const path = target.slice("/write".length);
      const call = { method, url: target, path, contentType: "application/json", dpop: [], requestId: "r" };
      const reply = await write.endpoint({ ...call, body: content.toString() }, operator);
      return answer(reply.status, reply.body);
    }
    if (target.startsWith("/read/")) {
      // a function that fails answers so; the tables of sessions are not here unless a test puts something behind it
      const failed = { status: 500, body: { error: "server_error", error_description: "no tables" } };
      const { status, body: said } = await read.answer(target.slice("/read".length)).catch(() => failed);
      return answer(status, JSON.stringify(said));
    }
    admin.calls.push({ service: signed.service, region: signed.region, body: JSON.parse(content.toString()) });
    return answer(admin.status, JSON.stringify(admin.answer));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const write = registryWriter(origin, credentials);
  const folder = await mkdtemp(join(tmpdir(), "lanyard-cli-"));
  const endpoints = {
    issuer: origin,
    admin: `${origin}/`,
    adminWrite: `${origin}/write/`,
    adminRead: `${origin}/read/`,
    auditFolder: join(folder, "audit"),
    aws: { endpoint: origin, region: "eu-west-1" },
    operator: { credentials },
    deployment: {
      trustDomain: "agents.support-desk.example",
      tables: { registry: "registry", revocations: "revocations", outbox: "outbox" },
      variables,
    },
  };
  const writeFileAnew = async (more: object) => {
    await mkdir(join(folder, ".lanyard"), { recursive: true });
    await writeFile(join(folder, ".lanyard/endpoints.json"), JSON.stringify({ ...endpoints, ...more }));
  };
  await writeFileAnew({});
  return {
    folder,
    admin,
    read,
    /** What the last command showed of its progress. */
    progress,
    /** What the last command called, method and target. */
    asked,
    /** What the last command wanted to be told yes to. */
    questions,
    /** Where all of it answers. */
    origin,
    /** Writes the local run's file anew, with members replaced. */
    write: writeFileAnew,
    /** Runs a command line in the deployment's folder. */
    async lanyard(args: readonly string[], more: Surroundings = {}): Promise<Ended> {
      const [out, err]: [string[], string[]] = [[], []];
      progress.length = 0;
      asked.length = 0;
      const { answer = true, env = {} } = more;
      questions.length = 0;
      const ask =
        answer === "nobody" ? {} : { ask: async (question: string) => questions.push(question) > 0 && answer };
      const terminal = {
        out: (line: string) => void out.push(line),
        err: (line: string) => void err.push(line),
        ...ask,
        ...(more.columns === undefined ? {} : { columns: more.columns }),
        progress: (text: string) => void (text === "" || progress.push(text)),
      };
      const code = await run(args, { terminal, env, folder: more.folder ?? folder });
      return { code, out: out.join("\n"), err: err.join("\n") };
    },
    async close() {
      write.dynamo.destroy();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await db.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** The functions behind the writing and the reading URL, over the deployment's own tables. */
function registryWriter(origin: string, credentials: Credentials) {
  const dynamo = new DynamoDBClient({ endpoint: origin, region: "eu-west-1", credentials });
  const tables = { registry: "registry", revocations: "revocations", outbox: "outbox" };
  const all = {
    ...tables,
    sessions: "sessions",
    subjects: "subjects",
    markers: "markers",
    counters: "counters",
    tombstones: "tombstones",
    lists: "lists",
    traces: "traces",
  };
  const client = DynamoDBDocumentClient.from(dynamo);
  const outbox = createOutbox(client, all);
  const ground = {
    clock: { nowMillis: () => Date.now() },
    ids: randomIds,
    outbox,
    aggregate: aggregateInto([]),
    issuer: origin,
    trustDomain: "agents.support-desk.example",
    registry: createRegistryStore(client, all),
    cedar,
  };
  const queries = createSessionQueries(client, all);
  const reading = createAdminReadEndpoint({ ...ground, queries, policy: createCedarEngine(cedar) });
  return { dynamo, endpoint: createAdminWriteEndpoint(ground), reading };
}
