/**
 * Identity assertion JWT authorization grants (ID-JAG), draft-ietf-oauth-identity-assertion-authz-grant-06 of
 * 2026-10-31, which MCP's enterprise-managed authorization rests on. Everything the draft says is in this file.
 */
import type { JWTPayload } from "jose";
import type { Denial } from "../denial/denial.ts";
import { decodeUnverified, verifyJwt } from "../jose/jwt.ts";
import { soleAudience } from "../jose/jwt-claims.ts";
import type { AgentRegistration } from "../model/agent-registration.ts";
import { limits } from "../model/limits.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AuthorizationDetail, Grant } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { idJagTyp } from "../model/wire.ts";
import { narrowWithin, resolveWanted } from "../narrow/grants.ts";
import {
  type Asserted,
  factsOfPerson,
  type PersonFacts,
  type PersonInput,
  toPersonDenial,
} from "../person/id-token.ts";
import { type Once, onceFor } from "./once.ts";

/** What a request names. */
interface Named {
  readonly resources: readonly string[];
  readonly scopes: readonly string[];
  readonly details: readonly AuthorizationDetail[];
}

/** What an assertion is checked against. */
interface IdJagInput extends Omit<PersonInput, "type"> {
  /** Thumbprint of the key that proved this call; none without a proof. */
  readonly jkt: string | undefined;
}

const invalid = (why: string) => err<Denial>({ code: "subject_token_invalid", why });

/**
 * Verifies an ID-JAG for ONE authenticated agent. It must come from a registered issuer of persons that says
 * `identityAssertions`, for us alone, with the agent's id or its alias at that issuer as `client_id`; the clients of ID
 * tokens count for nothing here (threat 2). Where it names a key, the proof must be by that key; where it names an
 * actor, that is this agent.
 * @returns whose authority it is, what it bounds, and its one session; or `issuer_untrusted`, `subject_token_invalid`,
 * `subject_token_expired`, `person_token_foreign_client`, `dpop_key_mismatch`, `person_groups_unknown`,
 * `keys_unavailable`
 */
export async function verifyIdJag(
  input: IdJagInput,
): Promise<Result<{ readonly person: PersonFacts; readonly once: Once }, Denial>> {
  const parts = decodeUnverified(input.token);
  const said = parts?.payload.iss;
  if (!parts || typeof said !== "string") return invalid("not a JWT with an issuer");
  const issuer = input.registry.trustedIssuer(said, "person");
  if (issuer?.issuer !== said || issuer.purpose !== "person" || !issuer.identityAssertions || said === input.ownIssuer)
    return err({ code: "issuer_untrusted", issuer: said.slice(0, 200) });
  const verified = await verifyJwt(parts, input.keySets.lookup(issuer), {
    typ: [idJagTyp],
    algorithms: issuer.algorithms,
    issuer: issuer.issuer,
    audience: input.ownIssuer,
    nowSeconds: nowSeconds(input.clock),
    skewSeconds: limits.foreignSkewSeconds,
    requiredClaims: ["sub", "iat", "exp", "jti", "client_id"],
    maxLifetimeSeconds: limits.identityAssertionLifeSeconds,
  });
  if (!verified.ok) return err(toPersonDenial(verified.error, issuer.issuer));
  const { payload } = verified.value;
  const fits = checkBearer(payload, input);
  if (!fits.ok) return fits;
  const asserted = readAsserted(payload);
  if (!asserted.ok) return asserted;
  const facts = factsOfPerson(payload, issuer, input);
  if (!facts.ok) return facts;
  const once = onceFor(issuer.issuer, String(payload.jti), facts.value.expiresAtSeconds);
  return ok({ person: { ...facts.value, asserted: asserted.value }, once });
}

/** Whether the assertion is for this agent and this key. */
function checkBearer(payload: JWTPayload, input: IdJagInput): Result<void, Denial> {
  const { client_id: client, act, cnf, tenant } = payload;
  const names = namesAt(payload.iss, input);
  if (typeof client !== "string" || !names.includes(client))
    return err({
      code: "person_token_foreign_client",
      client: String(client).slice(0, 200),
      agent: input.agentId,
    });
  // the subject is unique within its tenant only, and we know persons by issuer and subject (threat 8)
  if (tenant !== undefined) return invalid("its subject is a tenant's; let each tenant have an issuer of its own");
  if (act !== undefined && !isActor(act, names)) return invalid("act is not this agent alone");
  if (cnf === undefined) return ok(undefined);
  const { jkt, ...other } = (cnf ?? {}) as { jkt?: unknown };
  if (typeof jkt !== "string" || Object.keys(other).length > 0) return invalid("cnf is not a key's thumbprint");
  return jkt === input.jkt ? ok(undefined) : err({ code: "dpop_key_mismatch", boundTo: "assertion" });
}

/** The names by which an issuer may call the agent: its id, and its aliases there. */
const namesAt = (
  issuer: string | undefined,
  { agentId, registration }: { readonly agentId: string; readonly registration: AgentRegistration },
): readonly string[] => [
  agentId,
  ...(registration.aliases ?? []).filter((alias) => alias.issuer === issuer).map((alias) => alias.clientId),
];

/** A chain of actors that began elsewhere is nothing that our rows could stand for, so it is refused. */
function isActor(act: unknown, names: readonly string[]): boolean {
  if (typeof act !== "object" || act === null || Array.isArray(act)) return false;
  const { sub, act: inner } = act as { sub?: unknown; act?: unknown };
  return inner === undefined && typeof sub === "string" && names.includes(sub);
}

function readAsserted(payload: JWTPayload): Result<Asserted, Denial> {
  const { scope, authorization_details: details, resource } = payload;
  const named = resource === undefined ? undefined : soleAudience({ aud: resource });
  if (resource !== undefined && named === undefined)
    return err({ code: "resource_disagrees", asserted: "not one resource" });
  if (scope !== undefined && typeof scope !== "string") return invalid("scope is not a text");
  const isDetail = (one: unknown) =>
    typeof one === "object" && one !== null && typeof (one as { type?: unknown }).type === "string";
  if (details !== undefined && !(Array.isArray(details) && details.every(isDetail)))
    return invalid("authorization_details is no list of details");
  const scopes = scope?.split(" ").filter((one) => one !== "");
  if ((scopes?.length ?? 0) > limits.scopesPerRequest || (details?.length ?? 0) > limits.detailsPerRequest)
    return invalid("it names too many scopes or details");
  return ok({
    ...(named === undefined ? {} : { resource: named }),
    ...(scopes === undefined ? {} : { scopes: [...new Set(scopes)] }),
    ...(details === undefined ? {} : { details }),
  });
}

/**
 * The request as far as the assertion allows it: one resource, by claim or parameter, on which both agree; of the
 * scopes those that the assertion holds (7.2.1: the intersection), or its own where the request names none.
 * @returns `resource_missing`, `resource_several`, `resource_disagrees`, `scope_exceeds` when nothing is left
 */
export function withinAsserted<R extends Named>(
  request: R,
  { resource, scopes }: Asserted,
  registry: RegistrySnapshot,
): Result<R, Denial> {
  const asserted = resource === undefined ? undefined : (registry.resourceNamed(resource)?.uri ?? resource);
  const [named, ...more] = request.resources;
  if (more.length > 0) return err({ code: "resource_several", count: request.resources.length });
  if (named !== undefined && asserted !== undefined && named !== asserted)
    return err({ code: "resource_disagrees", asserted: asserted.slice(0, 200) });
  const one = named ?? asserted;
  if (one === undefined) return err({ code: "resource_missing" });
  if (scopes === undefined) return ok({ ...request, resources: [one] });
  const cut = request.scopes.length === 0 ? scopes : request.scopes.filter((scope) => scopes.includes(scope));
  if (cut.length === 0 && request.scopes.length > 0)
    return err({ code: "scope_exceeds", by: "assertion", scopes: request.scopes });
  return ok({ ...request, resources: [one], scopes: cut });
}

/**
 * The grants that a request within an assertion names, restricted by the assertion's own details.
 * @param request from {@link withinAsserted}
 */
export function grantsAsserted(
  request: Named,
  { details = [] }: Asserted,
  registry: RegistrySnapshot,
): Result<readonly Grant[], Denial> {
  const wanted = resolveWanted(request, registry);
  if (!wanted.ok || details.length === 0) return wanted;
  const held = resolveWanted({ ...request, details }, registry);
  return held.ok ? narrowWithin(wanted.value, { held: held.value, by: "assertion" }, registry) : held;
}
