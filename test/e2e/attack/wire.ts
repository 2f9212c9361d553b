import { request as http } from "node:http";
import { type Key, newestNonces, type ProofTwist, proof } from "./key.ts";

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
      const nonce = response.headers["dpop-nonce"];
      if (typeof nonce === "string") newestNonces.set(new URL(url).origin, nonce);
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
export const postForm = (url: string, fields: Fields, key: Key, twist?: ProofTwist): Promise<Answer> =>
  post(url, "application/x-www-form-urlencoded", formOf(fields), key, twist);

/** Posts JSON with a proof by `key`. */
export const postJson = (url: string, body: unknown, key: Key, twist?: ProofTwist): Promise<Answer> =>
  post(url, "application/json", JSON.stringify(body), key, twist);

/** Told to come back with a nonce, an attacker does so too: that alone must stop nobody. */
async function post(url: string, type: string, body: string, key: Key, twist: ProofTwist | undefined): Promise<Answer> {
  const once = async () =>
    send("POST", url, { "Content-Type": type, DPoP: await proof(key, url, "POST", twist) }, body);
  const first = await once();
  return first.json.error === "use_dpop_nonce" ? once() : first;
}
