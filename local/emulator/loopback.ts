/** HTTP servers that only this machine can reach, and only by their own name. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A listening server. */
export interface Loopback {
  readonly port: number;
  /** `127.0.0.1:PORT` */
  readonly host: string;
  close(): Promise<void>;
}

/** Handles a request whose Host header was found right. */
export type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/** Where a server listens, and what it is called. */
interface Address {
  /** Port to try first; one that is taken is replaced by a free one. Absent or 0: any free one. */
  readonly wanted?: number;
  /** Refuse instead of taking another port. */
  readonly strict?: boolean;
  /** Other names it goes by; only such as no stranger can point at this machine. */
  readonly names?: readonly string[] | undefined;
}

/** Listens on 127.0.0.1. */
export async function listen(
  handle: Handle,
  { wanted = 0, strict = false, names = [] }: Address = {},
): Promise<Loopback> {
  let own = "";
  const server = createServer((request, response) => {
    // A page whose DNS name was rebound to 127.0.0.1 sends its own name: without this check it could drive the cloud.
    const { host = "" } = request.headers;
    if (host !== own && !names.includes(host)) {
      response.writeHead(403, { "content-type": "application/json" }).end('{"Message":"Forbidden"}');
      return;
    }
    Promise.resolve(handle(request, response)).catch(() => {
      if (!response.headersSent) response.writeHead(500, { "content-type": "application/json" });
      response.end('{"__type":"InternalFailure"}');
    });
  });
  server.keepAliveTimeout = 65_000;
  await bind(server, wanted).catch((thrown: NodeJS.ErrnoException) => {
    if (strict || wanted === 0 || thrown.code !== "EADDRINUSE") throw thrown;
    return bind(server, 0);
  });
  const { port } = server.address() as AddressInfo;
  own = `127.0.0.1:${port}`;
  return {
    port,
    host: own,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function bind(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/**
 * Reads a request's body.
 * @param mostBytes bound; a longer body gives undefined and is not kept
 */
export async function readBody(request: IncomingMessage, mostBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= mostBytes) chunks.push(chunk);
  }
  return bytes <= mostBytes ? Buffer.concat(chunks) : undefined;
}
