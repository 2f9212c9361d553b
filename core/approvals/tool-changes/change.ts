import { createHash } from "node:crypto";
import type { ApprovalRule } from "../../model/decision.ts";
import { canonicalJson } from "../../model/registry-difference.ts";
import type { ResourceRegistration, ToolDeclaration } from "../../model/resource-registration.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import type { ToolChangeKind, ToolChangePlace } from "../../model/tool-change.ts";

/** What a version of the registry makes of a tool that is served otherwise than it is pinned. */
export interface Change {
  readonly kind: ToolChangeKind;
  /** Whom the registry says to ask. */
  readonly rule: ApprovalRule;
  /** Digests at which the tool, or what it was, is pinned. */
  readonly pinned: readonly string[];
  /** What the tool is taken for once people approved it. */
  readonly becomes: ToolDeclaration;
  /** base64url SHA-256 of exactly what is approved. */
  readonly requestHash: string;
}

/** A tool as it is served. */
export type Served = Pick<ToolChangePlace, "server" | "tool" | "digest"> & { readonly from?: string };

/**
 * What people are asked about a served tool, by one version of the registry. The hash covers the server, the tool, the
 * new digest, whom to ask, and the registration that the tool then has, former digests included: whatever an apply
 * changes of these makes another question of it, so that an approval never outlives what it was given for (threat 69).
 *
 * A changed or renamed tool keeps scopes and details. Which scopes a new tool needs nobody has said, so it needs all of
 * its resource, and in a session that a detail restricts it is not called, since it names nothing of it.
 * @returns undefined where nobody is asked: the registry names no group, the tool is at a pinned digest or not pinned at
 * all, or its name could be taken for another tool's
 */
export function changeOf(served: Served, registry: Pick<RegistrySnapshot, "resource">): Change | undefined {
  const resource = registry.resource(served.server);
  if (!resource?.toolChanges) return undefined;
  const basis = basisOf(served, resource);
  if (!basis) return undefined;
  const { group, needed = 1 } = resource.toolChanges;
  const rule = { group, needed };
  const { kind, declared } = basis;
  const { server, tool, digest, from } = served;
  const asked = { v: 1, is: "tool-change", server, tool, digest, kind, from, declared, rule };
  const requestHash = createHash("sha256")
    .update(canonicalJson(asked) ?? "", "utf8")
    .digest("base64url");
  const becomes = { ...declared, name: tool, digests: [digest] };
  return { kind, rule, pinned: declared.digests ?? [], becomes, requestHash };
}

/** The registration that a served tool would have. */
function basisOf(
  { tool, digest, from }: Served,
  { tools = [], scopes }: ResourceRegistration,
): { readonly kind: ToolChangeKind; readonly declared: ToolDeclaration } | undefined {
  const named = (name: string | undefined) => tools.find((one) => one.name === name);
  const own = named(tool);
  if (own)
    return own.digests && !own.digests.includes(digest) && from === undefined
      ? { kind: "changed", declared: own }
      : undefined;
  // some servers find their tools whatever the case: approved, it could be called for the other one's rules
  if (tools.some(({ name }) => name.toLowerCase() === tool.toLowerCase())) return undefined;
  if (from === undefined) return { kind: "new", declared: { name: tool, scopes: [...scopes].sort() } };
  const former = named(from);
  return former?.digests ? { kind: "renamed", declared: former } : undefined;
}

/** The agents whose owners do not answer: who told of it, who serves the resource, and who stands before it. */
export function partiesOf(
  { agent, server }: Pick<ToolChangePlace, "agent" | "server">,
  registry: Pick<RegistrySnapshot, "resource" | "agentId">,
): readonly string[] {
  const { servedBy, frontedBy = [] } = registry.resource(server) ?? {};
  return [
    agent,
    ...[...(servedBy === undefined ? [] : [servedBy]), ...frontedBy].map((name) => registry.agentId(name)),
  ];
}
