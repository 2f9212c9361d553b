import { request as plain } from "node:http";
import { request as secure } from "node:https";

/** An answer as it came over the wire. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** The body as a JSON object; an empty one when it is none. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** Headers to send; several values are sent as several headers. */
export type Headers = Readonly<Record<string, string | readonly string[]>>;

const timeoutMillis = 20_000;
const answerBytes = 1_048_576;

/**
 * Sends one request with exactly these headers and bytes: no client library between a test and the socket, which would
 * mend what the test means to break. Redirects are not followed.
 */
export function send(method: string, url: string, headers: Headers = {}, body = ""): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const open = url.startsWith("https:") ? secure : plain;
    const sent = headers as Record<string, string | string[]>;
    const call = open(url, { method, headers: sent, timeout: timeoutMillis, agent: false }, (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on("data", (part: Buffer) => {
        bytes += part.length;
        if (bytes > answerBytes) call.destroy(new Error(`more than ${answerBytes} bytes from ${url}`));
        parts.push(part);
      });
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(parts).toString("utf8");
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: jsonIn(text) });
      });
    });
    call.on("timeout", () => call.destroy(new Error(`no answer from ${url} in ${timeoutMillis} ms`)));
    call.on("error", reject);
    call.end(body);
  });
}

const jsonIn = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
};

/** One header, when it came once. */
export const header = (answer: Answer, name: string): string => {
  const value = answer.headers[name.toLowerCase()];
  return typeof value === "string" ? value : "";
};
