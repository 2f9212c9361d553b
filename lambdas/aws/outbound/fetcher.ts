import type { Fetcher } from "../../../core/model/ports.ts";
import { isLoopback } from "./loopback.ts";

/**
 * Creates the fetcher (`get.ts`), the only way core reaches the network. Its modules are loaded with the first document
 * that is fetched, since most instances need to fetch none in their first call.
 * @param ownIssuer where it is on this machine (the embedded cloud), other issuers may be too; there is no other switch
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
