import type { IncomingHttpHeaders } from "node:http";
import { beforeEach } from "vitest";
import { serveAll } from "../kit/serve.ts";

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
  const held = { status: 200, headers: {} as Record<string, string>, body: "" };
  const server = serveAll(({ path, target, query, headers }) => {
    const search = new URL(target, "http://127.0.0.1").search;
    seen.push({ path, query: Object.fromEntries(query), search, headers });
    return held;
  });
  beforeEach(() => {
    seen.length = 0;
    Object.assign(held, { status: 200, headers: {}, body: "" });
  });
  return { seen, answer: held, origin: () => server.origin, host: () => `127.0.0.1:${server.port}` };
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
