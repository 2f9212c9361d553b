import { EvidenceError } from "../../error.ts";
import { type Fetch, readBounded } from "../../http.ts";

const answerBytes = 65_536;
const timeoutMillis = 5_000;

/** An answer of 200, read whole. */
interface PlatformAnswer {
  readonly text: string;
  readonly headers: Headers;
}

/** A request to a platform's token service. */
interface PlatformRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** GET when left out. */
  readonly method?: "GET" | "PUT";
}

/**
 * Calls a platform's token service, bounded in bytes and time. Redirects are not followed, since the request carries a
 * secret that gets tokens.
 * @param url already compared with the list of addresses that may receive the headers
 * @throws EvidenceError for everything but a 200
 */
export async function askPlatform(fetch: Fetch, url: URL, request: PlatformRequest): Promise<PlatformAnswer> {
  const answer = await got(fetch, url, request);
  if (!answer.bytes) throw new EvidenceError(`${url.host} answered more than ${answerBytes} bytes`);
  return { text: Buffer.from(answer.bytes).toString("utf8"), headers: answer.headers };
}

async function got(fetch: Fetch, url: URL, { headers, method = "GET" }: PlatformRequest) {
  let status: number;
  try {
    const answer = await fetch(url, {
      method,
      headers,
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMillis),
    });
    status = answer.status;
    if (status === 200) return { bytes: await readBounded(answer, answerBytes), headers: answer.headers };
    await answer.body?.cancel();
  } catch (cause) {
    const timedOut = cause instanceof Error && cause.name === "TimeoutError";
    throw new EvidenceError(`${url.host} ${timedOut ? `did not answer in ${timeoutMillis} ms` : "cannot be reached"}`);
  }
  throw new EvidenceError(`${url.host} answered ${status}`);
}

/**
 * A text member of an answer in JSON.
 * @throws EvidenceError
 */
export function memberOf({ text }: PlatformAnswer, name: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new EvidenceError("the answer is not JSON");
  }
  const member =
    typeof value === "object" && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : "";
  if (typeof member !== "string" || member === "") throw new EvidenceError(`the answer has no ${name}`);
  return member;
}
