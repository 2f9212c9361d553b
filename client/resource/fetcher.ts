import type { Fetcher } from "../../core/model/ports.ts";
import { err, ok } from "../../core/model/result.ts";
import { type Fetch, readBounded } from "../http.ts";

/**
 * Core's fetcher over the platform's fetch: GET, no redirects, bounded in bytes and time, only an answer of 200 is
 * accepted.
 * @param fetch another fetch, for tests and proxies
 */
export function createFetcher(fetch: Fetch = globalThis.fetch): Fetcher {
  return {
    async get(url, { maxBytes, timeoutMillis }) {
      try {
        const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(timeoutMillis) });
        if (response.status >= 300 && response.status < 400)
          return err({ why: "redirect", detail: "redirects are not followed" });
        if (response.status !== 200) return err({ why: "status", detail: `answered ${response.status}` });
        const body = await readBounded(response, maxBytes);
        if (!body) return err({ why: "too_large", detail: `more than ${maxBytes} bytes` });
        const maxAge = /(?:^|[\s,])max-age=(\d{1,9})/.exec(response.headers.get("cache-control") ?? "")?.[1];
        return ok(maxAge === undefined ? { body } : { body, maxAgeSeconds: Number(maxAge) });
      } catch (cause) {
        const timedOut = cause instanceof Error && cause.name === "TimeoutError";
        return err(
          timedOut
            ? { why: "timeout", detail: `no answer within ${timeoutMillis} ms` }
            : { why: "unreachable", detail: "no connection" },
        );
      }
    },
  };
}
