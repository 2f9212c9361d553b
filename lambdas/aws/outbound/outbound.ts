import { type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import { isLoopback } from "./loopback.ts";
import { publicLookup } from "./public-address.ts";

/**
 * Whether anything may be sent to this target: https with a host name, since a literal address would not be looked up
 * and so not be checked.
 */
export function mayGo(target: URL, loopbackAllowed: boolean): boolean {
  if (target.username !== "" || target.password !== "") return false;
  if (isLoopback(target)) return loopbackAllowed;
  return target.protocol === "https:" && isIP(target.hostname.replace(/^\[|\]$/g, "")) === 0;
}

/**
 * Sends one request to a checked target. It connects to exactly the addresses that were checked, since a second lookup
 * of the name could give another address (threat 31). For this reason an issuer inside a private network cannot be
 * used: its keys must be published on the internet. The caller must refuse redirects.
 */
export function send(target: URL, options: RequestOptions, body?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = isLoopback(target)
      ? requestHttp(target, options, resolve)
      : requestHttps(target, { ...options, lookup: publicLookup }, resolve);
    request.on("error", reject);
    request.end(body);
  });
}
