import { LanyardError } from "./error.ts";

const loopback = /^(?:localhost|[a-z0-9.-]+\.localhost|127\.0\.0\.1|\[::1\])$/;

/**
 * Refuses an address without TLS, to which tokens and proofs would be sent in clear.
 * @param url absolute; plain http only to this machine
 * @returns the parsed URL
 * @throws LanyardError `insecure_url`
 */
export function secureUrl(url: string, what: string): URL {
  const parsed = URL.parse(url);
  const secure = parsed?.protocol === "https:" || (parsed?.protocol === "http:" && loopback.test(parsed.hostname));
  if (!parsed || !secure || parsed.username !== "" || parsed.password !== "")
    throw new LanyardError("insecure_url", what, { description: "not an https address" });
  return parsed;
}
