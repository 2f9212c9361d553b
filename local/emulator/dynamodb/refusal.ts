/** The body of a refused request on the wire. */
interface RefusalBody {
  readonly __type: string;
  readonly message: string;
  readonly [more: string]: unknown;
}

/** A refusal as DynamoDB words it: an HTTP status and a `__type`. Anything else that is thrown is a bug of ours. */
export class Refusal extends Error {
  readonly statusCode: number;
  readonly body: RefusalBody;
  /** @param said its message, with whatever else the body holds where it holds more */
  constructor(
    statusCode: number,
    type: string,
    said: string | { readonly message: string; readonly [more: string]: unknown },
  ) {
    const body = typeof said === "string" ? { message: said } : said;
    super(body.message);
    this.name = "Refusal";
    this.statusCode = statusCode;
    this.body = { __type: `com.amazonaws.dynamodb.v20120810#${type}`, ...body };
  }
}

/** Thrown by every call once a crash is being played: no answer may leave any more. */
export class EngineStopped extends Error {
  constructor() {
    super("the embedded DynamoDB plays a crash: close it and open its directory again");
    this.name = "EngineStopped";
  }
}

/** A ValidationException, status 400. */
export function invalid(message: string): Refusal {
  return new Refusal(400, "ValidationException", message);
}

/** ResourceNotFoundException, status 400. */
export function notFound(table: string): Refusal {
  return new Refusal(400, "ResourceNotFoundException", `Requested resource not found: Table: ${table} not found`);
}

/** The name behind the `#` of a refusal's type, or undefined when the error is no refusal. */
export function refusalName(error: unknown): string | undefined {
  const body = refusalBody(error)?.body;
  return body?.__type.split("#")[1];
}

/**
 * The status and body of an error that dynalite or this engine meant as an answer; undefined for anything else.
 * dynalite writes `Message` in serialization errors; the SDK reads both, we send one.
 */
export function refusalBody(error: unknown): { status: number; body: RefusalBody } | undefined {
  if (!(error instanceof Error) || !("statusCode" in error) || !("body" in error)) return undefined;
  const { statusCode, body } = error as { statusCode: number; body: Record<string, unknown> };
  const { __type, message, Message, ...more } = body;
  return { status: statusCode, body: { ...more, __type: String(__type), message: String(message ?? Message ?? "") } };
}
