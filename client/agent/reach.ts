import { normalUrl } from "../../core/model/normal-url.ts";
import { LanyardError } from "../error.ts";
import { secureUrl } from "../url.ts";

/** Base addresses, by resource, of resources that are not served at their own identifier. */
export type ServedAt = Readonly<Record<string, string>>;

/** @throws LanyardError `insecure_url` for a base address without TLS */
export function checkServedAt(servedAt: ServedAt): void {
  for (const [resource, base] of Object.entries(servedAt)) secureUrl(base, resource);
}

/**
 * The address of a call, if a token of `resource` may go there: to the resource's own origin, at its path or below. An
 * attacker can talk an agent into another address; a token that was sent there, with a new proof for that server, would
 * be the attacker's (threat 43).
 * @param url absolute
 * @param servedAt set by the agent's developer when the agent was created, never by a message to the agent
 * @throws LanyardError `insecure_url`, `outside_resource`
 */
export function addressWithin(url: string, resource: string, servedAt: ServedAt): URL {
  const address = secureUrl(url, "fetch");
  const base = Object.hasOwn(servedAt, resource) ? servedAt[resource] : resource;
  // compared by the parsed address, since that is what will be called
  const [wanted, allowed] = [normalUrl(address.href), normalUrl(base ?? "")];
  if (wanted && allowed && wanted.origin === allowed.origin && isBelow(wanted.path, allowed.path)) return address;
  throw new LanyardError("outside_resource", "fetch", { description: "the address is not below the token's resource" });
}

/**
 * Whether a path is below another, also for servers that decode a path before they route it, or drop what follows a
 * semicolon.
 */
function isBelow(path: string, base: string): boolean {
  const below = (read: string, root: string) => read === root || read.startsWith(root.replace(/\/?$/, "/"));
  return below(path, base) && below(readLoosely(path), readLoosely(base));
}

function readLoosely(path: string): string {
  const parts: string[] = [];
  for (const part of path
    .replace(/%2F|%5C/g, "/")
    .split("/")
    .slice(1)) {
    const name = part.replace(/(?:;|%3B).*$/, "");
    if (name === "..") parts.pop();
    else if (name !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
