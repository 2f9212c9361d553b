import type { PresentedRequest } from "../../core/verify/presented.ts";
import type { AskedRequest } from "./open-answers.ts";

/** A request of any framework: its headers as a `Headers` or as a record. */
export interface PlainRequest {
  readonly method: string;
  /** Absolute, or path and query. */
  readonly url: string;
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
}

/**
 * A request as Node's own servers deliver it (`IncomingMessage`, or `Http2ServerRequest`, which has no
 * `headersDistinct`); the members that are read here.
 */
export interface RawRequest {
  readonly method?: string | undefined;
  /** Path and query. */
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Every value of each header, by its name in lower case. */
  readonly headersDistinct?: Readonly<Record<string, readonly string[] | undefined>>;
  /** Names and values by turns, as they came; trailers are not among them. */
  readonly rawHeaders?: readonly string[];
}

/** The parts of a request that are read before its token. */
export const askedBy = (request: RawRequest | PlainRequest): AskedRequest => ({
  method: request.method ?? "",
  url: request.url ?? "/",
  header: (name: string) => valuesOf(request, name)[0],
});

/** A request of any framework in one form. */
export const plainOf = ({ method = "", url = "/", headers }: RawRequest | PlainRequest): PlainRequest => ({
  method,
  url,
  headers,
});

/**
 * The parts of a request that are verified: its URL by this server's own name for it, and every value of the two
 * headers.
 */
export function presentedBy(
  request: RawRequest | PlainRequest,
  urlOf: (request: PlainRequest) => string,
): PresentedRequest {
  const plain = plainOf(request);
  return {
    method: plain.method,
    url: urlOf(plain),
    authorization: valuesOf(request, "authorization"),
    dpop: valuesOf(request, "dpop").flatMap((value) => value.split(/\s*,\s*/)),
  };
}

/**
 * Every value of a header. Node drops a second `Authorization` and joins a second `DPoP` in `headers`: so the raw
 * headers are read here. Otherwise a proxy in front and this server could see two different requests.
 */
function valuesOf(request: RawRequest | PlainRequest, name: string): readonly string[] {
  const { headers } = request;
  const { rawHeaders = [], headersDistinct } = request as RawRequest;
  if (rawHeaders.length > 0)
    return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
  if (headersDistinct) return headersDistinct[name] ?? [];
  if (headers instanceof Headers) {
    const value = headers.get(name);
    return value === null ? [] : [value];
  }
  return Object.entries(headers)
    .filter(([header]) => header.toLowerCase() === name)
    .flatMap(([, value]) => value ?? []);
}
