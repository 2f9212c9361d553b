import type { Fetcher } from "../../../core/model/ports.ts";
import { isLoopback } from "./loopback.ts";

/**
 * Creates the only way out (`get.ts`). What it takes, name service and decoders, is loaded with the first document that is
 * fetched: most instances that start find no new issuer in their first call.
 * @param ownIssuer when it is itself on this machine (the embedded cloud), so may others be; there is no other switch
 */
export function createFetcher(ownIssuer: string): Fetcher {
  const loopbackAllowed = isLoopback(new URL(ownIssuer));
  return {
    async get(url, bounds) {
      const { get } = await import("./get.ts");
      return get(url, bounds, loopbackAllowed);
    },
  };
}
