import type { DpopNonces } from "../core/jose/dpop-nonce.ts";
import type { Clock } from "../core/model/ports.ts";
import { err, ok, type Result } from "../core/model/result.ts";
import { createVerifier } from "../core/verify/access-token.ts";
import type { Introspector } from "../core/verify/introspection.ts";
import { createDetailsCheck, type DetailsTypeDeclaration, type DetailsUse } from "../core/verify/permits.ts";
import type { PresentedRequest } from "../core/verify/presented.ts";
import { type ChallengeContext, type RefusalReply, refusalReply, type VerifyRefusal } from "../core/verify/refusal.ts";
import type { ReplayStore } from "../core/verify/replay.ts";
import { requireScopes, type VerifiedAccess } from "../core/verify/verified-access.ts";
import type { LanyardAgent } from "./agent.ts";
import { LanyardError } from "./error.ts";
import { createFetcher } from "./fetcher.ts";
import type { Fetch } from "./http.ts";
import { machineClock } from "./machine-clock.ts";
import { type OpenRequest, openAnswer, pageHeaders } from "./open-answers.ts";
import {
  createResourceMetadata,
  type MetadataReply,
  type ResourceDescription,
  type ResourceMetadata,
} from "./resource-metadata.ts";
import { createResourceNonces } from "./resource-nonces.ts";
import { secureUrl } from "./url.ts";

/** A request of any framework: its headers as a `Headers` or as a record. */
export interface PlainRequest {
  readonly method: string;
  /** Absolute, or path and query. */
  readonly url: string;
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** A request as Node's own server hands it over (`IncomingMessage`), as far as it is read here. */
export interface RawRequest {
  readonly method?: string | undefined;
  /** Path and query. */
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Every value of each header, by its name in lower case. */
  readonly headersDistinct: Readonly<Record<string, readonly string[] | undefined>>;
}

/** What a resource server is made of. */
export interface ResourceServerInput {
  readonly issuer: string;
  /** The registered resource: a token's `aud` must be exactly this. */
  readonly resource: string;
  /**
   * `offline`: by key set and status list, seconds behind a revocation, no call per request.
   * `introspect`: asked at the issuer for every request, so that a revocation counts at once. A resource registered as
   * `introspecting` must be guarded so: its access tokens are opaque handles, and each request let in costs one use
   * where uses are counted.
   */
  readonly mode: "offline" | "introspect";
  /** What the registration says of its access tokens' signatures; either unless given, as each key says. */
  readonly algorithm?: "ES256" | "RS256";
  /** This server's own agent; required to introspect. */
  readonly agent?: Pick<LanyardAgent, "introspect">;
  /**
   * Base of this server's own URLs as callers write them, such as `https://api.example.com`, or a function that gives a
   * request's whole URL. The resource's origin unless given. Never build it from `Host` or `X-Forwarded-*`: whoever
   * chooses it chooses what his proof is for.
   */
  readonly requestUrl?: string | ((request: PlainRequest) => string);
  /**
   * The registered types of authorization details that restrict this resource. A token with a detail that they cannot read
   * whole is refused by `authenticate`; left out, every restricted token is.
   */
  readonly details?: readonly DetailsTypeDeclaration[];
  /**
   * Used proofs, shared by several processes. In memory unless given, where one key has a tenth of the room: about 80
   * requests a second, after which it is answered 503 alone.
   */
  readonly replay?: ReplayStore;
  /**
   * Demands a nonce in every proof (RFC 9449 9): `true` for nonces of this process alone, or those of
   * {@link createResourceNonces} by a secret that several processes share.
   */
  readonly nonces?: true | DpopNonces;
  /**
   * Takes bearer tokens too, which the issuer makes for a resource that is registered with `senderConstraint: none`:
   * whoever copies one can use it. A token bound to a key never passes as one, nor one that is not as bound.
   */
  readonly acceptBearer?: boolean;
  /**
   * `false` leaves preflights and CORS headers to the application. Otherwise pages of any origin may call, by a token of
   * their own.
   */
  readonly crossOrigin?: false;
  /** What the resource tells clients about itself (RFC 9728); its guard and issuer are told in any case. */
  readonly description?: ResourceDescription;
  readonly fetch?: Fetch;
  readonly clock?: Clock;
}

/**
 * A request that is not let in: what to answer, and why for the log. `open` is no refusal: the metadata of the resource
 * or a browser's preflight, which come before any token.
 */
export interface Refused {
  readonly refusal: VerifyRefusal | OpenRequest;
  readonly reply: RefusalReply | MetadataReply;
}

/** A request that was let in. */
export interface Authenticated {
  readonly access: VerifiedAccess;
  /** Checks that the access carries every scope an operation needs. */
  requires(...scopes: readonly string[]): Result<VerifiedAccess, Refused>;
  /**
   * Checks that every authorization detail of the access admits what the request is about to do. Ask it for every
   * request: a token that is not restricted is admitted, whatever the use.
   */
  permits(use: DetailsUse): Result<VerifiedAccess, Refused>;
  /** Headers to put on the answer: the newest nonce, where nonces are demanded (RFC 9449 8.2), and what pages need. */
  readonly answerHeaders: Readonly<Record<string, string>>;
  /** The token as presented, for {@link LanyardAgent.hop}; never log it. */
  readonly presentedAccessToken: string;
}

/** Guards one resource. */
export interface ResourceServer {
  /**
   * Who calls and what they may do, or what to answer instead: a refusal with its challenge, the metadata, the answer
   * to a preflight.
   */
  authenticate(request: RawRequest | PlainRequest): Promise<Result<Authenticated, Refused>>;
  /** Its metadata (RFC 9728), for where well-known URLs do not come by the guard; none for a resource that is no http address. */
  readonly metadata?: ResourceMetadata;
}

/**
 * Guards a resource: every request must carry one access token of `issuer` for exactly `resource`, and a fresh proof by
 * the key it is bound to.
 * @throws TypeError when it could not judge requests: no agent to introspect, no known own URL, a details type that the
 * registry would refuse
 */
export function createResourceServer(input: ResourceServerInput): ResourceServer {
  secureUrl(input.issuer, "issuer");
  const { issuer, resource, mode, agent, replay } = input;
  if (mode === "introspect" && !agent)
    throw new TypeError("to introspect, pass the agent this server is registered as");
  const urlOf = ownUrl(input);
  const metadata = metadataOf(input);
  const nonces = input.nonces === true ? createResourceNonces(input) : input.nonces;
  const context: ChallengeContext = {
    bearer: input.acceptBearer === true,
    realm: resource,
    ...(metadata ? { resourceMetadata: metadata.url } : {}),
    ...(input.description?.scopes ? { scopes: input.description.scopes } : {}),
  };
  const crossOrigin = input.crossOrigin !== false;
  const admits = createDetailsCheck(input.details ?? []);
  const verifier = createVerifier({
    issuer,
    resource,
    clock: input.clock ?? machineClock,
    fetcher: createFetcher(input.fetch),
    ...(mode === "introspect" && agent ? { introspector: introspectorOf(agent) } : {}),
    ...(replay ? { replay } : {}),
    nonces,
    ...(input.algorithm ? { algorithm: input.algorithm } : {}),
    acceptBearer: input.acceptBearer === true,
    details: input.details ?? [],
  });
  return {
    ...(metadata ? { metadata } : {}),
    async authenticate(request) {
      const asked = askedBy(request);
      const open = openAnswer(asked, metadata, crossOrigin);
      if (open) return err(open);
      const forPages = pageHeaders(asked, crossOrigin);
      const refused = (refusal: VerifyRefusal, nonce: string | undefined): Refused => {
        const reply = refusalReply(refusal, nonce === undefined ? context : { ...context, nonce });
        return { refusal, reply: { ...reply, headers: { ...reply.headers, ...forPages } } };
      };
      const presented = presentedBy(request, urlOf);
      const [verified, nonce] = await Promise.all([verifier.verify(presented), nonces?.current()]);
      if (!verified.ok) return err(refused(verified.error, nonce));
      return ok({
        access: verified.value,
        requires(...scopes: readonly string[]) {
          const allowed = requireScopes(verified.value, ...scopes);
          return allowed.ok ? allowed : err(refused(allowed.error, nonce));
        },
        permits(use: DetailsUse) {
          const admitted = admits(verified.value.details, use);
          return admitted.ok ? ok(verified.value) : err(refused(admitted.error, nonce));
        },
        answerHeaders: {
          ...(nonce === undefined ? {} : { "DPoP-Nonce": nonce, "Cache-Control": "no-store" }),
          ...forPages,
        },
        presentedAccessToken: presented.authorization[0]?.split(" ")[1] ?? "",
      });
    },
  };
}

/** RFC 9728 1.2: a resource that has metadata is an http address; others have no place to serve it from. */
const metadataOf = (input: ResourceServerInput) => {
  const { resource, issuer, acceptBearer = false, details = [] } = input;
  const description = { detailsTypes: details.map((type) => type.name), ...input.description };
  return /^https?:/.test(resource)
    ? createResourceMetadata({ resource, issuer, acceptBearer, description })
    : undefined;
};

const introspectorOf = (agent: Pick<LanyardAgent, "introspect">): Introspector => ({
  async introspect(token, jkt) {
    try {
      return ok(await agent.introspect(token, jkt === undefined ? {} : { provedBy: jkt }));
    } catch (cause) {
      return err(cause instanceof LanyardError ? cause.code : "the introspection failed");
    }
  },
});

function ownUrl(input: ResourceServerInput): (request: PlainRequest) => string {
  const { requestUrl, resource } = input;
  if (typeof requestUrl === "function") return requestUrl;
  const base = URL.parse(requestUrl ?? resource);
  if (!base || !/^https?:$/.test(base.protocol))
    throw new TypeError("the resource is not an http address; pass requestUrl, the base of this server's own URLs");
  const prefix = requestUrl === undefined ? base.origin : base.origin + base.pathname.replace(/\/$/, "");
  // only the path is the request's: an absolute form must not bring an origin of its own
  return ({ url }) => prefix + (url.startsWith("/") ? url : (URL.parse(url)?.pathname ?? "/"));
}

const askedBy = (request: RawRequest | PlainRequest) => ({
  method: request.method ?? "",
  url: request.url ?? "/",
  header: (name: string) => valuesOf(request, name)[0],
});

function presentedBy(request: RawRequest | PlainRequest, urlOf: (request: PlainRequest) => string): PresentedRequest {
  const plain: PlainRequest = {
    method: request.method ?? "",
    url: request.url ?? "/",
    headers: request.headers,
  };
  return {
    method: plain.method,
    url: urlOf(plain),
    authorization: valuesOf(request, "authorization"),
    dpop: valuesOf(request, "dpop").flatMap((value) => value.split(/\s*,\s*/)),
  };
}

/**
 * Every value of a header. Node drops a second `Authorization` and joins a second `DPoP` in `headers`: the raw ones are
 * read, so that a proxy in front and this server cannot see two different requests.
 */
function valuesOf(request: RawRequest | PlainRequest, name: string): readonly string[] {
  if ("headersDistinct" in request) return request.headersDistinct[name] ?? [];
  const { headers } = request;
  if (headers instanceof Headers) {
    const value = headers.get(name);
    return value === null ? [] : [value];
  }
  return Object.entries(headers)
    .filter(([header]) => header.toLowerCase() === name)
    .flatMap(([, value]) => value ?? []);
}
