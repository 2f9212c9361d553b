import type { JWTPayload } from "jose";
import type { Denial } from "../denial/denial.ts";
import { type CompactJws, decodeUnverified } from "../jose/jwt.ts";
import { soleAudience } from "../jose/jwt-claims.ts";
import { limits } from "../model/limits.ts";
import { personId } from "../model/person-id.ts";
import { nowSeconds } from "../model/ports.ts";
import type { TrustedIssuerRegistration } from "../model/registry.ts";
import { err, ok, type Result } from "../model/result.ts";
import { clientOf, groupsOfPerson } from "./claims.ts";
import { authTimeOf, type PersonInput, subjectCharacters, verifyToken } from "./id-token.ts";

/** A token that somebody shows to decide, and what it is checked against. */
interface ApproverInput extends Pick<PersonInput, "token" | "registry" | "keySets" | "clock" | "ownIssuer"> {
  /** Thumbprint of the key that was proved in this very call; none where the token was shown alone. */
  readonly jkt?: string;
}

/** The person a token proves, as far as deciding needs it. */
interface TokenApprover {
  readonly principal: string;
  /** As `<trusted issuer's name>/<group>`. */
  readonly groups: readonly string[];
  readonly issuer: string;
  readonly clientId: string;
  readonly issuedAtSeconds: number;
  /** When the person signed in, as far as the token tells. */
  readonly authTimeSeconds?: number;
}

const invalid = (why: string) => err<Denial>({ code: "subject_token_invalid", why });

/**
 * Verifies the token by which a person decides what waits for approval: of a client that the registry has for approvals
 * alone, and that no agent may name, so that no agent ever holds such a token (threat 58). Our own tokens, an agent's
 * identity token among them, are of no issuer of people.
 *
 * Whoever copies a bearer token could decide by it: so the token is bound to a key that was proved in this call
 * (RFC 9449), or its person signed in a moment ago.
 * @returns the person, or `issuer_untrusted`, `subject_token_invalid`, `subject_token_expired`, `keys_unavailable`,
 * `person_groups_unknown`, `approver_client_foreign`, `approver_login_old`, `dpop_key_mismatch`
 */
export async function verifyApprover(input: ApproverInput): Promise<Result<TokenApprover, Denial>> {
  const parts = decodeUnverified(input.token);
  const said = parts?.payload.iss;
  if (!parts || typeof said !== "string") return invalid("not a JWT with an issuer");
  const issuer = input.registry.trustedIssuer(said, "person");
  if (issuer?.issuer !== said || said === input.ownIssuer)
    return err({ code: "issuer_untrusted", issuer: said.slice(0, 200) });
  // the header's own word decides only which rules are demanded of the token
  const type = String(parts.header.typ ?? "").toLowerCase() === "at+jwt" ? "access" : "id";
  const audience = type === "id" ? soleAudience(parts.payload) : input.ownIssuer;
  if (audience === undefined) return invalid("audience: aud must name exactly one client");
  const verified = await verifyToken(parts, { ...input, type }, { issuer, audience });
  if (!verified.ok) return verified;
  const { cnf: _, ...unbound } = verified.value.payload;
  const client = clientOf(unbound, type);
  if (!client.ok) return invalid(client.error);
  if (!issuer.approvals?.clients.includes(client.value))
    return err({ code: "approver_client_foreign", client: client.value.slice(0, 200) });
  const fresh = proves(parts, verified.value.payload, input);
  return fresh.ok ? approverOf(verified.value.payload, issuer, client.value) : fresh;
}

/** Whether the token is bound to the key that was proved, or, where it is bound to none, its login is of this moment. */
function proves(
  { payload: { cnf } }: CompactJws,
  payload: JWTPayload,
  { jkt, clock }: Pick<ApproverInput, "jkt" | "clock">,
): Result<void, Denial> {
  if (cnf !== undefined || jkt !== undefined) {
    const bound = typeof cnf === "object" && cnf !== null ? (cnf as { readonly jkt?: unknown }).jkt : undefined;
    return jkt !== undefined && bound === jkt
      ? ok(undefined)
      : err({ code: "dpop_key_mismatch", boundTo: "access_token" });
  }
  const authTime = authTimeOf(payload);
  const age = typeof authTime === "number" ? nowSeconds(clock) - authTime : Number.NaN;
  return age <= limits.approverLoginAgeSeconds && age >= -limits.foreignSkewSeconds
    ? ok(undefined)
    : err({ code: "approver_login_old", ...(Number.isFinite(age) ? { ageSeconds: age } : {}) });
}

function approverOf(
  payload: JWTPayload,
  issuer: TrustedIssuerRegistration,
  clientId: string,
): Result<TokenApprover, Denial> {
  const { sub, iat } = payload;
  if (sub === undefined || iat === undefined) return invalid("a required claim is missing");
  if (sub.length > subjectCharacters) return invalid(`sub has more than ${subjectCharacters} characters`);
  const authTime = authTimeOf(payload);
  const groups = groupsOfPerson(payload, issuer);
  if (!groups.ok) return err({ code: "person_groups_unknown", issuer: issuer.issuer, why: groups.error });
  return ok({
    principal: personId(issuer.issuer, sub),
    groups: groups.value ?? [],
    issuer: issuer.issuer,
    clientId,
    issuedAtSeconds: iat,
    ...(typeof authTime === "number" ? { authTimeSeconds: authTime } : {}),
  });
}
