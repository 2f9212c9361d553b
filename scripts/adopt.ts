/**
 * `npm run adopt -- --stage NAME --outputs FILE`: writes the mapping by which `cdk import` takes the tables, keys and the
 * bucket that a destroyed deployment left behind into a new State stack (docs/day-two.md).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { templateFile } from "./template-file.ts";

/** A template, as far as adoption reads it. */
interface AdoptableTemplate {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly DeletionPolicy?: string }>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
}

/** By which property CloudFormation imports a type. */
const identifiers: Readonly<Record<string, string>> = {
  "AWS::DynamoDB::GlobalTable": "TableName",
  "AWS::KMS::Key": "KeyId",
  "AWS::S3::Bucket": "BucketName",
};

/** Stands without its bucket nowhere: it is made anew by the deployment after the import. */
const madeAnew = ["AWS::S3::BucketPolicy"];

/**
 * Finds what the outputs of the old deployment say of each resource that outlived it.
 * @param template the State stack as it is synthesized now
 * @param outputs of the old deployment's State stack
 * @returns by logical id, as `cdk import --resource-mapping` reads it
 * @throws naming what cannot be adopted
 */
export function mappingOf(
  template: AdoptableTemplate,
  outputs: Readonly<Record<string, string>>,
): Record<string, Record<string, string>> {
  const told = new Map(
    // what CDK exports by itself has no name of its own in the file
    Object.entries(template.Outputs ?? {})
      .filter(([name]) => !name.startsWith("Exports"))
      .map(([name, { Value }]) => [(Value as { Ref?: string }).Ref ?? "", name]),
  );
  const missing: string[] = [];
  const mapping: Record<string, Record<string, string>> = {};
  for (const [id, { Type, DeletionPolicy }] of Object.entries(template.Resources)) {
    if (DeletionPolicy === undefined || madeAnew.includes(Type)) continue;
    const property = identifiers[Type];
    const output = told.get(id);
    const value = output === undefined ? undefined : outputs[output];
    if (property === undefined || value === undefined)
      missing.push(`${id} (${Type}${output ? `, output ${output}` : ""})`);
    else mapping[id] = { [property]: value };
  }
  if (missing.length > 0) throw new Error(`the outputs do not say which are ${missing.join(", ")}`);
  return mapping;
}

const usage = `Writes adopt.json, by which cdk import takes over what a destroyed deployment left behind.

  npx cdk synth -q -c stage=production
  npm run adopt -- --stage production --outputs outputs.json      the outputs file of the deployment that was destroyed
  npx cdk import Lanyard/State -c stage=production --resource-mapping adopt.json

  --template FILE      the synthesized State stack, from cdk.out by default
  --to FILE            adopt.json by default

Exit codes: 0 written, 1 not written, 2 not called right. The whole way: docs/day-two.md`;

/** Runs the command. @returns the exit code */
export function adopt(args: readonly string[], out: (line: string) => void, err: (line: string) => void): number {
  const flag = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { stage: flag, outputs: flag, template: flag, to: flag, help: { type: "boolean" } },
    });
    const { stage, outputs, template: named, to = "adopt.json", help } = values;
    if (help || stage === undefined || outputs === undefined) {
      (help ? out : err)(usage);
      return help ? 0 : 2;
    }
    const all = JSON.parse(readFileSync(outputs, "utf8")) as Record<string, Record<string, string>>;
    const template = named ?? templateFile("cdk.out", `lanyard-${stage}-state`);
    const own = all[`lanyard-${stage}-state`];
    if (own === undefined) throw new Error(`${outputs} holds no outputs of lanyard-${stage}-state`);
    const mapping = mappingOf(JSON.parse(readFileSync(template, "utf8")) as AdoptableTemplate, own);
    writeFileSync(to, `${JSON.stringify(mapping, undefined, 2)}\n`);
    out(
      `wrote ${to}: ${Object.keys(mapping).length} resources; next: npx cdk import Lanyard/State -c stage=${stage} --resource-mapping ${to}`,
    );
    return 0;
  } catch (wrong) {
    err((wrong as Error).message);
    return (wrong as NodeJS.ErrnoException).code?.startsWith("ERR_PARSE_ARGS") ? 2 : 1;
  }
}

if (import.meta.main)
  process.exitCode = adopt(
    process.argv.slice(2),
    (line) => console.log(line),
    (line) => console.error(line),
  );
