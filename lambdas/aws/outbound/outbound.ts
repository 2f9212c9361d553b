import { type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import { isLoopback } from "./loopback.ts";
import { publicLookup } from "./public-address.ts";

/** Whether anything may be sent there at all: https on a name, since an address would never be looked up and so evaluated. */
export function mayGo(target: URL, loopbackAllowed: boolean): boolean {
  if (target.username !== "" || target.password !== "") return false;
  if (isLoopback(target)) return loopbackAllowed;
  return target.protocol === "https:" && isIP(target.hostname.replace(/^\[|\]$/g, "")) === 0;
}

/**
 * One request to an evaluated target, connected to the very addresses that were evaluated, since a name could lead elsewhere at
 * the second look-up (threat 31). So an issuer inside a private network cannot be registered: its keys must be published
 * where the internet sees them. Redirects are the caller's to refuse.
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
