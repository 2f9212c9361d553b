/** The intrinsic functions of CloudFormation that the stacks use; one that is not known here is refused. */
import type { Stack } from "./assembly.ts";

/** Answers to `Ref` and `Fn::GetAtt`. */
export interface Physical {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What intrinsics ask. */
export interface World {
  /** Every stack of the assembly, since they refer to each other. */
  readonly stacks: readonly Stack[];
  /** What the account gave a resource; throws when the stack holds none of that name. */
  physical(stack: Stack, logicalId: string): Physical;
}

type Json = Record<string, unknown>;
const noValue = Symbol("AWS::NoValue");

const intrinsics: Readonly<Record<string, (world: World, stack: Stack, argument: unknown) => unknown>> = {
  Ref: (world, stack, name) => reference(world, stack, String(name)),
  "Fn::GetAtt": (world, stack, argument) => attribute(world, stack, argument),
  "Fn::Join": (world, stack, argument) => {
    const [separator, parts] = list(world, stack, argument);
    return (parts as unknown[]).map(text).join(text(separator));
  },
  "Fn::Sub": (world, stack, argument) => substitute(world, stack, argument),
  "Fn::Select": (world, stack, argument) => {
    const [index, from] = list(world, stack, argument);
    const chosen = (from as unknown[])[Number(index)];
    if (chosen === undefined) throw new Error(`${stack.name}: Fn::Select ${text(index)} is outside its list`);
    return chosen;
  },
  "Fn::Split": (world, stack, argument) => {
    const [separator, whole] = list(world, stack, argument);
    return text(whole).split(text(separator));
  },
  "Fn::ImportValue": (world, stack, argument) => imported(world, text(evaluate(world, stack, argument))),
  "Fn::GetStackOutput": (world, stack, argument) => stackOutput(world, evaluate(world, stack, argument) as Json),
  "Fn::FindInMap": (world, stack, argument) => {
    const [map, top, second] = list(world, stack, argument).map(text) as [string, string, string];
    const found = stack.template.Mappings?.[map]?.[top]?.[second];
    if (found === undefined) throw new Error(`${stack.name}: no mapping ${map}.${top}.${second}`);
    return found;
  },
  "Fn::If": (world, stack, argument) => {
    const [name, yes, no] = argument as [string, unknown, unknown];
    return evaluate(world, stack, condition(world, stack, name) ? yes : no);
  },
  "Fn::Equals": (world, stack, argument) => {
    const [left, right] = list(world, stack, argument);
    return text(left) === text(right);
  },
  "Fn::Not": (world, stack, argument) => list(world, stack, argument)[0] !== true,
  "Fn::And": (world, stack, argument) => list(world, stack, argument).every((each) => each === true),
  "Fn::Or": (world, stack, argument) => list(world, stack, argument).some((each) => each === true),
  Condition: (world, stack, name) => condition(world, stack, String(name)),
};

/**
 * Resolves every intrinsic in a value.
 * @param stack the stack whose template holds it
 * @returns the value; members that come to `AWS::NoValue` are left out; throws on what is not known
 */
export function evaluate(world: World, stack: Stack, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => evaluate(world, stack, each)).filter((each) => each !== noValue);
  if (value === null || typeof value !== "object") return value;
  const [name, ...more] = Object.keys(value);
  if (name !== undefined && more.length === 0 && (name === "Ref" || name === "Condition" || name.startsWith("Fn::"))) {
    const argument = (value as Json)[name];
    // An IAM statement may be nothing but `Condition: {...}`: only a name makes it the intrinsic.
    if (name !== "Condition" || typeof argument === "string") {
      const intrinsic = intrinsics[name];
      if (intrinsic === undefined)
        throw new Error(`${stack.name}: intrinsic ${name} is not known to the embedded cloud`);
      return intrinsic(world, stack, argument);
    }
  }
  const entries = Object.entries(value).map(([key, each]) => [key, evaluate(world, stack, each)] as const);
  return Object.fromEntries(entries.filter(([, each]) => each !== noValue));
}

function list(world: World, stack: Stack, argument: unknown): unknown[] {
  return evaluate(world, stack, argument) as unknown[];
}

function reference(world: World, stack: Stack, name: string): unknown {
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
  if (parameter === undefined) return world.physical(stack, name).ref;
  if (parameter.Default === undefined) throw new Error(`${stack.name}: parameter ${name} has no default value`);
  return parameter.Default;
}

function attribute(world: World, stack: Stack, argument: unknown): string {
  const dotted = Array.isArray(argument) ? argument.join(".") : String(argument);
  const logicalId = dotted.slice(0, dotted.indexOf("."));
  const name = dotted.slice(dotted.indexOf(".") + 1);
  const found = world.physical(stack, logicalId).attributes[name];
  if (found === undefined) {
    throw new Error(
      `attribute ${name} of ${stack.template.Resources?.[logicalId]?.Type} ${stack.name}/${logicalId} is not known: add it to local/emulator/cloudformation/physical.ts`,
    );
  }
  return found;
}

function substitute(world: World, stack: Stack, argument: unknown): string {
  const [pattern, map] = Array.isArray(argument) ? (argument as [string, Json]) : [String(argument), {}];
  return pattern.replace(/\$\{(!?)([^}]+)\}/g, (_whole, literal: string, name: string) => {
    if (literal !== "") return `\${${name}}`;
    if (Object.hasOwn(map, name)) return text(evaluate(world, stack, map[name]));
    return text(name.includes(".") ? attribute(world, stack, name) : reference(world, stack, name));
  });
}

/** Whether a named condition of the stack holds. */
export function condition(world: World, stack: Stack, name: string): boolean {
  const expression = stack.template.Conditions?.[name];
  if (expression === undefined) throw new Error(`${stack.name}: condition ${name} is not defined`);
  return evaluate(world, stack, expression) === true;
}

function imported(world: World, name: string): unknown {
  for (const stack of world.stacks) {
    for (const output of Object.values(stack.template.Outputs ?? {})) {
      if (output.Export !== undefined && evaluate(world, stack, output.Export.Name) === name)
        return evaluate(world, stack, output.Value);
    }
  }
  throw new Error(`no stack exports "${name}"`);
}

function stackOutput(world: World, argument: Json): unknown {
  const stack = world.stacks.find(({ name }) => name === argument.StackName);
  const output = stack?.template.Outputs?.[String(argument.OutputName)];
  if (stack === undefined || output === undefined) {
    throw new Error(`no output ${text(argument.OutputName)} in stack ${text(argument.StackName)}`);
  }
  return evaluate(world, stack, output.Value);
}

/** Text of a resolved value; throws on a list or an object. */
export function text(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new Error(`expected text in a template, found ${JSON.stringify(value)}`);
}
