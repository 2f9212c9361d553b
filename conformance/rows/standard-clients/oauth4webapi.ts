import { generateProof } from "dpop";
import * as oauth from "oauth4webapi";
import { accessTokenType, spiffeAssertionType, tokenExchangeGrant } from "../../../core/model/wire.ts";
import { exchange } from "../../../test/kit/wire/forms.ts";
import { must, same } from "../../expect.ts";
import { ownAccess, sharedAccess, sharedSession, wanting } from "../../flows.ts";
import { fetchOf, guardOf } from "../../guard.ts";
import { type Row, type RowOf, rowsOf } from "../../row.ts";
import type { Actor, Target } from "../../target.ts";

/** The embedded cloud has no TLS; nothing else is ever allowed to do without. */
const leniency = ({ issuer }: Target) =>
  issuer.startsWith("http://") ? { [oauth.allowInsecureRequests]: true as const } : {};

/** How it authenticates: by the identity token. */
export const clientAuth =
  ({ identity }: Actor): oauth.ClientAuth =>
  (_as, _client, body) => {
    body.set("client_assertion_type", spiffeAssertionType);
    body.set("client_assertion", identity);
  };

/** The client's own way with nonces: try, and once more when one is demanded. */
async function withNonce<T>(request: () => Promise<Response>, read: (response: Response) => Promise<T>): Promise<T> {
  try {
    return await read(await request());
  } catch (thrown) {
    if (!oauth.isDPoPNonceError(thrown)) throw thrown;
    return read(await request());
  }
}

const discovered = async (target: Target, algorithm: "oauth2" | "oidc") => {
  const issuer = new URL(target.issuer);
  return oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm, ...leniency(target) }),
  );
};

/** Everything oauth4webapi needs to be the worker. */
const party = (target: Target) =>
  target.once(
    "oauth4webapi",
    async () => {
      const actor = await target.actor("worker");
      const client: oauth.Client = { client_id: actor.id };
      return { as: await discovered(target, "oauth2"), actor, client, DPoP: oauth.DPoP({}, actor.key.pair) };
    },
    60,
  );

async function opened(target: Target, more: Record<string, string> = {}) {
  const { as, actor, client, DPoP } = await party(target);
  const { uri, scopes } = target.need("own");
  const form = { resource: uri, scope: scopes[0] ?? "", ...more };
  const options = { DPoP, ...leniency(target) };
  return withNonce(
    () => oauth.clientCredentialsGrantRequest(as, client, clientAuth(actor), form, options),
    (response) => oauth.processClientCredentialsResponse(as, client, response),
  );
}

/** Introspection and revocation take a proof too, of which RFC 7662 and 7009 know nothing: `dpop` makes it. */
async function proved(actor: Actor, url: string, request: (options: object) => Promise<Response>, target: Target) {
  const attempt = async (nonce?: string) =>
    request({
      headers: { DPoP: await generateProof(actor.key.pair as oauth.CryptoKeyPair, url, "POST", nonce) },
      ...leniency(target),
    });
  const first = await attempt();
  return first.status === 400 ? attempt(first.headers.get("dpop-nonce") ?? undefined) : first;
}

async function asked(target: Target, token: string) {
  const [{ as }, server] = [await party(target), await target.actor("server")];
  const client = { client_id: server.id };
  const url = String(as.introspection_endpoint);
  const response = await proved(
    server,
    url,
    (o) => oauth.introspectionRequest(as, client, clientAuth(server), token, o),
    target,
  );
  return oauth.processIntrospectionResponse(as, client, response);
}

const byOauth4webapi = (rows: readonly Omit<RowOf, "by" | "level">[]): readonly RowOf[] =>
  rows.map((row) => ({ ...row, by: "oauth4webapi", level: "MUST" }));

export const oauth4webapiRows: readonly Row[] = [
  ...rowsOf(
    "RFC 8414",
    byOauth4webapi([
      {
        section: "3.3",
        text: "A client discovers the issuer and accepts it as the very one it asked",
        run: async (target) => same((await discovered(target, "oauth2")).issuer, target.issuer, "issuer"),
      },
    ]),
  ),
  ...rowsOf(
    "OIDC Discovery",
    byOauth4webapi([
      {
        section: "4.3",
        text: "A client discovers the same issuer behind its own path",
        run: async (target) => same((await discovered(target, "oidc")).issuer, target.issuer, "issuer"),
      },
    ]),
  ),
  ...rowsOf(
    "RFC 6749",
    byOauth4webapi([
      {
        section: "4.4",
        text: "A client gets a token by client credentials, nonces and all",
        async run(target) {
          same((await opened(target)).scope, target.need("own").scopes[0], "scope");
        },
      },
      {
        section: "5.2",
        text: "A client reads a refusal as the OAuth error it is",
        async run(target) {
          const refused = await opened(target, { scope: "conformance:unheard-of" }).catch((thrown: unknown) => thrown);
          must(refused instanceof oauth.ResponseBodyError, `it read ${String(refused)}`);
          same([refused.error, refused.status], ["invalid_scope", 400], "error and status");
        },
      },
    ]),
  ),
  ...rowsOf(
    "RFC 8693",
    byOauth4webapi([
      {
        section: "2",
        text: "A client exchanges a session token for an access token",
        async run(target) {
          const { as, actor, client, DPoP } = await party(target);
          const { grant_type: _, ...form } = Object.fromEntries([
            ...exchange("session", await sharedSession(target)),
            ...wanting(target.need("own")),
          ]);
          const options = { DPoP, ...leniency(target) };
          const answer = await withNonce(
            () => oauth.genericTokenEndpointRequest(as, client, clientAuth(actor), tokenExchangeGrant, form, options),
            (response) => oauth.processGenericTokenEndpointResponse(as, client, response),
          );
          same([answer.issued_token_type, answer.token_type], [accessTokenType, "dpop"], "types");
        },
      },
    ]),
  ),
  ...rowsOf(
    "RFC 7662",
    byOauth4webapi([
      {
        section: "2",
        text: "A client is told that a live token is active",
        async run(target) {
          const said = await asked(target, await sharedAccess(target));
          same([said.active, said.aud], [true, target.need("own").uri], "active and aud");
        },
      },
    ]),
  ),
  ...rowsOf(
    "RFC 7009",
    byOauth4webapi([
      {
        section: "2",
        text: "A client revokes its token, and a resource is told exactly that it is not active",
        async run(target) {
          const { as, actor, client } = await party(target);
          const token = await ownAccess(target);
          const url = String(as.revocation_endpoint);
          const call = (o: object) => oauth.revocationRequest(as, client, clientAuth(actor), token, o);
          await oauth.processRevocationResponse(await proved(actor, url, call, target));
          same({ ...(await asked(target, token)) }, { active: false }, "the answer");
        },
      },
    ]),
  ),
  ...rowsOf(
    "RFC 9728",
    byOauth4webapi([
      {
        section: "3.3",
        text: "A client finds a resource's metadata and in it this issuer",
        library: true,
        async run(target) {
          const { uri, scopes } = target.need("own");
          const through = fetchOf(await guardOf(target, { resource: uri, scopes }), uri);
          const request = { [oauth.customFetch]: through, ...leniency(target) };
          const answer = await oauth.resourceDiscoveryRequest(new URL(uri), request as never);
          const found = await oauth.processResourceDiscoveryResponse(new URL(uri), answer);
          same([found.resource, found.authorization_servers], [uri, [target.issuer]], "what it found");
        },
      },
    ]),
  ),
  ...rowsOf(
    "RFC 9449",
    byOauth4webapi([
      {
        section: "9",
        text: "A client calls a resource that demands nonces, and is let in",
        async run(target) {
          const { uri } = target.need("own");
          const { DPoP } = await party(target);
          const through = fetchOf(await guardOf(target, { resource: uri, nonces: true }), uri);
          const { access_token: token } = await opened(target);
          const options = { DPoP, [oauth.customFetch]: through, ...leniency(target) };
          const call = () =>
            oauth.protectedResourceRequest(token, "GET", new URL(uri), undefined, null, options as never);
          const answer = await withNonce(call, async (response) => response);
          same([answer.status, await answer.text()], [200, "hello"], "the answer");
        },
      },
    ]),
  ),
];
