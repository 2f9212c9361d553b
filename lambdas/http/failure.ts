import { limits } from "../../core/model/limits.ts";
import type { Reply } from "../../core/model/wire.ts";

/**
 * Thrown when the function's time is nearly over; the call is then answered before the platform ends it without an
 * answer.
 */
export class OutOfTime extends Error {
  override readonly name = "OutOfTime";
}

const networkCodes = new Set(["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "EPIPE", "ETIMEDOUT", "EAI_AGAIN"]);

/**
 * The answer to a failure on our side, without its cause. A failure of infrastructure that may soon work again is 503
 * with Retry-After; every other is 500.
 */
export function failureReply(failure: unknown): Reply {
  const passing = isInfrastructure(failure);
  return {
    status: passing ? 503 : 500,
    ...(passing ? { headers: { "Retry-After": String(limits.retryAfterSeconds) } } : {}),
    contentType: "application/json",
    body: JSON.stringify(
      passing
        ? { error: "temporarily_unavailable", error_description: "the service cannot decide right now; try again" }
        : { error: "server_error", error_description: "the request could not be served; the operator was told" },
    ),
  };
}

/** Reads the chain of causes, up to a bound, since it may be a circle. */
function isInfrastructure(failure: unknown, links = 5): boolean {
  if (failure instanceof OutOfTime) return true;
  const { $metadata, name, code, cause } = (failure ?? {}) as Record<string, unknown>;
  if ($metadata !== undefined || name === "TimeoutError" || name === "AbortError") return true;
  if (typeof code === "string" && networkCodes.has(code)) return true;
  return cause !== undefined && links > 0 && isInfrastructure(cause, links - 1);
}

/** A failure in a form that may be logged: without any token, handle or body that an error's text may quote. */
export function loggable(failure: unknown): Record<string, unknown> {
  if (!(failure instanceof Error)) return { name: "thrown value", message: typeof failure };
  const { $metadata, cause } = failure as { $metadata?: { requestId?: string }; cause?: unknown };
  return {
    name: failure.name,
    // the message of a SyntaxError quotes the text that could not be parsed
    message: failure instanceof SyntaxError ? "text could not be read" : withoutSecrets(failure.message),
    at: withoutSecrets((failure.stack ?? "").split("\n").slice(1, 9).join("\n")),
    ...($metadata?.requestId ? { awsRequestId: $metadata.requestId } : {}),
    ...(cause instanceof Error ? { cause: `${cause.name}: ${withoutSecrets(cause.message)}` } : {}),
  };
}

const withoutSecrets = (text: string): string =>
  text
    .slice(0, 2_000)
    .replace(/[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*)*/g, "[token]")
    .replace(/lyo_[A-Za-z0-9._-]+/g, "[handle]")
    .replace(/[A-Za-z0-9_+/=-]{64,}/g, "[long value]");
