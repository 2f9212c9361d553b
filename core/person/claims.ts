import type { JWTPayload } from "jose";
import { soleAudience } from "../jose/jwt-claims.ts";
import type { TrustedIssuerRegistration } from "../model/registry.ts";
import { err, ok, type Result } from "../model/result.ts";
import { groupId } from "../model/snapshot.ts";

/**
 * The client a person's token was issued to, by claims whose signature was verified.
 * @param type `id`: the one audience (OpenID Connect Core 2). `access`: `client_id` or `azp` (RFC 9068 2.2)
 * @returns the client, or why the token names none
 */
export const clientOf = (payload: JWTPayload, type: "id" | "access"): Result<string, string> =>
  type === "id" ? idTokenClient(payload) : accessTokenClient(payload);

/** `azp`, where present, must say the same as `aud`. */
function idTokenClient(payload: JWTPayload): Result<string, string> {
  const client = soleAudience(payload);
  if (client === undefined) return err("audience: aud must name exactly one client");
  return (payload.azp ?? client) === client ? ok(client) : err("azp is not the client in aud");
}

function accessTokenClient(payload: JWTPayload): Result<string, string> {
  const { client_id: clientId, azp, sub } = payload;
  const client = clientId ?? azp;
  if (typeof client !== "string" || client === "") return err("names no client");
  if ((azp ?? client) !== client) return err("azp and client_id disagree");
  // RFC 9068 2.2: where no person is involved, the subject is the client itself
  if (sub === client) return err("is a client's own token, not a person's");
  // accepting a sender-constrained token without its proof would make it a bearer token (RFC 9449 7.2)
  if (payload.cnf !== undefined) return err("is bound to a key that was not proved");
  return ok(client);
}

type Claims = Readonly<Record<string, unknown>>;

/**
 * The declared groups that a person's token says the person is in; other values of the claim are ignored. A claim that
 * cannot be read is refused and never counts as "in no group": otherwise a person in so many groups that the provider
 * omits them would pass every `forbid` by group (threat 39).
 * @param claims of a token whose signature was verified
 * @returns `<issuer's name>/<group>` for each, undefined where the issuer declares no groups; or why they are unknown
 */
export function groupsOfPerson(
  claims: Claims,
  { name, groups }: TrustedIssuerRegistration,
): Result<readonly string[] | undefined, string> {
  if (!groups) return ok(undefined);
  if (isOverage(claims, groups.claim)) return err(`the provider left ${groups.claim} out because there are too many`);
  const value = Object.hasOwn(claims, groups.claim) ? claims[groups.claim] : undefined;
  if (value === undefined || value === null)
    return groups.absent === "none"
      ? ok([])
      : err(`the token has no claim ${groups.claim}, and its issuer is not registered with groups.absent: none`);
  const held = groupList(value, groups.names);
  if (!held) return err(`${groups.claim} is not a list of names`);
  return ok(groups.names.filter((group) => held.has(group)).map((group) => groupId(name, group)));
}

/**
 * Whether the provider marked the claim as too large for the token: distributed claims (OpenID Connect Core 5.6.2),
 * Entra's `hasgroups` of the implicit flow, and its older `groups:src1`.
 */
function isOverage(claims: Claims, claim: string): boolean {
  const { _claim_names: elsewhere, hasgroups: some } = claims;
  if (some !== undefined && some !== null && some !== false) return true;
  if (Object.keys(claims).some((name) => name.startsWith(`${claim}:src`))) return true;
  if (elsewhere === undefined || elsewhere === null) return false;
  // in an unreadable form it may name the claim
  if (typeof elsewhere !== "object" || Array.isArray(elsewhere)) return true;
  return Object.hasOwn(elsewhere, claim);
}

/**
 * Characters that separate several names in one text. We would take such a list for one strange name, so it is refused.
 */
const packed = /[\s,;|[\]{}"]/;

/** Reads a list of texts, or the single text that some providers write for a list of one. */
function groupList(value: unknown, names: readonly string[]): ReadonlySet<unknown> | undefined {
  if (typeof value === "string") return names.includes(value) || !packed.test(value) ? new Set([value]) : undefined;
  return Array.isArray(value) && value.every((one) => typeof one === "string") ? new Set(value) : undefined;
}
