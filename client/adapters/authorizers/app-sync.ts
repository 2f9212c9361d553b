import type { ResourceServerInput } from "../../resource/resource-server.ts";
import { type AdmissionInput, createAdmission } from "../admission.ts";
import { type AuthorizerContext, contextOf } from "./context.ts";
import { type AuthorizerInput, assertAnswerable, judging, type Unanswerable } from "./judge.ts";

/** Input of {@link createAppSyncAuthorizer}. */
export type AppSyncAuthorizerInput = Omit<ResourceServerInput, Unanswerable | "requestUrl"> &
  Omit<AdmissionInput, "requires"> &
  AuthorizerInput<AppSyncAuthorizerEvent> & {
    /** Where callers send their requests, such as `https://api.example.com/graphql`; an event does not say. */
    readonly endpoint: string;
  };

/** The members that are read of an AppSync authorizer's event. */
export interface AppSyncAuthorizerEvent {
  readonly authorizationToken: string;
  readonly requestHeaders?: Readonly<Record<string, string | undefined>>;
  readonly requestContext: {
    readonly queryString: string;
    readonly operationName?: string | null;
    readonly variables?: Readonly<Record<string, unknown>> | null;
  };
}

/** An answer of an AppSync authorizer. */
export interface AppSyncAnswer {
  readonly isAuthorized: boolean;
  readonly resolverContext?: AuthorizerContext;
  /** Not to be cached: a cached answer would let a proof work twice. */
  readonly ttlOverride: 0;
}

/**
 * The authorizer of an AppSync API. Its requests are POSTs to one `endpoint`, which proofs must be for; it has no
 * challenge and no nonces, and AppSync takes no authorization token above 2,048 characters. Its answer forbids caching.
 * @throws TypeError as {@link createRestAuthorizer}
 */
export function createAppSyncAuthorizer(
  input: AppSyncAuthorizerInput,
): (event: AppSyncAuthorizerEvent) => Promise<AppSyncAnswer> {
  const { endpoint, requires, permits, ...resource } = input;
  assertAnswerable(input);
  if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? ""))
    throw new TypeError("pass endpoint, the URL that callers send their requests to");
  const admit = createAdmission({ ...resource, requestUrl: () => endpoint, crossOrigin: false });
  const judge = judging(input, (event) => {
    const { authorizationToken, requestHeaders = {} } = event;
    if (typeof authorizationToken !== "string" || typeof event.requestContext?.queryString !== "string")
      throw new TypeError("not an event of an AppSync authorizer");
    // the token is handed on apart; should the header stand there too and differ, it is a second one
    const others = Object.entries(requestHeaders).filter(
      ([name, value]) => name.toLowerCase() !== "authorization" || value !== authorizationToken,
    );
    const headers = { ...Object.fromEntries(others), Authorization: authorizationToken };
    return admit({ method: "POST", url: endpoint, headers });
  });
  return async (event) => {
    const caller = await judge(event);
    if (typeof caller === "string") return { isAuthorized: false, ttlOverride: 0 };
    return { isAuthorized: true, resolverContext: contextOf(caller), ttlOverride: 0 };
  };
}
