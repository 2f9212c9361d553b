import type { PresentedRequest } from "../../core/verify/presented.ts";
import type { AskedRequest } from "./open-answers.ts";

/** A request of any framework: its headers as a `Headers` or as a record. */
export interface PlainRequest {
  readonly method: string;
  /** Absolute, or path and query. */
  readonly url: string;
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** A request as Node's own server delivers it (`IncomingMessage`); the members that are read here. */
export interface RawRequest {
  readonly method?: string | undefined;
  /** Path and query. */
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Every value of each header, by its name in lower case. */
  readonly headersDistinct: Readonly<Record<string, readonly string[] | undefined>>;
}

/** The parts of a request that are read before its token. */
export const askedBy = (request: RawRequest | PlainRequest): AskedRequest => ({
  method: request.method ?? "",
  url: request.url ?? "/",
  header: (name: string) => valuesOf(request, name)[0],
});

/**
 * The parts of a request that are verified: its URL by this server's own name for it, and every value of the two
 * headers.
 */
export function presentedBy(
  request: RawRequest | PlainRequest,
  urlOf: (request: PlainRequest) => string,
): PresentedRequest {
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
 * Every value of a header. Node drops a second `Authorization` and joins a second `DPoP` in `headers`: so the raw
 * headers are read here. Otherwise a proxy in front and this server could see two different requests.
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
