import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach } from "vitest";

/** One request as a platform's token service saw it. */
interface Seen {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** The query as it was sent, twice-named parameters included. */
  readonly search: string;
  readonly headers: IncomingHttpHeaders;
}

/** A token service on this machine that answers what a test wants and remembers what it was asked. */
export function platform() {
  const seen: Seen[] = [];
  const held = { status: 200, headers: {} as Record<string, string>, body: "", port: 0 };
  const server = createServer((request, response) => {
    const { pathname, searchParams, search } = new URL(request.url ?? "/", "http://127.0.0.1");
    seen.push({ path: pathname, query: Object.fromEntries(searchParams), search, headers: request.headers });
    response.writeHead(held.status, held.headers).end(held.body);
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    held.port = (server.address() as AddressInfo).port;
  });
  beforeEach(() => {
    seen.length = 0;
    Object.assign(held, { status: 200, headers: {}, body: "" });
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { seen, answer: held, origin: () => `http://127.0.0.1:${held.port}`, host: () => `127.0.0.1:${held.port}` };
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token by its form: what a source hands on it must look into, not verify. */
export const tokenFor = (aud: unknown, more: object = {}): string =>
  `${encode({ alg: "RS256", kid: "k" })}.${encode({ iss: "https://platform.example", sub: "w", aud, ...more })}.c2ln`;

/** What an attestation asks evidence for. */
export const wanted = {
  issuer: "https://id.example",
  challenge: "challenge-1",
  jkt: "thumbprint-1",
  publicKey: new Uint8Array(91),
};
