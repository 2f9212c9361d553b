import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, createServer as createSocketServer } from "node:net";

/** Longest body that is read; whoever sends more is cut off. */
const bodyBytes = 1_048_576;

/** A request as a server got it, its body read to the end. */
export interface Asked {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body before it was read as text: signatures are over bytes. */
  readonly bytes: Buffer;
  /** As Node gives it, for what evaluates whole requests. */
  readonly request: IncomingMessage;
}

/** What a server answers: 200 with nothing unless it says more. */
export interface Answered {
  readonly status?: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
}

/** Answers one request; whoever returns nothing writes the answer itself, slowly, in pieces or never. */
type Answering = (
  asked: Asked,
  response: ServerResponse,
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that writes for itself has nothing to return
) => Answered | void | Promise<Answered | void>;

/** One handler for all, or an answer a path; other paths are not found. */
export type Answers = Answering | Readonly<Record<string, Answered | Answering>>;

/** A server on a free port of this machine. */
export interface Listening {
  readonly origin: string;
  readonly port: number;
  /** Requests in the order they came whole. */
  readonly asked: Asked[];
  /** Ends it and every connection to it; a second call does nothing. */
  close(): Promise<void>;
}

/** Starts a server, on 127.0.0.1 alone; whoever starts it closes it. Tests start theirs by `serve` and `serveAll`. */
export async function listen(answers: Answers): Promise<Listening> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    try {
      const one = await readWhole(request);
      asked.push(one);
      const found = typeof answers === "function" ? answers : (answers[one.path] ?? { status: 404 });
      const answer = typeof found === "function" ? await found(one, response) : found;
      if (answer) response.writeHead(answer.status ?? 200, answer.headers ?? {}).end(answer.body ?? "");
    } catch (cause) {
      // a handler that throws is a test's mistake: its client must not wait for an answer that never comes
      response.destroy(cause as Error);
    }
  });
  return { ...(await opened(server)), asked };
}

/**
 * Starts somebody else's application, as a framework makes it, on a free port of this machine; whoever starts it closes
 * it.
 */
export const listenWith = (listener: RequestListener): Promise<Omit<Listening, "asked">> =>
  opened(createServer(listener));

async function opened(server: Server): Promise<Omit<Listening, "asked">> {
  // a client takes up its connection again after a pause; Node's five seconds cut some off in the middle of a call
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { origin: `http://127.0.0.1:${port}`, port, close };
}

async function readWhole(request: IncomingMessage): Promise<Asked> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > bodyBytes) throw new Error("the body is longer than a test sends");
    parts.push(part);
  }
  const bytes = Buffer.concat(parts);
  const { method = "", url: target = "", headers } = request;
  const { pathname: path, searchParams: query } = new URL(target, "http://127.0.0.1");
  return { method, target, path, query, headers, bytes, body: bytes.toString(), request };
}

/** Takes a port, so that nobody else can; zero takes a free one. */
export async function occupy(wanted: number): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createSocketServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(wanted, "127.0.0.1", resolve));
  const close = () => new Promise<void>((resolve) => void server.close(() => resolve()));
  return { port: (server.address() as AddressInfo).port, close };
}
