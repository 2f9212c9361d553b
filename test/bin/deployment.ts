import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../bin/lanyard/program.ts";
import { tableKeys } from "../../lambdas/env.ts";
import { openCallers } from "../../local/caller.ts";
import { openDynamoDb } from "../../local/dynamodb/engine.ts";
import { variables } from "./ground.ts";

/** What the admin function was sent, with the service its signature is for. */
export interface AdminCall {
  readonly service: string;
  readonly region: string;
  readonly body: unknown;
}

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const body = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

const identityXml = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:sts::111122223333:assumed-role/operator/ada</Arn><UserId>AROAEXAMPLE:ada</UserId><Account>111122223333</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>`;

/** A deployment as the command sees one: signed calls to DynamoDB, STS and the admin URL, and the local run's file. */
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
  const admin = { calls: [] as AdminCall[], status: 200, answer: {} as object };
  const server = createServer(async (request, response) => {
    const content = await body(request);
    const answer = (status: number, text: string) => response.writeHead(status).end(text);
    if (request.url?.startsWith("/.well-known/")) return answer(200, "{}");
    const { method = "", url: target = "", headers } = request;
    const signed = callers.verify({ method, target, headers, body: content });
    if ("code" in signed) return answer(403, JSON.stringify({ Message: signed.message }));
    const operation = String(headers["x-amz-target"] ?? "").split(".")[1];
    if (operation !== undefined) {
      const { status, body: result } = await db.call(operation, JSON.parse(content.toString()));
      response.setHeader("content-type", "application/x-amz-json-1.0");
      return answer(status, JSON.stringify(result));
    }
    if (signed.service === "sts") return answer(200, identityXml);
    admin.calls.push({ service: signed.service, region: signed.region, body: JSON.parse(content.toString()) });
    return answer(admin.status, JSON.stringify(admin.answer));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const folder = await mkdtemp(join(tmpdir(), "lanyard-cli-"));
  const endpoints = {
    issuer: origin,
    admin: `${origin}/`,
    aws: { endpoint: origin, region: "eu-west-1" },
    operator: { credentials },
    deployment: {
      trustDomain: "agents.support-desk.example",
      tables: { registry: "registry", revocations: "revocations", outbox: "outbox" },
      variables,
    },
  };
  const write = async (more: object) => {
    await mkdir(join(folder, ".lanyard"), { recursive: true });
    await writeFile(join(folder, ".lanyard/endpoints.json"), JSON.stringify({ ...endpoints, ...more }));
  };
  await write({});
  return {
    folder,
    admin,
    /** Writes the local run's file anew, with members replaced. */
    write,
    /** Runs a command line in the deployment's folder. */
    async lanyard(args: readonly string[], more: { answer?: boolean; folder?: string } = {}): Promise<Ended> {
      const [out, err]: [string[], string[]] = [[], []];
      const { answer } = more;
      const ask = answer === undefined ? {} : { ask: async () => answer };
      const terminal = {
        out: (line: string) => void out.push(line),
        err: (line: string) => void err.push(line),
        ...ask,
      };
      const code = await run(args, { terminal, env: {}, folder: more.folder ?? folder });
      return { code, out: out.join("\n"), err: err.join("\n") };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await db.close();
      await rm(folder, { recursive: true });
    },
  };
}
