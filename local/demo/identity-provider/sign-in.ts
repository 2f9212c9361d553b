import { createHash, randomBytes } from "node:crypto";
import type { ClientMetadata } from "oidc-provider";

/** What a sign-in yields: both kinds of person's tokens that Lanyard accepts. */
export interface SignedIn {
  /** OpenID Connect ID token: `aud` is exactly the client. */
  readonly id_token: string;
  /** RFC 9068 access token: `aud` is what was asked for, Lanyard's issuer unless told otherwise; `client_id` the client. */
  readonly access_token: string;
}

/** A resource, and the scope at it that an application asks for. */
export interface ResourceAsked {
  readonly resource: string;
  readonly scope: string;
  /** Makes the proof by which the access token is bound to the application's key (RFC 9449 5); without it, it is not. */
  readonly prove?: (request: { readonly method: "POST"; readonly url: string }) => string;
}

/** One sign-in: who, where, for which application and which issuer of ours. */
interface SignIn {
  /** The provider. */
  readonly issuer: string;
  /** The agent's application. */
  readonly client: ClientMetadata;
  /** What the access token is for. */
  readonly at: ResourceAsked;
  readonly sub: string;
  /** What the sign-in page asks for. */
  readonly word: string;
}

/**
 * Plays browser and application of one sign-in: authorization code with PKCE, state and nonce, sign-in and consent
 * over HTTP with a cookie jar. Nothing of the provider is bypassed.
 */
export async function signIn(who: SignIn): Promise<SignedIn> {
  const { issuer, client, at, sub, word } = who;
  const browser = createBrowser(issuer);
  const redirectUri = String(client.redirect_uris?.[0]);
  const verifier = randomBytes(32).toString("base64url");
  const state = randomBytes(16).toString("base64url");
  const nonce = randomBytes(16).toString("base64url");
  const query = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirectUri,
    response_type: "code",
    scope: `openid groups ${at.scope}`,
    resource: at.resource,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    state,
    nonce,
  });
  let next = await browser.go(`${issuer}/auth?${query}`);
  // sign-in, then consent; each answers with a redirect that resumes the request
  for (let page = 0; page < 8 && !next.startsWith(`${redirectUri}?`); page++) {
    next = next.includes("/interaction/")
      ? await browser.go(next, new URLSearchParams({ person: sub, word }))
      : await browser.go(next);
  }
  const answer = new URL(next).searchParams;
  const code = answer.get("code");
  if (!next.startsWith(`${redirectUri}?`) || !code || answer.get("state") !== state || answer.get("iss") !== issuer) {
    throw new Error(`the provider did not sign ${sub} in: ${answer.get("error") ?? "no code came back"}`);
  }
  return redeem(who, { code, verifier, redirectUri, nonce });
}

async function redeem(
  { issuer, client, at }: SignIn,
  flow: { code: string; verifier: string; redirectUri: string; nonce: string },
): Promise<SignedIn> {
  const url = `${issuer}/token`;
  const reply = await fetch(url, {
    method: "POST",
    headers: at.prove ? { DPoP: at.prove({ method: "POST", url }) } : {},
    body: new URLSearchParams({
      client_id: client.client_id,
      client_secret: String(client.client_secret),
      grant_type: "authorization_code",
      code: flow.code,
      code_verifier: flow.verifier,
      redirect_uri: flow.redirectUri,
      resource: at.resource,
    }),
  });
  const tokens = (await reply.json()) as Partial<SignedIn> & { error?: string; error_description?: string };
  if (!tokens.id_token || !tokens.access_token) {
    throw new Error(`the provider gave no tokens: ${tokens.error} ${tokens.error_description}`);
  }
  const claims = JSON.parse(Buffer.from(tokens.id_token.split(".")[1] ?? "", "base64url").toString("utf8"));
  if (claims.nonce !== flow.nonce) throw new Error("the ID token carries another sign-in's nonce");
  return { id_token: tokens.id_token, access_token: tokens.access_token };
}

/** A browser as small as it gets: follows nothing by itself, keeps the provider's cookies by name. */
function createBrowser(issuer: string) {
  const jar = new Map<string, string>();
  return {
    /** Loads a page (or posts a form to it) and says where it redirects to. */
    async go(url: string, form?: URLSearchParams): Promise<string> {
      const reply = await fetch(url, {
        redirect: "manual",
        headers: { Cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") },
        ...(form ? { method: "POST", body: form } : {}),
      });
      for (const line of reply.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (value === "") jar.delete(name);
        else jar.set(name, value);
      }
      const location = reply.headers.get("location");
      if (!location)
        throw new Error(`the provider answered ${reply.status} where a redirect was due: ${await reply.text()}`);
      return new URL(location, issuer).href;
    },
  };
}
