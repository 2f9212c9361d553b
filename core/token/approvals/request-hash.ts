import { createHash } from "node:crypto";
import type { ApprovalRule } from "../../model/decision.ts";
import { canonicalJson } from "../../model/registry-difference.ts";
import type { DetailsTypeDeclaration } from "../../model/resource-registration.ts";
import type { Grant } from "../../model/session.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import type { Plan } from "../plan.ts";
import type { TokenRequest } from "../request.ts";

/** What is approved, as it was planned and decided. */
interface ApprovedRequest {
  readonly agent: string;
  readonly build?: string | undefined;
  readonly request: Pick<TokenRequest, "requested" | "lifetimeSeconds">;
  readonly plan: Plan;
  readonly rule: ApprovalRule;
  readonly policies: Readonly<Record<string, string>>;
  readonly meanings: Readonly<Record<string, string>>;
  readonly registry: RegistrySnapshot;
}

/**
 * base64url SHA-256 of exactly what is approved, in canonical form. Neither the order of scopes, resources and details
 * nor the key, the person's login, the time or the agent's purpose is part of it: the same request has the same hash.
 * Texts are compared as they are, in their own case; details have their type's canonical spelling already, but for the
 * order of what is a set.
 */
export function requestHash({
  agent,
  build,
  request,
  plan,
  rule,
  policies,
  meanings,
  registry,
}: ApprovedRequest): string {
  const { action, principal, actors, depth, grants, maxUses, usesAbove, via, existing, parent } = plan;
  const session = existing ?? parent;
  const text = canonicalJson({
    ...{ v: 1, agent, build, action, actors, depth, rule, policies, meanings },
    principal: { id: principal.id, kind: principal.kind, groups: [...(principal.groups ?? [])].sort() },
    lending: { rules: plan.delegationRules, meanings: plan.meanings },
    requested: request.requested,
    lifetimeSeconds: request.lifetimeSeconds,
    grants: grantsOf(grants, registry),
    uses: { max: maxUses, above: usesAbove },
    budget: plan.budget,
    presented: via?.kind === "hop" ? grantsOf([via.presented], registry) : undefined,
    session: session && { root: session.root, sid: session.sid },
  });
  return sha256(text ?? "");
}

const grantsOf = (grants: readonly Grant[], registry: RegistrySnapshot) =>
  [...grants]
    .sort((a, b) => order(a.resource, b.resource))
    .map(({ resource, scopes, details }) => ({
      resource,
      scopes: [...scopes].sort(),
      details: [...details]
        .sort((a, b) => order(a.type, b.type))
        .map((detail) => setsSorted(detail, "", registry.detailsType(detail.type)?.rules ?? {})),
    }));

/** Lists that are compared as sets, in one order; every other list keeps its own. */
function setsSorted(value: unknown, path: string, rules: DetailsTypeDeclaration["rules"]): unknown {
  if (Array.isArray(value)) return ["one_of", "not"].includes(rules[path] ?? "") ? value.map(String).sort() : value;
  if (typeof value !== "object" || value === null) return value;
  const inside = (name: string) => (path === "" ? name : `${path}.${name}`);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, setsSorted(one, inside(name), rules)]));
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("base64url");

/** Digests of the texts of policies, by name. */
export const policyDigests = (names: readonly string[], registry: RegistrySnapshot): Record<string, string> =>
  Object.fromEntries(
    registry.policies.filter(({ name }) => names.includes(name)).map(({ name, cedar }) => [name, sha256(cedar)]),
  );

/**
 * Digests of what resources and the details types of a request mean in the present registry. A scope means what its
 * resource's registration says; a name alone could be given another meaning while people decide (threat 57).
 */
export function meaningDigests(grants: readonly Grant[], registry: RegistrySnapshot): Record<string, string> {
  const of = (value: unknown): string => sha256(canonicalJson(value) ?? "");
  const types = new Set(grants.flatMap(({ details }) => details.map(({ type }) => type)));
  return Object.fromEntries([
    ...grants.map(({ resource }) => [`resource:${resource}`, of(registry.resource(resource))]),
    ...[...types].map((type) => [`details-type:${type}`, of(registry.detailsType(type))]),
  ]);
}
