/** SSM Parameter Store (`AmazonSSM`): GetParameter on the template's parameters and on what an operator put. */
import type { Cloud } from "./cloudformation/template.ts";
import { contextOf, type Json, ok, type Service, ServiceError, textMember, unknownOperation } from "./service.ts";

/** A parameter of the template. */
interface Parameter {
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

/**
 * The account's parameters. What the template says wins at every start, as a deployment would.
 * @param place account and Region of their ARNs
 */
export function openSsm(parameters: readonly Parameter[], place: { account: string; region: string }): Service {
  const stored = new Map(parameters.map((parameter) => [parameter.name, { ...parameter, version: 1 }]));
  const arnOf = (name: string) => `arn:aws:ssm:${place.region}:${place.account}:parameter/${name.replace(/^\//, "")}`;
  const get = (input: Json) => {
    const found = stored.get(textMember(input, "Name"));
    if (found === undefined) throw new ServiceError("ParameterNotFound", "");
    const { name, type, value, version } = found;
    return ok({
      Parameter: { ARN: arnOf(name), DataType: "text", Name: name, Type: type, Value: value, Version: version },
    });
  };
  const put = (input: Json) => {
    const name = textMember(input, "Name");
    const before = stored.get(name);
    if (before !== undefined && input.Overwrite !== true) throw new ServiceError("ParameterAlreadyExists", "");
    const version = (before?.version ?? 0) + 1;
    stored.set(name, { name, type: String(input.Type ?? "String"), value: textMember(input, "Value"), version });
    return ok({ Version: version, Tier: "Standard" });
  };
  return {
    target: "AmazonSSM",
    access: (operation, input) => [
      { action: `ssm:${operation}`, resource: arnOf(textMember(input, "Name")), context: contextOf({}) },
    ],
    call(operation, input) {
      if (operation === "PutParameter") return put(input);
      if (operation !== "GetParameter") throw unknownOperation("SSM", operation);
      return get(input);
    },
  };
}

/** Parameters of the template. */
export function parametersOf(cloud: Cloud): Parameter[] {
  return cloud.ofType("AWS::SSM::Parameter").map((resource) => {
    const { Type, Value } = cloud.properties(resource);
    return { name: cloud.physical(resource).ref, type: String(Type), value: String(Value) };
  });
}
