import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import Provider from "oidc-provider";
import { clientOf, configurationOf, delegateScope } from "./configuration.ts";
import { askAssertion, assertIdentities } from "./id-jag.ts";
import { interact } from "./interaction.ts";
import { demoPerson, personOf } from "./people.ts";
import { type ResourceAsked, type SignedIn, signIn } from "./sign-in.ts";
import { loadProviderState, saveProviderState } from "./state.ts";

/** A running provider. */
export interface IdentityProvider {
  /** `http://127.0.0.1:<port>`, the same after a restart of the same folder. */
  readonly issuer: string;
  /**
   * `GET <signIn>?agent=<name>[&person=<sub>]` answers `{ id_token, access_token }`; with
   * `&resource=<uri>&scope=<scopes>` the access token is for that server, and an `identity_assertion` for it stands
   * beside.
   */
  readonly signIn: string;
  /** The same without HTTP. */
  signInAs(agent: string, sub?: string, at?: ResourceAsked): Promise<SignedIn>;
  /** Signs the person in and exchanges the ID token for an identity assertion, over HTTP as an application does. */
  assert(agent: string, at: ResourceAsked, signedIn?: SignedIn): Promise<string>;
  /** The application of an agent as a client of this provider. */
  application(agent: string): { readonly clientId: string; readonly clientSecret: string };
  close(): Promise<void>;
}

/** How to start one. */
interface IdentityProviderOptions {
  /** Where its port and keys are kept (file mode 0600); undefined keeps nothing. */
  readonly folder?: string;
  /** A fixed port; 0 or undefined takes the last one, or a free one. */
  readonly port?: number;
  /** Lanyard's issuer: the audience of its assertions, and of access tokens unless a sign-in names another. */
  readonly lanyardIssuer: string;
  /** Names of the agents whose applications are its clients. */
  readonly agents: readonly string[];
}

/**
 * Starts a real OpenID provider on 127.0.0.1 and, beside it, a page that signs a demo person in. It listens on the
 * loopback address only and answers its own Host only, so that a web page cannot reach it by DNS rebinding (threat 31).
 */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const state = loadProviderState(options.folder);
  const server = createServer();
  state.port = await listen(server, options.port || state.port, !options.port);
  saveProviderState(options.folder, state);
  const issuer = `http://127.0.0.1:${state.port}`;
  const clients = new Map(options.agents.map((agent) => [agent, clientOf(issuer, agent)]));
  const provider = new Provider(issuer, configurationOf([...clients.values()], options.lanyardIssuer, state));
  assertIdentities(provider, { issuer, lanyardIssuer: options.lanyardIssuer, state });
  const word = randomBytes(32).toString("base64url");
  const clientFor = (agent: string) => {
    const client = clients.get(agent);
    if (!client) throw new Error(`no application is registered for agent ${agent}`);
    return client;
  };
  const usual = { resource: options.lanyardIssuer, scope: delegateScope };
  const signInAs = async (agent: string, sub = demoPerson, at: ResourceAsked = usual) => {
    const client = clientFor(agent);
    if (!personOf(sub)) throw new Error(`the provider knows no person ${sub}`);
    return signIn({ issuer, client, at, sub, word });
  };
  const application = (agent: string) => {
    const { client_id: clientId, client_secret: clientSecret = "" } = clientFor(agent);
    return { clientId, clientSecret };
  };
  const assert = async (agent: string, at: ResourceAsked, signedIn?: SignedIn) => {
    const asked = { ...application(agent), ...at, audience: options.lanyardIssuer };
    return askAssertion(issuer, asked, signedIn ?? (await signInAs(agent)));
  };
  const answer = provider.callback();
  server.on("request", (request, response) => {
    if (request.headers.host !== `127.0.0.1:${state.port}`) return refuse(response, 421, "this is not that host");
    const { pathname } = new URL(request.url ?? "/", issuer);
    if (pathname === "/sign-in") return void servedSignIn(request, response, { signInAs, assert });
    if (!/^\/interaction\/[\w-]+$/.test(pathname)) return void answer(request, response);
    interact({ provider, word }, request, response).catch(() =>
      refuse(response, 400, "there is no such sign-in under way"),
    );
  });
  return { issuer, signIn: `${issuer}/sign-in`, signInAs, application, assert, close: () => closed(server) };
}

async function servedSignIn(
  request: IncomingMessage,
  response: ServerResponse,
  { signInAs, assert }: Pick<IdentityProvider, "signInAs" | "assert">,
): Promise<void> {
  if (request.method !== "GET") return refuse(response, 405, "use GET");
  // a page of another origin may send the request but must not have the person signed in by it
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined && site !== "none" && site !== "same-origin")
    return refuse(response, 403, "not from a web page");
  const { searchParams: query } = new URL(request.url ?? "/", "http://127.0.0.1");
  try {
    const [agent, person, resource] = [
      query.get("agent") ?? "",
      query.get("person") ?? demoPerson,
      query.get("resource"),
    ];
    const at = resource === null ? undefined : { resource, scope: query.get("scope") ?? "" };
    const signedIn = await signInAs(agent, person, at);
    const tokens = at ? { ...signedIn, identity_assertion: await assert(agent, at, signedIn) } : signedIn;
    response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-store" });
    response.end(JSON.stringify(tokens));
  } catch (error) {
    refuse(response, 400, error instanceof Error ? error.message : "the sign-in failed");
  }
}

function refuse(response: ServerResponse, status: number, error: string): void {
  if (response.headersSent) return void response.end();
  response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" });
  response.end(JSON.stringify({ error }));
}

function listen(server: Server, port: number, otherwiseFree: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      // somebody took last time's port meanwhile: another one will do, the registry is told the new issuer
      if (error.code === "EADDRINUSE" && otherwiseFree && port !== 0) resolve(listen(server, 0, false));
      else reject(new Error(`port ${port} of 127.0.0.1 is taken; choose another with --port`, { cause: error }));
    });
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : port);
    });
  });
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
