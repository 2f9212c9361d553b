import { addressWithin } from "../agent/reach.ts";
import { type Fetch, readBounded } from "../http.ts";
import { isGiven } from "./needs.ts";

/** A fetch that remembers which authorization details the server said a refused operation needs. */
interface AskedDetails {
  readonly fetch: Fetch;
  /** The details of the last refusal, as JSON; undefined when the last one named none. */
  asked(): string | undefined;
}

/** Longest answer that is looked into, and longest details that are asked for, in bytes. */
const answerBytes = 16_384;
const detailsCharacters = 4_096;

/**
 * Looks for `authorization_details` in refusals of the MCP server. A server can make its client ask for them, as it can
 * for scopes: what comes of it is the authorization server's decision, and a token for this server alone.
 * @param carries whether a request carries the access token: it goes to the server, and nowhere else (threat 43)
 */
export function askedDetails(inner: Fetch, server: string, carries: (headers: Headers) => boolean): AskedDetails {
  let asked: string | undefined;
  return {
    asked: () => asked,
    async fetch(input, init) {
      const request = input instanceof Request ? input : undefined;
      const url = request?.url ?? String(input);
      if (carries(new Headers(init?.headers ?? request?.headers))) addressWithin(url, server, {});
      const answer = await inner(input, init);
      if ((answer.status === 401 || answer.status === 403) && isOf(url, server)) {
        const whole = await readBounded(answer.clone(), answerBytes);
        asked = whole && detailsIn(whole);
      }
      return answer;
    },
  };
}

function isOf(url: string, server: string): boolean {
  try {
    addressWithin(url, server, {});
    return true;
  } catch {
    return false;
  }
}

function detailsIn(bytes: Uint8Array): string | undefined {
  try {
    const { authorization_details: details } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    if (!Array.isArray(details) || details.length === 0) return undefined;
    if (!details.every((one) => isGiven(one) && typeof one.type === "string")) return undefined;
    const text = JSON.stringify(details);
    return text.length <= detailsCharacters ? text : undefined;
  } catch {
    return undefined;
  }
}
