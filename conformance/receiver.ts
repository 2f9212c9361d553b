import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ReceivedEvent } from "./ground.ts";

/** A receiver of security events (RFC 8935) that takes whatever comes; rows evaluate it. */
interface Receiver {
  readonly endpoint: string;
  readonly events: ReceivedEvent[];
  close(): Promise<void>;
}

const eventBytes = 65_536;

/** Starts one on a free port of this machine. */
export async function startReceiver(audience: string): Promise<Receiver> {
  const events: ReceivedEvent[] = [];
  const server = createServer(async (request, response) => {
    let token = "";
    for await (const part of request) {
      token += String(part);
      if (token.length > eventBytes) return request.destroy();
    }
    const { accept = "" } = request.headers;
    events.push({ token, contentType: request.headers["content-type"] ?? "", accept, audience });
    return response.writeHead(202, { connection: "close" }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`, events, close };
}
