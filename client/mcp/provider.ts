import type {
  DpopSession,
  OAuthClientProvider,
  StoredOAuthTokens,
  StreamableHTTPClientTransport,
  StreamableHTTPClientTransportOptions,
} from "@modelcontextprotocol/client";
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import type { AuthorizationDetail } from "../../core/model/session.ts";
import type { KeyPair } from "../agent/agent-key.ts";
import { LanyardError } from "../error.ts";
import type { Fetch } from "../http.ts";
import { secureUrl } from "../url.ts";
import { askedDetails } from "./asked-details.ts";
import type { ClientAuthentication } from "./authentication.ts";
import { clientCredentials, type Grant, withoutRepeats } from "./grants.ts";
import { createSignIns, type SignIns } from "./sign-in.ts";

/** Input of {@link createMcpProvider}. */
export interface McpProviderInput {
  /** The MCP server's URL. The provider's tokens go nowhere else (threat 43). */
  readonly server: string;
  /**
   * The authorization server's issuer. A server that names another one gets nothing: it could otherwise have the client
   * show its secret, its assertion or its workload's document to whom it likes. `"as-discovered"` takes what the server
   * says; only for clients that have nothing to lose.
   */
  readonly issuer: string;
  readonly client: ClientAuthentication;
  /** Client credentials when left out. */
  readonly grant?: Grant;
  /**
   * `required`: a token that is not bound to the key is not taken. `preferred`: it is, where a server knows no better.
   * `never`: no proof is sent. `required` when left out.
   */
  readonly dpop?: "required" | "preferred" | "never";
  /** A P-256 key pair; a new one for this process, or the client's own, when left out. */
  readonly key?: KeyPair;
  /** Scopes to ask for where the server names none. */
  readonly scope?: string;
  /** Authorization details (RFC 9396) to ask for where the server names none. */
  readonly details?: readonly AuthorizationDetail[];
  readonly fetch?: Fetch;
}

/** A provider of the official SDK for one MCP server, and the transport that uses it. */
export interface McpProvider extends OAuthClientProvider {
  /** A transport to the server with this provider; `options` are the SDK's. */
  transport(options?: StreamableHTTPClientTransportOptions): Promise<StreamableHTTPClientTransport>;
  /**
   * Ends a sign-in, with the URL that the browser came back to; then the call that threw `UnauthorizedError` is made again.
   * @throws LanyardError `request_refused` when it is the answer to no sign-in of this provider
   */
  signedIn(transport: StreamableHTTPClientTransport, callback: string): Promise<void>;
  /** For transports that are made elsewhere: it refuses to carry the token anywhere but to the server. */
  readonly fetch: Fetch;
}

/**
 * Creates an `OAuthClientProvider` of `@modelcontextprotocol/client`, which is to be installed beside this package. It
 * takes any client authentication and any grant, binds tokens to a key (RFC 9449), with nonces, and keeps them as long as
 * it lives. It asks for the authorization details that the server's refusals name, and never sends an assertion again
 * that was refused.
 * @throws LanyardError `insecure_url`
 */
export async function createMcpProvider(input: McpProviderInput): Promise<McpProvider> {
  const { server, client, issuer, dpop = "required" } = input;
  const url = secureUrl(server, "server");
  if (issuer !== "as-discovered") secureUrl(issuer, "issuer");
  const session = dpop === "never" ? undefined : await dpopSession(client.key ?? input.key);
  const signIns = createSignIns(input.grant?.signIn);
  const provider = providerOf({ ...input, dpop }, session, signIns);
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

/** What the SDK asks, answered. */
function providerOf(input: McpProviderInput, session: DpopSession | undefined, signIns: SignIns) {
  const { client, server, scope: usual } = input;
  const usualDetails = input.details && JSON.stringify(input.details);
  const { grant, refused } = withoutRepeats(input.grant ?? clientCredentials());
  let tokens: StoredOAuthTokens | undefined;
  const carries = (headers: Headers) =>
    tokens !== undefined && headers.get("authorization")?.split(" ").at(-1) === tokens.access_token;
  const details = askedDetails(input.fetch ?? ((url, init) => globalThis.fetch(url, init)), server, carries);
  const found = { issuer: "", resource: server };
  return {
    redirectUrl: grant.signIn?.redirectUrl,
    clientMetadata: {
      redirect_uris: grant.signIn ? [grant.signIn.redirectUrl] : [],
      ...(usual === undefined ? {} : { scope: usual }),
    },
    clientInformation: () => informationOf(input),
    tokens: () => tokens,
    saveTokens(got: StoredOAuthTokens) {
      // RFC 9449 5: without the key's binding whoever copies the token uses it
      if (input.dpop === "required" && got.token_type.toLowerCase() !== "dpop")
        throw new LanyardError("answer_malformed", "token", { description: "the token is not bound to the key" });
      tokens = got;
      signIns.done();
    },
    invalidateCredentials() {
      refused();
      tokens = undefined;
    },
    saveAuthorizationServerUrl: (issuer: string) => void Object.assign(found, { issuer }),
    saveResourceUrl: (resource: string) => void Object.assign(found, { resource }),
    fetch: details.fetch,
    ...signIns.part,
    ...(session ? { dpop: () => session } : {}),
    ...(client.parameters ? { addClientAuthentication: authenticating(client, found) } : {}),
    ...(grant.parameters && {
      prepareTokenRequest: async (scope?: string) =>
        tokenParameters(
          await grant.parameters?.({ ...found, ...(scope ? { scope } : {}) }),
          scope,
          details.asked() ?? usualDetails,
        ),
    }),
  };
}

/** The client as it is registered at its issuer: the SDK shows it to no other one (SEP-2352). */
const informationOf = ({ client, issuer }: McpProviderInput) => ({
  client_id: client.clientId,
  ...(client.secret === undefined ? {} : { client_secret: client.secret }),
  ...(issuer === "as-discovered" ? {} : { issuer }),
});

function tokenParameters(
  granted: Readonly<Record<string, string>> | undefined,
  scope: string | undefined,
  details: string | undefined,
): URLSearchParams {
  const parameters = new URLSearchParams(granted);
  if (scope) parameters.set("scope", scope);
  if (details !== undefined) parameters.set("authorization_details", details);
  return parameters;
}

/** Adds what a client authenticates by. The issuer is the one whose metadata named the token endpoint. */
const authenticating =
  (client: ClientAuthentication, found: { readonly issuer: string }) =>
  async (_headers: Headers, parameters: URLSearchParams): Promise<void> => {
    for (const [name, value] of Object.entries((await client.parameters?.(found.issuer)) ?? {}))
      parameters.set(name, value);
  };
