import type { HeldTool } from "../../model/agent-registration.ts";
import type {
  DetailsTypeRegistration,
  ResourceRegistration,
  ToolDeclaration,
} from "../../model/resource-registration.ts";
import { type Finding, repeated } from "../finding.ts";

type DetailsTypes = ReadonlyMap<string, DetailsTypeRegistration>;

/**
 * Checks the tools a resource declares: scopes and details are the resource's own, and no two names could be taken for
 * each other.
 */
export function toolFindings(resource: ResourceRegistration, types: DetailsTypes): readonly Finding[] {
  const { tools = [] } = resource;
  return tools.flatMap((tool, i) => {
    const path = `tools.${i}`;
    const twin = tools.slice(0, i).find(({ name }) => name.toLowerCase() === tool.name.toLowerCase());
    return [
      // some servers find their tools whatever the case, so the two could be one tool with two rules
      ...(twin ? [[`${path}.name`, `could be taken for tool ${twin.name}`] as const] : []),
      ...repeated(tool.scopes, `${path}.scopes`),
      ...repeated(tool.digests ?? [], `${path}.digests`),
      ...tool.scopes.flatMap((scope, j): Finding[] =>
        resource.scopes.includes(scope) ? [] : [[`${path}.scopes.${j}`, `${resource.uri} declares no scope ${scope}`]],
      ),
      ...detailsFindings(tool, resource, types).map(([at, why]): Finding => [`${path}.details.${at}`, why]),
    ];
  });
}

/** Checks what an agent works with: each once, and servers that are registered. */
export const heldToolFindings = (
  tools: readonly HeldTool[],
  resources: { has(uri: string): boolean },
): readonly Finding[] =>
  tools.flatMap(({ kind, name, resource, digests = [] }, i) => {
    const path = `tools.${i}`;
    const twin = tools.slice(0, i).some((one) => one.kind === kind && one.name === name);
    return [
      ...(twin ? [[`${path}.name`, `${kind} ${name} is listed twice`] as const] : []),
      ...(resource !== undefined && kind !== "mcp-server"
        ? [[`${path}.resource`, `is for MCP servers; this is a ${kind}`] as const]
        : []),
      ...(resource !== undefined && !resources.has(resource)
        ? [[`${path}.resource`, `no resource has the uri ${resource}`] as const]
        : []),
      ...repeated(digests, `${path}.digests`),
    ];
  });

const detailsFindings = (
  { details = {} }: ToolDeclaration,
  { uri }: ResourceRegistration,
  types: DetailsTypes,
): readonly Finding[] =>
  Object.entries(details).flatMap(([name, fields]): readonly Finding[] => {
    const type = types.get(name);
    if (type?.resource !== uri) return [[name, `${name} is no details type of ${uri}`]];
    return Object.keys(fields).flatMap((field): Finding[] =>
      Object.hasOwn(type.rules, field) ? [] : [[`${name}.${field}`, `${name} has no field ${field}`]],
    );
  });
