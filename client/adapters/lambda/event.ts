/** HTTP requests as AWS hands them to a function, of every kind that our adapters take. */

/** Values of headers by name, in any case. */
type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The members that are read of payload format 2.0: a function URL or an HTTP API, or an HTTP API's authorizer. */
export interface PayloadV2 {
  readonly version: "2.0" | string;
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly headers?: Headers | null;
  readonly requestContext: {
    readonly http: { readonly method: string };
    readonly domainName?: string;
    readonly stage?: string;
  };
}

/** The members that are read of a REST API's event, or payload format 1.0 of an HTTP API, or their authorizers'. */
export interface PayloadV1 {
  /** Only an HTTP API says `1.0`. */
  readonly version?: string;
  readonly httpMethod: string;
  /** Of a REST API without the stage, of an HTTP API with what its mapping adds. */
  readonly path: string;
  readonly headers?: Headers | null;
  readonly multiValueHeaders?: Headers | null;
  readonly queryStringParameters?: Readonly<Record<string, string | undefined>> | null;
  readonly requestContext: {
    /** With stage or base path, as the caller wrote it. */
    readonly path?: string;
    readonly domainName?: string;
    readonly stage?: string;
  };
}

/** What all kinds of events say. */
export interface ReadEvent {
  readonly kind: "v2" | "v1" | "load-balancer";
  readonly method: string;
  /** As the platform tells it: perhaps decoded, perhaps with a stage. */
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
  readonly headers: Headers;
  readonly domainName?: string;
  readonly stage?: string;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/**
 * Reads an event by what only its kind has. Of the path each kind has one member that says what the caller wrote:
 * `rawPath`; `requestContext.path` of a REST API, whose `path` lacks the stage; `path` of a load balancer and of
 * payload format 1.0. No header is read for it.
 * @throws TypeError for another event: what is not read as what it is must not be let in as something else
 */
export function readEvent(event: unknown): ReadEvent {
  const context = isObject(event) && isObject(event.requestContext) ? event.requestContext : undefined;
  if (!isObject(event) || !context)
    throw new TypeError("not an HTTP request of API Gateway, a function URL or a load balancer");
  const { domainName, stage } = context;
  const told = {
    ...(typeof domainName === "string" ? { domainName } : {}),
    ...(typeof stage === "string" ? { stage } : {}),
  };
  if (event.version === "2.0") {
    const method = isObject(context.http) ? context.http.method : undefined;
    const query = event.rawQueryString ?? "";
    return whole({ kind: "v2", method, path: event.rawPath, query, headers: headersOf(event), ...told });
  }
  const query = isObject(event.queryStringParameters)
    ? new URLSearchParams(event.queryStringParameters as Record<string, string>).toString()
    : "";
  const read = { method: event.httpMethod, query, headers: headersOf(event) };
  if (isObject(context.elb)) return whole({ kind: "load-balancer", path: event.path, ...read });
  const path = event.version === "1.0" ? event.path : context.path;
  return whole({ kind: "v1", path, ...read, ...told });
}

/** Several values of one header stand in `multiValueHeaders`; `headers` has the last alone, beside which one could hide. */
const headersOf = ({ headers, multiValueHeaders }: Readonly<Record<string, unknown>>): Headers =>
  (isObject(multiValueHeaders) ? multiValueHeaders : isObject(headers) ? headers : {}) as Headers;

function whole(read: { readonly [M in keyof ReadEvent]: unknown }): ReadEvent {
  const { method, path, query } = read;
  if (typeof method !== "string" || typeof path !== "string" || typeof query !== "string" || !path.startsWith("/"))
    throw new TypeError("an HTTP request without method or path");
  return read as ReadEvent;
}
