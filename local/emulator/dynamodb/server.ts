import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { DynamoDb } from "./engine.ts";
import { EngineStopped } from "./refusal.ts";

/** DynamoDB takes 16 MB a request. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const TARGET_PREFIX = "DynamoDB_20120810.";

/**
 * A bare HTTP front, so that tests can point the real SDK client at an engine. No signature is checked: the embedded cloud's
 * own dispatcher does that. Bound to 127.0.0.1 only.
 */
export async function startDynamoServer(db: DynamoDb): Promise<{ endpoint: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    answer(db, request, response).catch((error: unknown) => {
      /** A played crash leaves the caller without an answer, as a real one would. */
      if (error instanceof EngineStopped) return request.socket.destroy();
      send(response, 500, { __type: "com.amazonaws.dynamodb.v20120810#InternalServerError", message: String(error) });
    });
  });
  // a client takes up its connection again after a pause; Node's five seconds cut some off in the middle of a call
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A refusal before the engine was asked. */
interface Refused {
  readonly status: number;
  readonly type: string;
  readonly message: string;
}

async function answer(db: DynamoDb, request: IncomingMessage, response: ServerResponse): Promise<void> {
  /** A page in a browser could reach this port under another name (DNS rebinding). */
  const host = (request.headers.host ?? "").replace(/:\d+$/, "");
  if (host !== "127.0.0.1" && host !== "localhost")
    return refuse(response, { status: 403, type: "AccessDeniedException", message: "unknown host" });
  const target = String(request.headers["x-amz-target"] ?? "");
  if (request.method !== "POST" || !target.startsWith(TARGET_PREFIX))
    return refuse(response, { status: 400, type: "UnknownOperationException", message: "not a DynamoDB call" });
  const text = await readBody(request);
  if (text === undefined)
    return refuse(response, {
      status: 413,
      type: "RequestEntityTooLargeException",
      message: "the request is larger than 16 MB",
    });
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    return refuse(response, { status: 400, type: "SerializationException", message: "the request is not JSON" });
  }
  const { status, body } = await db.call(target.slice(TARGET_PREFIX.length), input);
  send(response, status, body);
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function refuse(response: ServerResponse, { status, type, message }: Refused): void {
  send(response, status, { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/x-amz-json-1.0",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}
