import type { DpopNonces } from "../../core/jose/dpop.ts";
import type { Clock } from "../../core/model/ports.ts";
import { createVerifier } from "../../core/verify/access-token.ts";
import { createDetailsCheck, type DetailsTypeDeclaration } from "../../core/verify/permits.ts";
import type { VerifyRefusal } from "../../core/verify/refusal.ts";
import { type ChallengeContext, refusalReply } from "../../core/verify/refusal-reply.ts";
import type { ReplayStore } from "../../core/verify/replay.ts";
import type { LanyardAgent } from "../agent/agent.ts";
import type { Fetch } from "../http.ts";
import { machineClock } from "../machine-clock.ts";
import { secureUrl } from "../url.ts";
import { AccessError } from "./access-error.ts";
import { askingBy } from "./asking.ts";
import { type Authenticated, authenticated } from "./authenticated.ts";
import type { Cost } from "./cost.ts";
import { createFetcher } from "./fetcher.ts";
import { openAnswer, pageHeaders } from "./open-answers.ts";
import { askedBy, type PlainRequest, plainOf, presentedBy, type RawRequest } from "./request.ts";
import { release } from "./reservation.ts";
import { createResourceMetadata, type ResourceDescription, type ResourceMetadata } from "./resource-metadata.ts";
import { createResourceNonces } from "./resource-nonces.ts";

/** Input of {@link createResourceServer}. */
export interface ResourceServerInput {
  readonly issuer: string;
  /** The registered resource: a token's `aud` must be exactly this. */
  readonly resource: string;
  /**
   * `offline`: by key set and status list, a revocation takes effect within seconds, and no request needs a call.
   * `introspect`: the issuer is asked about every request, so a revocation takes effect at once. A resource registered
   * as `introspecting` needs this mode: its access tokens are opaque handles, and where uses are counted each admitted
   * request takes one.
   */
  readonly mode: "offline" | "introspect";
  /** The registered algorithm of its access tokens; when left out, both are accepted, as each key says. */
  readonly algorithm?: "ES256" | "RS256";
  /**
   * How old what is known of revocations may be, in seconds, 1 or more: for a resource that wants to refuse sooner than
   * within the issuer's `ttl` of 5, at the price of asking twice as often as this. Longer than the `ttl` it never is.
   * Only for `offline`.
   */
  readonly freshSeconds?: number;
  /** This server's own agent; required to introspect, and by its `settle` to settle what was reserved. */
  readonly agent?: Pick<LanyardAgent, "introspect"> & Partial<Pick<LanyardAgent, "settle">>;
  /**
   * The most that a request can cost, by its method, URL and headers, where budgets bound money: it is reserved before
   * the request is let in, and settled by `reserved` of whoever was. Undefined for what has no price, which a budget of
   * money then refuses; a request that costs nothing costs 0. A sum that the caller chooses bounds nothing: take it from
   * your own prices. Only for `introspect`.
   */
  readonly costAtMost?: (request: PlainRequest) => Cost | undefined;
  /**
   * Base of this server's own URLs as callers write them, such as `https://api.example.com`, or a function that returns
   * a request's whole URL. The resource's origin when left out. Never build it from `Host` or `X-Forwarded-*`: a caller
   * that could choose it could choose what its proof is for (threat 9).
   */
  readonly requestUrl?: string | ((request: PlainRequest) => string);
  /**
   * The registered types of authorization details that restrict this resource. `authenticate` refuses a token with a
   * detail that they cannot read completely. When they are left out, every restricted token is refused (threat 40).
   */
  readonly details?: readonly DetailsTypeDeclaration[];
  /**
   * Store of used proofs, which several processes may share. In memory when left out. There one key may use a tenth of
   * the room, about 80 requests a second; beyond it, only that key is answered 503.
   */
  readonly replay?: ReplayStore;
  /**
   * Demands a nonce in every proof (RFC 9449 9): `true` for nonces of this process only, or those of {@link
   * createResourceNonces} with a secret that several processes share.
   */
  readonly nonces?: true | DpopNonces;
  /**
   * Accepts bearer tokens too, which the issuer makes for a resource that is registered with `senderConstraint: none`.
   * Anybody who copies one can use it. A token that is bound to a key is never accepted as a bearer token, and a bearer
   * token never as a bound one.
   */
  readonly acceptBearer?: boolean;
  /**
   * `false` leaves preflights and CORS headers to the application. Otherwise pages of every origin may call, each with
   * its own token.
   */
  readonly crossOrigin?: false;
  /** What the resource tells clients about itself (RFC 9728); guard and issuer are included in any case. */
  readonly description?: ResourceDescription;
  readonly fetch?: Fetch;
  readonly clock?: Clock;
}

/** What a request is about to do. */
export interface Operation {
  readonly scopes?: readonly string[];
  readonly costAtMost?: Cost;
}

/** Guards one resource. */
export interface ResourceServer {
  /**
   * Tells who calls, and what the caller may do.
   * @param operation `scopes`: what the operation needs, all of it. They are not checked here; every challenge names
   * them, so that the caller comes back with all at once. `costAtMost`: the most that it can cost, in place of what the
   * guard's own function says
   * @throws AccessError with the reply to send instead: a refusal with its challenge, or (code `open`) the metadata or
   * the answer to a preflight
   */
  authenticate(request: RawRequest | PlainRequest, operation?: Operation): Promise<Authenticated>;
  /**
   * Its metadata (RFC 9728), for applications in which well-known URLs do not reach the guard; absent for a resource
   * that is not an http address.
   */
  readonly metadata?: ResourceMetadata;
}

/**
 * Guards a resource: every request must carry one access token of `issuer` for exactly `resource`, and a fresh proof by
 * the key it is bound to.
 * @throws TypeError when requests could not be checked: no agent for introspection, no known URL of its own, a details
 * type that the registry would refuse, or a freshness below a second
 */
export function createResourceServer(input: ResourceServerInput): ResourceServer {
  secureUrl(input.issuer, "issuer");
  const { issuer, resource, mode, agent, replay } = input;
  if (mode === "introspect" && !agent)
    throw new TypeError("to introspect, pass the agent this server is registered as");
  if (input.freshSeconds !== undefined && !(input.freshSeconds >= 1))
    throw new TypeError("freshSeconds is 1 or more: each process of this server asks the issuer twice as often");
  if (input.costAtMost && mode !== "introspect")
    throw new TypeError("costAtMost needs mode introspect: of a token that is verified offline nobody counts");
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
  const check = createDetailsCheck(input.details ?? []);
  const verifier = createVerifier({
    issuer,
    resource,
    clock: input.clock ?? machineClock,
    fetcher: createFetcher(input.fetch),
    ...(mode === "introspect" && agent ? { introspector: askingBy(agent) } : {}),
    ...(replay ? { replay } : {}),
    ...(input.freshSeconds === undefined ? {} : { freshSeconds: input.freshSeconds }),
    nonces,
    ...(input.algorithm ? { algorithm: input.algorithm } : {}),
    acceptBearer: input.acceptBearer === true,
    details: input.details ?? [],
  });
  return {
    ...(metadata ? { metadata } : {}),
    async authenticate(request, operation) {
      const asked = askedBy(request);
      const open = openAnswer(asked, metadata, crossOrigin);
      if (open) throw new AccessError(open.refusal, open.reply);
      const forPages = pageHeaders(asked, crossOrigin);
      const presented = presentedBy(request, urlOf);
      const asking = askingFor(input, { atMost: operation?.costAtMost ?? input.costAtMost?.(plainOf(request)) });
      const [verified, nonce] = await Promise.all([verifier.verify(presented, asking), nonces?.current()]);
      const refused = (refusal: VerifyRefusal): AccessError => {
        const needed = operation?.scopes ? { needed: operation.scopes } : {};
        const reply = refusalReply(refusal, { ...context, ...needed, ...(nonce === undefined ? {} : { nonce }) });
        return new AccessError(refusal, { ...reply, headers: { ...reply.headers, ...forPages } });
      };
      const reserved = asking?.reserved();
      if (!verified.ok) {
        await release(reserved);
        throw refused(verified.error);
      }
      const forNonces = nonce === undefined ? {} : { "DPoP-Nonce": nonce, "Cache-Control": "no-store" };
      return authenticated({
        ...(reserved ? { reserved } : {}),
        access: verified.value,
        check,
        refused,
        answerHeaders: { ...forNonces, ...forPages },
        presentedAccessToken: presented.authorization[0]?.split(" ")[1] ?? "",
      });
    },
  };
}

/** RFC 9728 1.2: only a resource that is an http address has metadata; others have no place to serve it from. */
const metadataOf = (input: ResourceServerInput) => {
  const { resource, issuer, acceptBearer = false, details = [] } = input;
  const description = { detailsTypes: details.map((type) => type.name), ...input.description };
  return /^https?:/.test(resource)
    ? createResourceMetadata({ resource, issuer, acceptBearer, description })
    : undefined;
};

/** How this request is asked about; undefined where none is, or where it is asked about without a cost. */
const askingFor = ({ mode, agent }: ResourceServerInput, { atMost }: { readonly atMost: Cost | undefined }) =>
  mode === "introspect" && agent && atMost ? askingBy(agent, atMost) : undefined;

function ownUrl(input: ResourceServerInput): (request: PlainRequest) => string {
  const { requestUrl, resource } = input;
  if (typeof requestUrl === "function") return requestUrl;
  const base = URL.parse(requestUrl ?? resource);
  if (!base || !/^https?:$/.test(base.protocol))
    throw new TypeError("the resource is not an http address; pass requestUrl, the base of this server's own URLs");
  const prefix = requestUrl === undefined ? base.origin : base.origin + base.pathname.replace(/\/$/, "");
  // only the path is taken from the request: an absolute URL in it must not choose the origin
  return ({ url }) => prefix + (url.startsWith("/") ? url : (URL.parse(url)?.pathname ?? "/"));
}
