import type { JWK } from "jose";
import type { Denial } from "../denial/denial.ts";
import type { DpopProof } from "../jose/dpop.ts";
import { type CompactJws, decodeUnverified, type JwtFailure, type VerifiedJwt, verifyJwt } from "../jose/jwt.ts";
import { publicJwkFor } from "../jose/public-jwk.ts";
import type { AgentKey, AgentRegistration } from "../model/agent-registration.ts";
import { assuranceReaches } from "../model/assurance.ts";
import { limits } from "../model/limits.ts";
import { type Clock, nowSeconds } from "../model/ports.ts";
import { replayKey } from "../model/replay/entry.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import type { Caller } from "./authenticate.ts";

/** `evidence.type` of a caller that authenticated by a registered key. Nobody attests with it. */
const privateKeyEvidence = "private-key-jwt";

/** A client assertion by a registered key, and what came with it. */
interface KeyAssertion {
  readonly assertion: string;
  /** The form's `client_id`. */
  readonly clientId: string | undefined;
  /** Absent where the call carries no proof. */
  readonly proof: DpopProof | undefined;
}

const invalid = (why: string) => err<Denial>({ code: "client_assertion_invalid", why });

/**
 * Authenticates an agent by one of the public keys of its registration (OpenID Connect Core 9 `private_key_jwt`, RFC
 * 7523 3 as draft-ietf-oauth-rfc7523bis-11 narrows it): `iss` and `sub` are the agent's id or an alias of it, `aud` is
 * our issuer alone, `jti` is used once. The key proves itself and neither code nor moment, so the assurance is the
 * lowest, and an agent whose registration demands more does not get in by it.
 * @returns the caller, or `client_assertion_invalid`, `assertion_expired`, `assurance_too_low`
 */
export async function authenticateByKey(
  { assertion, clientId, proof }: KeyAssertion,
  registry: RegistrySnapshot,
  deps: { readonly issuer: string; readonly clock: Clock },
): Promise<Result<Caller, Denial>> {
  const parts = decodeUnverified(assertion);
  const name = parts?.payload.iss;
  if (!parts || typeof name !== "string" || parts.payload.sub !== name) return invalid("iss and sub name one client");
  const found = agentNamed(name, registry);
  if (!found) return invalid("iss names no agent with registered keys");
  const verified = await verifyByAny(parts, found.registration.keys ?? [], { ...deps, name });
  if (!verified.ok) return verified;
  const { jwt, key } = verified.value;
  const { exp = 0, iat, jti = "" } = jwt.payload;
  const now = nowSeconds(deps.clock);
  // RFC 7523 does not demand `iat`; without it only the rest of its life can be measured
  if (exp - (iat ?? now) > limits.clientAssertionLifeSeconds + (iat === undefined ? limits.foreignSkewSeconds : 0))
    return invalid(`lives longer than ${limits.clientAssertionLifeSeconds} s`);
  const { agent, registration } = found;
  if (clientId !== undefined && clientId !== name && agentNamed(clientId, registry)?.agent !== agent)
    return invalid("client_id names another client than the assertion");
  const { minimumAssurance: required, code } = registration;
  if (!assuranceReaches("document", required)) return err({ code: "assurance_too_low", required, actual: "document" });
  if (code) return invalid("the registration binds code, of which a key proves nothing");
  return ok({
    agent,
    identity: { assurance: "document", evidence: { type: privateKeyEvidence, facts: { keyId: key.kid } }, epochs: {} },
    ...(proof === undefined ? {} : { jkt: proof.jkt }),
    chargedLate: true,
    entries: [
      {
        kind: "client-assertion",
        key: replayKey("client-assertion", agent, jti),
        expiresAtSeconds: Math.ceil(exp) + limits.foreignSkewSeconds,
      },
      ...(proof === undefined ? [] : [proof.replayEntry]),
    ],
  });
}

/** The one agent with keys that has this id or alias. A name that two agents have at two issuers names neither. */
function agentNamed(
  name: string,
  registry: RegistrySnapshot,
): { readonly agent: string; readonly registration: AgentRegistration } | undefined {
  const own = registry.agent(name);
  const found = own ? [own] : registry.agents.filter((a) => a.aliases?.some(({ clientId }) => clientId === name));
  const [registration, ...more] = found;
  if (!registration?.keys || more.length > 0) return undefined;
  return { agent: registry.agentId(registration.name), registration };
}

/** Tries the registered keys that fit the header: at most four, and one where the header names a key. */
async function verifyByAny(
  parts: CompactJws,
  keys: readonly AgentKey[],
  { issuer, clock, name }: { readonly issuer: string; readonly clock: Clock; readonly name: string },
): Promise<Result<{ readonly jwt: VerifiedJwt; readonly key: AgentKey }, Denial>> {
  const { alg, kid } = parts.header;
  const fitting = keys.filter((key) => key.alg === alg && (kid === undefined || key.kid === kid));
  let last: JwtFailure = { why: "key_unknown", detail: "no registered key has this kid for this algorithm" };
  for (const key of fitting) {
    const jwk = jwkOf(key);
    if (!jwk) continue;
    const verified = await verifyJwt(parts, async () => ok(jwk), {
      typ: ["jwt", "", "client-authentication+jwt"],
      algorithms: [key.alg],
      issuer: name,
      audience: issuer,
      nowSeconds: nowSeconds(clock),
      skewSeconds: limits.foreignSkewSeconds,
      requiredClaims: ["iss", "sub", "exp", "jti"],
      // an alias is what its issuer calls the client, in whatever script
      subjectInAnyScript: true,
    });
    if (verified.ok) return ok({ jwt: verified.value, key });
    last = verified.error;
    if (last.why !== "signature") break;
  }
  if (last.why === "expired") return err({ code: "assertion_expired", expiredAtSeconds: last.expiredAtSeconds ?? 0 });
  return invalid(`${last.why}: ${last.detail}`);
}

/** By the registration's object, so that an imported key is remembered by the identity of its JWK. */
const jwks = new WeakMap<AgentKey, JWK>();

function jwkOf(key: AgentKey): JWK | undefined {
  const jwk = jwks.get(key) ?? publicJwkFor(key.alg, key);
  if (jwk) jwks.set(key, jwk);
  return jwk;
}
