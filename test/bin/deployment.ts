import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { run } from "../../bin/lanyard/program.ts";
import type { LeafPlace } from "../../core/admin/read/leaf-place.ts";
import { createAdminReadEndpoint } from "../../core/endpoints/admin-read.ts";
import { createAdminWriteEndpoint } from "../../core/endpoints/admin-write.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { openOperator } from "../kit/embedded/callers.ts";
import { variables } from "../kit/example.ts";
import { randomIds } from "../kit/keys.ts";
import { aggregateInto } from "../kit/memory/aggregate.ts";
import { MemoryLimiter } from "../kit/memory/limiter.ts";
import { MemoryRegistry } from "../kit/memory/registry-store.ts";
import { memoryQueries } from "../kit/memory/session-queries.ts";
import { MemoryStore } from "../kit/memory/store.ts";
import { toRecord } from "../kit/records.ts";
import { listen } from "../kit/wire/server.ts";

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

const operator = { arn: "arn:aws:sts::111122223333:assumed-role/operator/ada", uniqueId: "AROAEXAMPLE" };

/** A deployment as the command sees one: signed calls to the admin URLs, and the local run's file. */
export async function openDeployment() {
  const { credentials, verify } = openOperator();
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
  const server = await listen(async (request) => {
    const { method, target, body } = request;
    if (target.startsWith("/.well-known/")) return { body: "{}" };
    const signed = verify(request);
    asked.push(`${method} ${target}`);
    if ("code" in signed) return { status: 403, body: JSON.stringify({ Message: signed.message }) };
    if (target.startsWith("/write/")) {
      const path = target.slice("/write".length);
      const call = { method, url: target, path, contentType: "application/json", dpop: [], requestId: "r" };
      const { status, body: said } = await write.endpoint({ ...call, body }, operator);
      return { status, body: said };
    }
    if (target.startsWith("/read/")) {
      // a function that fails answers so
      const failed = { status: 500, body: { error: "server_error", error_description: "no tables" } };
      const { status, body: said } = await read.answer(target.slice("/read".length)).catch(() => failed);
      return { status, body: JSON.stringify(said) };
    }
    admin.calls.push({ service: signed.service, region: signed.region, body: JSON.parse(body) });
    return { status: admin.status, body: JSON.stringify(admin.answer) };
  });
  const { origin } = server;
  const write = registryFunctions(origin);
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
    /** Where admin-read says that records stand, by their events' ids. */
    leaves: write.leaves,
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
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** The functions behind the writing and the reading URL, over a registry of their own and no sessions. */
function registryFunctions(issuer: string) {
  const outbox = new MemoryStore();
  const ground = {
    clock: { nowMillis: () => Date.now() },
    ids: randomIds,
    toRecord,
    outbox,
    aggregate: aggregateInto([]),
    issuer,
    trustDomain: "agents.support-desk.example",
    registry: new MemoryRegistry(),
    cedar,
  };
  const { queries } = memoryQueries(outbox);
  const leaves = new Map<string, LeafPlace>();
  const placeOf = async (eventId: string) => leaves.get(eventId);
  const policy = createCedarEngine(cedar);
  const people = { people: outbox, limiter: new MemoryLimiter(ground.clock) };
  const reading = createAdminReadEndpoint({
    ...ground,
    ...people,
    budgets: outbox.budgets,
    queries,
    policy,
    leaves: { placeOf },
  });
  return { endpoint: createAdminWriteEndpoint(ground), reading, leaves };
}
