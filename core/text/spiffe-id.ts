import { limits } from "../model/limits.ts";

/** The parts of a SPIFFE ID. */
interface SpiffeId {
  readonly trustDomain: string;
  /** With its leading slash; empty for the trust domain's own id. */
  readonly path: string;
}

const shape = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/[A-Za-z0-9._-]+)*)$/;

/**
 * Parses a SPIFFE ID (SPIFFE-ID 2): lower-case scheme and trust domain, no port, query or percent-encoding, no empty
 * or dot segments, at most 2048 bytes. Nothing is normalized, so equal ids are equal strings.
 */
export function parseSpiffeId(id: string): SpiffeId | undefined {
  if (id.length > 2048) return undefined;
  const [, trustDomain, path] = shape.exec(id) ?? [];
  if (trustDomain === undefined || path === undefined) return undefined;
  return path.split("/").some((segment) => segment === "." || segment === "..") ? undefined : { trustDomain, path };
}

/**
 * True for `spiffe://<trust-domain>/agent/<name>` of exactly this trust domain. An agent of the same name in another
 * trust domain is not ours (threat 28).
 */
export function isAgentId(id: string, trustDomain: string): boolean {
  const parsed = id.length <= limits.agentIdCharacters ? parseSpiffeId(id) : undefined;
  return parsed?.trustDomain === trustDomain && /^\/agent\/./.test(parsed.path);
}
