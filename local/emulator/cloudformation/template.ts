/**
 * Resolves CloudFormation templates across stacks: every intrinsic the stacks use, answered from one world of
 * physical names. What it does not know it refuses, so that a new kind of resource is never half emulated.
 */
import type { Stack, TemplateResource } from "./assembly.ts";

/** A resource of some stack, with its properties resolved on demand. */
export interface Resource {
  readonly stack: Stack;
  readonly logicalId: string;
  readonly type: string;
  /** Properties as written; use `Cloud.properties` for resolved ones. */
  readonly raw: Record<string, unknown>;
}

/** What the account would have given a resource: answers to `Ref` and `Fn::GetAtt`. */
export interface Physical {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Gives a resource its physical face; `property` resolves one of its own properties (a name, say). */
export type Naming = (resource: Resource, property: (name: string) => unknown) => Physical;

/** Every stack of the assembly, resolvable. */
export interface Cloud {
  /** All resources whose condition holds, in the order of the templates. */
  readonly resources: readonly Resource[];
  ofType(...types: string[]): Resource[];
  physical(resource: Resource): Physical;
  /** The resource's properties with every intrinsic resolved; `AWS::NoValue` members are left out. */
  properties(resource: Resource): Record<string, unknown>;
  /** All outputs of all stacks by output name; a name that two stacks use is prefixed with its stack's from the second on. */
  outputs(): Record<string, string>;
}

type Json = Record<string, unknown>;
const noValue = Symbol("AWS::NoValue");

/**
 * Joins the stacks into one resolvable cloud.
 * @param stacks every stack of the assembly, since they refer to each other
 * @param naming physical names and attributes by resource type
 * @returns the cloud; resolving throws on an unknown intrinsic, attribute, resource or export
 */
export function resolveStacks(stacks: readonly Stack[], naming: Naming): Cloud {
  const known = new Map<string, Physical>();
  const find = (stack: Stack, logicalId: string): Resource => {
    const resource = stack.template.Resources?.[logicalId];
    if (resource === undefined) throw new Error(`${stack.name} refers to "${logicalId}", which it does not hold`);
    return resourceOf(stack, logicalId, resource);
  };
  const physical = (resource: Resource): Physical => {
    const key = `${resource.stack.name}/${resource.logicalId}`;
    const made = known.get(key) ?? naming(resource, (name) => evaluate(resource.stack, resource.raw[name]));
    known.set(key, made);
    return made;
  };

  const intrinsics: Record<string, (stack: Stack, argument: unknown) => unknown> = {
    Ref: (stack, name) => reference(stack, String(name)),
    "Fn::GetAtt": (stack, argument) => attribute(stack, argument),
    "Fn::Join": (stack, argument) => {
      const [separator, parts] = list(stack, argument);
      return (parts as unknown[]).map(text).join(text(separator));
    },
    "Fn::Sub": (stack, argument) => substitute(stack, argument),
    "Fn::Select": (stack, argument) => {
      const [index, from] = list(stack, argument);
      const chosen = (from as unknown[])[Number(index)];
      if (chosen === undefined) throw new Error(`${stack.name}: Fn::Select ${text(index)} is outside its list`);
      return chosen;
    },
    "Fn::Split": (stack, argument) => {
      const [separator, whole] = list(stack, argument);
      return text(whole).split(text(separator));
    },
    "Fn::ImportValue": (stack, argument) => imported(text(evaluate(stack, argument))),
    "Fn::GetStackOutput": (stack, argument) => stackOutput(evaluate(stack, argument) as Json),
    "Fn::FindInMap": (stack, argument) => {
      const [map, top, second] = list(stack, argument).map(text) as [string, string, string];
      const found = stack.template.Mappings?.[map]?.[top]?.[second];
      if (found === undefined) throw new Error(`${stack.name}: no mapping ${map}.${top}.${second}`);
      return found;
    },
    "Fn::If": (stack, argument) => {
      const [name, yes, no] = argument as [string, unknown, unknown];
      return evaluate(stack, condition(stack, name) ? yes : no);
    },
    "Fn::Equals": (stack, argument) => {
      const [left, right] = list(stack, argument);
      return text(left) === text(right);
    },
    "Fn::Not": (stack, argument) => list(stack, argument)[0] !== true,
    "Fn::And": (stack, argument) => list(stack, argument).every((each) => each === true),
    "Fn::Or": (stack, argument) => list(stack, argument).some((each) => each === true),
    Condition: (stack, name) => condition(stack, String(name)),
  };

  function list(stack: Stack, argument: unknown): unknown[] {
    return evaluate(stack, argument) as unknown[];
  }

  function evaluate(stack: Stack, value: unknown): unknown {
    if (Array.isArray(value)) return value.map((each) => evaluate(stack, each)).filter((each) => each !== noValue);
    if (value === null || typeof value !== "object") return value;
    const [name, ...more] = Object.keys(value);
    if (
      name !== undefined &&
      more.length === 0 &&
      (name === "Ref" || name === "Condition" || name.startsWith("Fn::"))
    ) {
      const argument = (value as Json)[name];
      // An IAM statement may be nothing but `Condition: {...}`: only a name makes it the intrinsic.
      if (name !== "Condition" || typeof argument === "string") {
        const intrinsic = intrinsics[name];
        if (intrinsic === undefined)
          throw new Error(`${stack.name}: intrinsic ${name} is not known to the embedded cloud`);
        return intrinsic(stack, argument);
      }
    }
    const entries = Object.entries(value).map(([key, each]) => [key, evaluate(stack, each)] as const);
    return Object.fromEntries(entries.filter(([, each]) => each !== noValue));
  }

  function reference(stack: Stack, name: string): unknown {
    const pseudo: Record<string, unknown> = {
      "AWS::Region": stack.region,
      "AWS::AccountId": stack.account,
      "AWS::Partition": "aws",
      "AWS::URLSuffix": "amazonaws.com",
      "AWS::StackName": stack.name,
      "AWS::StackId": `arn:aws:cloudformation:${stack.region}:${stack.account}:stack/${stack.name}/local`,
      "AWS::NotificationARNs": [],
      "AWS::NoValue": noValue,
    };
    if (name in pseudo) return pseudo[name];
    const parameter = stack.template.Parameters?.[name];
    if (parameter === undefined) return physical(find(stack, name)).ref;
    if (parameter.Default === undefined) throw new Error(`${stack.name}: parameter ${name} has no default value`);
    return parameter.Default;
  }

  function attribute(stack: Stack, argument: unknown): string {
    const dotted = Array.isArray(argument) ? argument.join(".") : String(argument);
    const resource = find(stack, dotted.slice(0, dotted.indexOf(".")));
    const name = dotted.slice(dotted.indexOf(".") + 1);
    const found = physical(resource).attributes[name];
    if (found === undefined) {
      throw new Error(
        `attribute ${name} of ${resource.type} ${stack.name}/${resource.logicalId} is not known: add it to local/emulator/cloudformation/physical.ts`,
      );
    }
    return found;
  }

  function substitute(stack: Stack, argument: unknown): string {
    const [pattern, map] = Array.isArray(argument) ? (argument as [string, Json]) : [String(argument), {}];
    return pattern.replace(/\$\{(!?)([^}]+)\}/g, (_whole, literal: string, name: string) => {
      if (literal !== "") return `\${${name}}`;
      if (Object.hasOwn(map, name)) return text(evaluate(stack, map[name]));
      return text(name.includes(".") ? attribute(stack, name) : reference(stack, name));
    });
  }

  function condition(stack: Stack, name: string): boolean {
    const expression = stack.template.Conditions?.[name];
    if (expression === undefined) throw new Error(`${stack.name}: condition ${name} is not defined`);
    return evaluate(stack, expression) === true;
  }

  function imported(name: string): unknown {
    for (const stack of stacks) {
      for (const output of Object.values(stack.template.Outputs ?? {})) {
        if (output.Export !== undefined && evaluate(stack, output.Export.Name) === name)
          return evaluate(stack, output.Value);
      }
    }
    throw new Error(`no stack exports "${name}"`);
  }

  function stackOutput(argument: Json): unknown {
    const stack = stacks.find(({ name }) => name === argument.StackName);
    const output = stack?.template.Outputs?.[String(argument.OutputName)];
    if (stack === undefined || output === undefined) {
      throw new Error(`no output ${text(argument.OutputName)} in stack ${text(argument.StackName)}`);
    }
    return evaluate(stack, output.Value);
  }

  const resources = stacks.flatMap((stack) =>
    Object.entries(stack.template.Resources ?? {})
      .filter(([, { Condition: name }]) => name === undefined || condition(stack, name))
      .map(([logicalId, resource]) => resourceOf(stack, logicalId, resource)),
  );
  return {
    resources,
    ofType: (...types) => resources.filter(({ type }) => types.includes(type)),
    physical,
    properties: ({ stack, raw }) => evaluate(stack, raw) as Json,
    outputs() {
      const all: Record<string, string> = {};
      for (const stack of stacks) {
        for (const [name, { Value }] of Object.entries(stack.template.Outputs ?? {})) {
          all[name in all ? `${stack.name}.${name}` : name] = text(evaluate(stack, Value));
        }
      }
      return all;
    },
  };
}

function resourceOf(stack: Stack, logicalId: string, resource: TemplateResource): Resource {
  return { stack, logicalId, type: resource.Type, raw: resource.Properties ?? {} };
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new Error(`expected text in a template, found ${JSON.stringify(value)}`);
}
