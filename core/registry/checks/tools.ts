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
      ...tool.scopes.flatMap((scope, j): Finding[] =>
        resource.scopes.includes(scope) ? [] : [[`${path}.scopes.${j}`, `${resource.uri} declares no scope ${scope}`]],
      ),
      ...detailsFindings(tool, resource, types).map(([at, why]): Finding => [`${path}.details.${at}`, why]),
    ];
  });
}

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
