import { createRemoteJWKSet, type JWTVerifyResult, jwtVerify } from "jose";
import { type Asked, listen } from "./server.ts";

/** A push that a receiver got (RFC 8935 section 2). */
interface Received {
  readonly headers: Asked["headers"];
  readonly token: string;
  /** What it was answered. */
  readonly status: number;
  readonly atMillis: number;
}

/** A receiver of security events as an API would run it. */
export interface Receiver {
  readonly endpoint: string;
  readonly calls: readonly Received[];
  /** Events that verified, by their claims; none before it has subscribed. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
  /** Answers the next calls with these statuses, once each, whatever comes; then by what the token is worth. */
  fail(...statuses: readonly number[]): void;
  /**
   * Learns the transmitter's keys from its configuration (SSF 1.0 section 7.1), and takes from then on what verifies by
   * them and by jose alone.
   */
  subscribe(issuer: string, audience: string): Promise<void>;
  /** Its cache of the transmitter's keys ends. */
  forgetKeys(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a receiver on a free port of this machine. Before it subscribes it takes whatever comes: others evaluate it then. */
export async function startReceiver(): Promise<Receiver> {
  const [calls, events, failures]: [Received[], Record<string, unknown>[], number[]] = [[], [], []];
  let keys: ReturnType<typeof createRemoteJWKSet> | undefined;
  let verify: ((token: string) => Promise<JWTVerifyResult>) | undefined;
  const evaluate = async (token: string): Promise<{ status: number; body: string }> => {
    const failure = failures.shift();
    if (failure !== undefined) return { status: failure, body: "" };
    try {
      if (verify) events.push((await verify(token)).payload);
      return { status: 202, body: "" };
    } catch (cause) {
      const audience = (cause as { claim?: string }).claim === "aud";
      const said = { err: audience ? "invalid_audience" : "invalid_key", description: "x" };
      return { status: 400, body: JSON.stringify(said) };
    }
  };
  const { origin, close } = await listen(async ({ headers, body: token }) => {
    const { status, body } = await evaluate(token);
    calls.push({ headers, token, status, atMillis: performance.now() });
    return { status, headers: { "content-type": "application/json", connection: "close" }, body };
  });
  return {
    endpoint: `${origin}/events`,
    calls,
    events,
    fail: (...statuses) => void failures.push(...statuses),
    async subscribe(issuer, audience) {
      const answered = await fetch(`${issuer}/.well-known/ssf-configuration`);
      const configuration = (await answered.json()) as { issuer: string; jwks_uri: string };
      const set = createRemoteJWKSet(new URL(configuration.jwks_uri));
      keys = set;
      const wanted = { issuer: configuration.issuer, audience, typ: "secevent+jwt", algorithms: ["RS256"] };
      verify = (token) => jwtVerify(token, set, wanted);
    },
    forgetKeys: async () => keys?.reload(),
    close,
  };
}
