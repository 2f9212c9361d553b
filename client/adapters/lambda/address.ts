import type { ReadEvent } from "./event.ts";

/** How a function knows its own URL; see {@link createAddress}. */
export interface AddressInput {
  /** The registered resource. */
  readonly resource: string;
  /**
   * Base of this server's URLs as callers write them, such as `https://api.example.com/v1`: the event's path is put
   * behind it. The resource's origin when left out. It must be given behind a load balancer.
   */
  readonly requestUrl?: string;
  /**
   * Takes the origin from `requestContext.domainName`, which API Gateway and function URLs set themselves: for one
   * function behind several names. Whoever may invoke the function directly chooses it, so let nobody.
   */
  readonly byDomainName?: true;
  /**
   * What hands requests to the function: `api` is API Gateway or a function URL. Events of the other kind are not
   * taken: a load balancer tells no domain name of its own.
   */
  readonly behind?: "api" | "load-balancer";
  /**
   * Takes `/<stage>` off the path of an HTTP API's event, for a custom domain whose callers write no stage. A path
   * without it is refused.
   */
  readonly withoutStage?: true;
}

/**
 * Makes the rule by which the URL of a request is built: the origin from configuration or the platform's own
 * `requestContext`, the path from the event, and nothing from a header: a caller that could choose it could choose what
 * its proof is for (threat 9).
 * @throws TypeError when the own URL could not be known: behind a load balancer without `requestUrl`, or for a resource
 * that is no http address
 */
export function createAddress(input: AddressInput): (event: ReadEvent) => string {
  const { resource, requestUrl, byDomainName, behind = "api", withoutStage } = input;
  if (requestUrl !== undefined && byDomainName) throw new TypeError("requestUrl and byDomainName exclude one another");
  if (behind === "load-balancer" && requestUrl === undefined)
    throw new TypeError("behind a load balancer pass requestUrl: its events do not say by which name it was called");
  const base = byDomainName ? undefined : baseOf(requestUrl ?? URL.parse(resource)?.origin ?? "");
  return (event) => {
    if ((event.kind === "load-balancer") !== (behind === "load-balancer"))
      throw new TypeError(`an event of another kind than \`behind: "${behind}"\` expects`);
    const path = withoutStage ? pathWithoutStage(event) : event.path;
    const query = event.query === "" ? "" : `?${event.query}`;
    return (base ?? originOf(event)) + asWritten(path) + query;
  };
}

function baseOf(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol))
    throw new TypeError("the resource is not an http address; pass requestUrl, the base of this server's own URLs");
  return parsed.origin + parsed.pathname.replace(/\/$/, "");
}

function originOf({ domainName }: ReadEvent): string {
  if (domainName === undefined || !/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(domainName))
    throw new TypeError("the event has no domain name; pass requestUrl");
  return `https://${domainName}`;
}

/** A path that has no stage in front was not written as expected: nothing is taken off, and no proof will be for it. */
const pathWithoutStage = ({ path, stage }: ReadEvent): string => {
  const prefix = `/${stage}/`;
  if (stage === undefined || stage === "$default") return path;
  return path.startsWith(prefix) ? path.slice(prefix.length - 1) : path;
};

/**
 * An HTTP API hands paths on decoded. What cannot stand in a path is escaped again: a `?` that was `%3F` would
 * otherwise end the path that is compared, and the proof for `/a` would be one for `/a%3Fb`.
 */
const asWritten = (path: string): string =>
  path
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .replace(/[^\x21-\x7e]|[?#\\]/gu, (character) => encodeURIComponent(character));
