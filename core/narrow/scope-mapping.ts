import type { Denial } from "../denial/denial.ts";
import { checkDetail, narrowDetail } from "../details/compare.ts";
import type { ScopeMappingRegistration } from "../model/registry.ts";
import type { DetailsTypeRegistration } from "../model/resource-registration.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AuthorizationDetail, Grant } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { stillWithin } from "./grants.ts";

/** One downstream exchange, as scope mappings see it. */
interface Exchange {
  /** SPIFFE ID of the agent that serves the presented token's audience. */
  readonly agentId: string;
  /** The one grant of the presented token, as the token states it. */
  readonly presented: Grant;
  /** The grants that the request names; only scope mappings that give one of their scopes are used. */
  readonly wanted: readonly Grant[];
}

/**
 * What a presented access token lets the agent that serves its audience ask for downstream (registry `entailment`). Not
 * transitive. Every detail of the token carries over by the mapping's `details`; a detail that the mapping does not
 * name refuses the exchange, since dropping it would widen the authority (threat 7).
 * @returns what may be held, per target resource; scopes that no mapping gives are absent. Or `details_unmapped`
 */
export function mappedScopes(exchange: Exchange, registry: RegistrySnapshot): Result<readonly Grant[], Denial> {
  const { presented } = exchange;
  const held = new Map<string, { scopes: Set<string>; details: Map<string, AuthorizationDetail> }>();
  for (const mapping of reaching(exchange, registry)) {
    const target = held.get(mapping.to.resource) ?? { scopes: new Set(), details: new Map() };
    for (const scope of mapping.to.scopes) target.scopes.add(scope);
    for (const detail of presented.details) {
      const name = Object.hasOwn(mapping.details, detail.type) ? mapping.details[detail.type] : undefined;
      const type = name === undefined ? undefined : registry.detailsType(name);
      const mapped = checkDetail({ ...detail, type: name ?? "" }, registry);
      if (!mapped.ok || type?.resource !== mapping.to.resource)
        return err({ code: "details_unmapped", type: detail.type });
      const both = meet(target.details.get(type.name), mapped.value.detail, type);
      if (!both) return err({ code: "details_unmapped", type: detail.type });
      target.details.set(type.name, both);
    }
    held.set(mapping.to.resource, target);
  }
  return ok(
    [...held].map(([resource, { scopes, details }]) => ({
      resource,
      scopes: [...scopes],
      details: [...details.values()],
    })),
  );
}

/** The scope mappings that lead from a presented token to a wanted scope. */
const reaching = (
  { agentId, presented, wanted }: Exchange,
  registry: RegistrySnapshot,
): readonly ScopeMappingRegistration[] =>
  registry
    .scopeMappings(agentId, presented.resource)
    .filter((e) => presented.scopes.includes(e.from.scope))
    .filter((e) => wanted.some((w) => w.resource === e.to.resource && w.scopes.some((s) => e.to.scopes.includes(s))));

/**
 * The latest end of what is made of a presented token: the token's own end, unless every scope mapping that is used
 * grants a life of its own, counted from now. Otherwise a token with five seconds left could become a session of any
 * length (threat 35).
 * @param token when the presented token ends, and now, in epoch seconds
 */
export function lastEndOfExchange(
  token: { readonly expiresAtSeconds: number; readonly nowSeconds: number },
  exchange: Exchange,
  registry: RegistrySnapshot,
): number {
  const { expiresAtSeconds, nowSeconds } = token;
  const lives = reaching(exchange, registry).map((e) => nowSeconds + (e.lifetimeSeconds ?? 0));
  return Math.max(expiresAtSeconds, lives.length > 0 ? Math.min(...lives) : 0);
}

/**
 * Whether what a session was given by a downstream exchange still follows from the token it was made of, by the present
 * registry. A constraint that the token now carries over and the session lacks is refused, since the session would
 * escape it.
 * @param exchange by the session's agent, of what it holds
 * @returns `scope_exceeds`, `details_unmapped`, `details_exceed`, `details_invalid` when it does not
 */
export function stillMapped(exchange: Exchange, registry: RegistrySnapshot): Result<void, Denial> {
  const mapped = mappedScopes(exchange, registry);
  return mapped.ok ? stillWithin(exchange.wanted, { held: mapped.value, by: "entailment" }, registry) : mapped;
}

/**
 * Two details that carry over to one type must both hold. If the later one replaced the earlier, it would remove that
 * constraint. Where neither is provably within the other, no single detail expresses both, and they are refused.
 */
function meet(
  stands: AuthorizationDetail | undefined,
  detail: AuthorizationDetail,
  type: DetailsTypeRegistration,
): AuthorizationDetail | undefined {
  if (!stands) return detail;
  const [below, above] = [narrowDetail(stands, detail, type), narrowDetail(detail, stands, type)];
  if (below.ok) return below.value;
  return above.ok ? above.value : undefined;
}
