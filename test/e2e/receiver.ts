import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createRemoteJWKSet, type JWTVerifyResult, jwtVerify } from "jose";

/** A call a receiver got. */
interface Received {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly token: string;
  /** What it was answered. */
  readonly status: number;
  readonly atMillis: number;
}

/** A receiver of security events as an API would run it: it verifies by what the transmitter publishes and by jose alone. */
export interface Receiver {
  readonly endpoint: string;
  readonly calls: Received[];
  /** Events that verified, by their claims. */
  readonly events: Record<string, unknown>[];
  /** Answers the next calls with these statuses, once each, whatever comes; then by what the token is worth. */
  fail(...statuses: readonly number[]): void;
  /** Learns the transmitter's keys from its configuration (SSF 1.0 section 7.1). */
  subscribe(issuer: string, audience: string): Promise<void>;
  /** Its cache of the transmitter's keys ends. */
  forgetKeys(): Promise<void>;
  close(): void;
}

/** Starts a receiver on a free port of this machine. */
export async function startReceiver(): Promise<Receiver> {
  const calls: Received[] = [];
  const events: Record<string, unknown>[] = [];
  const failures: number[] = [];
  let keys: ReturnType<typeof createRemoteJWKSet> | undefined;
  let verify: ((token: string) => Promise<JWTVerifyResult>) | undefined;
  const evaluate = async (token: string): Promise<{ status: number; body: string }> => {
    const failure = failures.shift();
    if (failure !== undefined) return { status: failure, body: "" };
    try {
      const { payload } = (await verify?.(token)) ?? { payload: undefined };
      if (!payload) return { status: 500, body: "" };
      events.push(payload);
      return { status: 202, body: "" };
    } catch (cause) {
      const audience = (cause as { claim?: string }).claim === "aud";
      return {
        status: 400,
        body: JSON.stringify({ err: audience ? "invalid_audience" : "invalid_key", description: "x" }),
      };
    }
  };
  const server: Server = createServer((request, response) => {
    let token = "";
    request.on("data", (chunk: Buffer) => {
      token += chunk.toString("utf8");
    });
    request.on("end", async () => {
      const { status, body } = await evaluate(token);
      calls.push({ headers: request.headers, token, status, atMillis: performance.now() });
      response.writeHead(status, { "content-type": "application/json", connection: "close" }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    calls,
    events,
    fail: (...statuses) => void failures.push(...statuses),
    async subscribe(issuer, audience) {
      const configuration = (await (await fetch(`${issuer}/.well-known/ssf-configuration`)).json()) as {
        issuer: string;
        jwks_uri: string;
      };
      const set = createRemoteJWKSet(new URL(configuration.jwks_uri));
      keys = set;
      verify = (token) =>
        jwtVerify(token, set, { issuer: configuration.issuer, audience, typ: "secevent+jwt", algorithms: ["RS256"] });
    },
    forgetKeys: async () => keys?.reload(),
    close: () => void server.close(),
  };
}
