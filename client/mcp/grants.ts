import { LanyardError } from "../error.ts";

/** What a token is asked for. */
export interface GrantContext {
  /** The authorization server's own name for itself. */
  readonly issuer: string;
  /** The MCP server's resource, as its metadata names it. */
  readonly resource: string;
  /** Scopes, separated by blanks; absent where nobody named one. */
  readonly scope?: string;
}

/** What a client is granted a token by. */
export interface Grant {
  /** Parameters of the token request besides `scope` and `resource`; absent where somebody signs in. */
  parameters?(context: GrantContext): Promise<Readonly<Record<string, string>>>;
  /** Where a sign-in comes back to, and how it begins. */
  readonly signIn?: SignIn;
}

/** A sign-in by a browser. */
export interface SignIn {
  readonly redirectUrl: string;
  /** Opens the browser, or tells the person where to. */
  open(url: URL): void | Promise<void>;
}

/** Work on the client's own account (RFC 6749 4.4). */
export const clientCredentials = (): Grant => ({ parameters: async () => ({ grant_type: "client_credentials" }) });

/** RFC 7523 2.1. */
const jwtBearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/**
 * A JWT that says what the client may have (RFC 7523 2.1), such as a platform's for its workload (workload identity
 * federation).
 * @param assertion asked each time, with the issuer it will be sent to: a document for another one must not be given
 */
export const jwtBearer = (assertion: (context: GrantContext) => string | Promise<string>): Grant => ({
  parameters: async (context) => ({ grant_type: jwtBearerGrant, assertion: await assertion(context) }),
});

/** Input of {@link idJag}. */
export interface IdJagInput {
  /** The token endpoint of the enterprise's identity provider. */
  readonly tokenEndpoint: string;
  /** The client at that provider. */
  readonly clientId: string;
  readonly clientSecret?: string;
  /** The ID token of the person who signed in there. */
  readonly idToken: () => string | Promise<string>;
}

/**
 * A person's authority by way of the enterprise's identity provider (MCP enterprise-managed authorization): the ID
 * token is exchanged there for an ID-JAG, which the authorization server takes. A new one each time, since each is used
 * once.
 */
export const idJag = ({ tokenEndpoint, clientId, clientSecret, idToken }: IdJagInput): Grant =>
  jwtBearer(async ({ issuer, resource, scope }) => {
    const { requestJwtAuthorizationGrant } = await import("@modelcontextprotocol/client");
    const { jwtAuthGrant } = await requestJwtAuthorizationGrant({
      tokenEndpoint,
      audience: issuer,
      resource,
      idToken: await idToken(),
      clientId,
      ...(clientSecret === undefined ? {} : { clientSecret }),
      ...(scope === undefined ? {} : { scope }),
    });
    return jwtAuthGrant;
  });

/** A person signs in at the authorization server, by PKCE (RFC 7636). Lanyard has no such sign-in; others do. */
export const signIn = (input: SignIn): Grant => ({ signIn: input });

/**
 * Sees to it that no assertion is sent again that was refused: the server's answer would be the same, and a replay may
 * ring (RFC 7523 3.1). The SDK tries again by itself.
 */
export function withoutRepeats(grant: Grant): { readonly grant: Grant; refused(): void } {
  let last: string | undefined;
  let refusedOne: string | undefined;
  const { parameters } = grant;
  return {
    refused: () => {
      refusedOne = last;
    },
    grant: {
      ...grant,
      ...(parameters && {
        async parameters(context) {
          const made = await parameters(context);
          if (made.assertion !== undefined && made.assertion === refusedOne)
            throw new LanyardError("request_refused", "token", { description: "this assertion was refused before" });
          last = made.assertion;
          return made;
        },
      }),
    },
  };
}
