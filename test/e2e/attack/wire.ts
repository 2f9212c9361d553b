import { request as http } from "node:http";
import { type Key, type ProofTwist, proof } from "./key.ts";

/** An answer as it came over the wire. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; an empty object when it is none. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** Sends one request with exactly these headers and bytes: no client library between the test and the socket. */
export function send(
  method: string,
  url: string,
  headers: Record<string, string | string[]>,
  body: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = http(url, { method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: jsonOf(text) }),
      );
    });
    call.on("error", reject);
    call.end(body);
  });
}

const jsonOf = (text: string): Record<string, unknown> => {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
};

/** A form: pairs, so that a name may occur twice. */
export type Fields = readonly (readonly [string, string])[];

/** Encodes a form. */
export const formOf = (fields: Fields): string =>
  fields.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");

/** Posts a form with a proof by `key`. */
export async function postForm(url: string, fields: Fields, key: Key, twist?: ProofTwist): Promise<Answer> {
  const headers = { "Content-Type": "application/x-www-form-urlencoded", DPoP: await proof(key, url, "POST", twist) };
  return send("POST", url, headers, formOf(fields));
}

/** Posts JSON with a proof by `key`. */
export async function postJson(url: string, body: unknown, key: Key, twist?: ProofTwist): Promise<Answer> {
  const headers = { "Content-Type": "application/json", DPoP: await proof(key, url, "POST", twist) };
  return send("POST", url, headers, JSON.stringify(body));
}
