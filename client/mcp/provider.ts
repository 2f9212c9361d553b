import type {
  DpopSession,
  OAuthClientProvider,
  StreamableHTTPClientTransport,
  StreamableHTTPClientTransportOptions,
} from "@modelcontextprotocol/client";
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import type { KeyPair } from "../agent/agent-key.ts";
import type { Fetch } from "../http.ts";
import { secureUrl } from "../url.ts";
import { answersOf } from "./answers.ts";
import type { McpProviderInput } from "./provider-input.ts";
import { createSignIns } from "./sign-in.ts";

/** A provider of the official SDK for one MCP server, and the transport that uses it. */
export interface McpProvider extends OAuthClientProvider {
  /** A transport to the server with this provider; `options` are the SDK's. */
  transport(options?: StreamableHTTPClientTransportOptions): Promise<StreamableHTTPClientTransport>;
  /**
   * Ends a sign-in, with the URL that the browser came back to; then the call that threw `UnauthorizedError` is made
   * again.
   * @throws LanyardError `request_refused` when it is the answer to no sign-in of this provider
   */
  signedIn(transport: StreamableHTTPClientTransport, callback: string): Promise<void>;
  /** For transports that are made elsewhere: it refuses to carry the token anywhere but to the server. */
  readonly fetch: Fetch;
}

/**
 * Creates an `OAuthClientProvider` of `@modelcontextprotocol/client`, which is to be installed beside this package. It
 * takes any client authentication and any grant, binds tokens to a key (RFC 9449), with nonces, and keeps them as long
 * as it lives. It asks for the authorization details that the server's refusals name, and never sends an assertion
 * again that was refused.
 * @throws LanyardError `insecure_url`
 */
export async function createMcpProvider(input: McpProviderInput): Promise<McpProvider> {
  const { server, client, issuer, dpop = "required" } = input;
  const url = secureUrl(server, "server");
  if (issuer !== "as-discovered") secureUrl(issuer, "issuer");
  const session = dpop === "never" ? undefined : await dpopSession(client.key ?? input.key);
  const signIns = createSignIns(input.grant?.signIn);
  const provider = answersOf({ ...input, dpop }, session, signIns);
  return {
    ...provider,
    async transport(options = {}) {
      const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
      return new StreamableHTTPClientTransport(url, { ...options, authProvider: provider, fetch: provider.fetch });
    },
    async signedIn(transport, callback) {
      const answered = new URL(callback).searchParams;
      signIns.expect(answered.get("state"));
      await transport.finishAuth(answered);
    },
  };
}

async function dpopSession(given: KeyPair | undefined): Promise<DpopSession> {
  const { DpopSession } = await import("@modelcontextprotocol/client");
  const { publicKey, privateKey } = given ?? (await generateKeyPair("ES256", { extractable: false }));
  const { kty, crv, x, y } = await exportJWK(publicKey);
  if (kty !== "EC" || crv !== "P-256" || x === undefined || y === undefined)
    throw new TypeError("the key is a P-256 key pair");
  const publicJwk = { kty, crv, x, y };
  const thumbprint = await calculateJwkThumbprint(publicJwk);
  return DpopSession.create({ keyPair: { publicKey, privateKey, publicJwk, thumbprint, alg: "ES256" } });
}
