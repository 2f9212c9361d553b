import { normalUrl } from "../../core/model/normal-url.ts";
import { LanyardError } from "../error.ts";
import { secureUrl } from "../url.ts";

/** Where resources are served whose identifier is not their address: base addresses by resource. */
export type ServedAt = Readonly<Record<string, string>>;

/** @throws LanyardError `insecure_url` for a base over which tokens would travel in clear */
export function checkServedAt(servedAt: ServedAt): void {
  for (const [resource, base] of Object.entries(servedAt)) secureUrl(base, resource);
}

/**
 * The address of a call, if a token of `resource` may go there: to the resource's own origin and no path but below its
 * own. Agents are talked into addresses; a token that follows them is the attacker's, and so is a fresh proof for his
 * server (threat 43).
 * @param url absolute
 * @param servedAt said when the agent was made, by whoever wrote it and not by whoever talks to it
 * @throws LanyardError `insecure_url`, `outside_resource`
 */
export function addressWithin(url: string, resource: string, servedAt: ServedAt): URL {
  const address = secureUrl(url, "fetch");
  const base = Object.hasOwn(servedAt, resource) ? servedAt[resource] : resource;
  // read from the parsed address: it is what will be called
  const [wanted, allowed] = [normalUrl(address.href), normalUrl(base ?? "")];
  if (wanted && allowed && wanted.origin === allowed.origin && isBelow(wanted.path, allowed.path)) return address;
  throw new LanyardError("outside_resource", "fetch", { description: "the address is not below the token's resource" });
}

/** Also as servers read a path that decode before they route, or drop what follows a semicolon. */
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
