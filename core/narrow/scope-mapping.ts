import type { Denial } from "../denial/denial.ts";
import { checkDetail, narrowDetail } from "../details/compare.ts";
import type { DetailsTypeRegistration, ScopeMappingRegistration } from "../model/registry.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AuthorizationDetail, Grant } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { stillWithin } from "./grants.ts";

/** One downstream exchange, as scope mappings are asked about it. */
interface Exchange {
  /** SPIFFE ID of the agent that serves the presented token's audience. */
  readonly agentId: string;
  /** The one grant of the presented token, as the token states it. */
  readonly presented: Grant;
  /** The grants asked for; only scope mappings that reach a wanted scope count. */
  readonly wanted: readonly Grant[];
}

/**
 * What a presented access token lets the agent that serves its audience ask for downstream (registry
 * `entailment`). Not transitive. Every detail of the token carries over by the mapping's `details`; one it does not map
 * refuses the exchange, since dropping it would widen (threat 7).
 * @returns what may be held, per target resource; scopes that nothing is mapped to are simply absent. Or `details_unmapped`
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

/** The scope mappings that lead from a presented token to what is wanted. */
const reaching = (
  { agentId, presented, wanted }: Exchange,
  registry: RegistrySnapshot,
): readonly ScopeMappingRegistration[] =>
  registry
    .scopeMappings(agentId, presented.resource)
    .filter((e) => presented.scopes.includes(e.from.scope))
    .filter((e) => wanted.some((w) => w.resource === e.to.resource && w.scopes.some((s) => e.to.scopes.includes(s))));

/**
 * When at the latest what is made of a presented token ends: with the token, unless every scope mapping it takes grants a
 * life of its own, counted from now. A token of five seconds would else be a session of as long as its server likes
 * (threat 35).
 * @param token when the presented token ends, and now, in seconds
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
 * Whether what a session was given by a downstream exchange still follows from the token it was made of, as the registry stands. A
 * constraint that the token carries over now and the session does not hold is one it would escape.
 * @param exchange by the session's agent, of what it holds
 * @returns `scope_exceeds`, `details_unmapped`, `details_exceed`, `details_invalid` when it does not
 */
export function stillMapped(exchange: Exchange, registry: RegistrySnapshot): Result<void, Denial> {
  const mapped = mappedScopes(exchange, registry);
  return mapped.ok ? stillWithin(exchange.wanted, { held: mapped.value, by: "entailment" }, registry) : mapped;
}

/**
 * Two details that carry over to one type must both hold: the later one would otherwise push out the earlier and lift
 * it. Where neither is provably within the other there is no one detail that says both.
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
