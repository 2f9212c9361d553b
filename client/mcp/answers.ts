import type { DpopSession, OAuthClientProvider, StoredOAuthTokens } from "@modelcontextprotocol/client";
import { LanyardError } from "../error.ts";
import type { Fetch } from "../http.ts";
import { askedDetails } from "./asked-details.ts";
import type { ClientAuthentication } from "./authentication.ts";
import { clientCredentials, withoutRepeats } from "./grants.ts";
import type { McpProviderInput } from "./provider-input.ts";
import type { SignIns } from "./sign-in.ts";

/** What the SDK asks, answered. */
export function answersOf(
  input: McpProviderInput,
  session: DpopSession | undefined,
  signIns: SignIns,
): OAuthClientProvider & { readonly fetch: Fetch } {
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
