import { createPublicKey, randomUUID } from "node:crypto";
import { importJWK, jwtVerify, SignJWT } from "jose";
import { errors, type KoaContextWithOIDC, type Provider } from "oidc-provider";
import { personOf } from "./people.ts";
import type { ProviderState } from "./state.ts";

const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";
const idJag = "urn:ietf:params:oauth:token-type:id-jag";
const idToken = "urn:ietf:params:oauth:token-type:id_token";

/** The client id that Lanyard knows an application's agent by: its registration's `aliases`. */
export const clientIdAtLanyard = (agent: string): string => `${agent}-at-lanyard`;

/** Life of an assertion in seconds. */
const lifeSeconds = 300;

/** What the exchange needs to know. */
interface Asserting {
  readonly issuer: string;
  /** The one audience that assertions are made for. */
  readonly lanyardIssuer: string;
  readonly state: ProviderState;
}

/**
 * Lets an application exchange a person's ID token of its own for an identity assertion (ID-JAG,
 * draft-ietf-oauth-identity-assertion-authz-grant-06 section 4): the token exchange by which MCP's enterprise-managed
 * authorization begins.
 */
export function assertIdentities(provider: Provider, asserting: Asserting): void {
  const params = ["requested_token_type", "audience", "resource", "scope", "subject_token", "subject_token_type"];
  provider.registerGrantType(tokenExchange, (ctx) => exchange(ctx, asserting), params);
}

async function exchange(ctx: KoaContextWithOIDC, { issuer, lanyardIssuer, state }: Asserting): Promise<void> {
  const asked = (ctx.oidc.params ?? {}) as Readonly<Record<string, string | undefined>>;
  const client = ctx.oidc.client?.clientId ?? "";
  if (asked.requested_token_type !== idJag || asked.subject_token_type !== idToken)
    throw new errors.InvalidRequest("an ID token is exchanged for an identity assertion, and nothing else");
  if (asked.audience !== lanyardIssuer) throw new errors.InvalidTarget("assertions are made for Lanyard alone");
  const [key] = state.keys;
  if (!key) throw new Error("the provider has no key");
  const ownKey = createPublicKey({ key: { ...key } as never, format: "jwk" });
  const verified = await jwtVerify(asked.subject_token ?? "", ownKey, {
    issuer,
    // the application's own, and nobody else's
    audience: client,
    algorithms: ["RS256"],
  }).catch(() => {
    throw new errors.InvalidGrant("the subject token is no ID token of this application");
  });
  const { sub = "", auth_time } = verified.payload;
  const person = personOf(sub);
  if (!person) throw new errors.InvalidGrant("the person is not known");
  const { scope, resource } = asked;
  const claims = {
    client_id: clientIdAtLanyard(client.replace(/-app$/, "")),
    auth_time,
    groups: person.groups,
    ...(scope === undefined ? {} : { scope }),
    ...(resource === undefined ? {} : { resource }),
  };
  const assertion = await new SignJWT(claims)
    .setProtectedHeader({ alg: "RS256", kid: key.kid, typ: "oauth-id-jag+jwt" })
    .setIssuer(issuer)
    .setSubject(sub)
    .setAudience(lanyardIssuer)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime(`${lifeSeconds}s`)
    .sign(await importJWK({ ...key } as never, "RS256"));
  ctx.set("Cache-Control", "no-store");
  ctx.body = {
    issued_token_type: idJag,
    access_token: assertion,
    token_type: "N_A",
    expires_in: lifeSeconds,
    ...(scope === undefined ? {} : { scope }),
  };
}

/** What an application asks for. */
interface AssertionAsked {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly audience: string;
  readonly resource: string;
  readonly scope: string;
}

/** Plays the application: the exchange over HTTP, by its ID token. */
export async function askAssertion(
  issuer: string,
  { clientId: client_id, clientSecret: client_secret, ...wanted }: AssertionAsked,
  { id_token: subject_token }: { readonly id_token: string },
): Promise<string> {
  const form = {
    ...{ grant_type: tokenExchange, requested_token_type: idJag, ...wanted },
    ...{ subject_token, subject_token_type: idToken, client_id, client_secret },
  };
  const reply = await fetch(`${issuer}/token`, { method: "POST", body: new URLSearchParams(form) });
  const { access_token, error } = (await reply.json()) as { access_token?: string; error?: string };
  if (access_token === undefined) throw new Error(`the provider asserted nothing: ${error}`);
  return access_token;
}
