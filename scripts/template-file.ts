import { readFileSync } from "node:fs";
import { join } from "node:path";

interface Manifest {
  readonly artifacts: Readonly<
    Record<string, { readonly properties?: { readonly stackName?: string; readonly templateFile?: string } }>
  >;
}

/**
 * File of a stack's template in a synthesized assembly.
 * @param folder such as `cdk.out`
 * @param stackName as CloudFormation knows it, such as `lanyard-prod-state`
 * @throws where the assembly holds no such stack
 */
export function templateFile(folder: string, stackName: string): string {
  const { artifacts } = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as Manifest;
  const found = Object.values(artifacts).find(({ properties }) => properties?.stackName === stackName);
  if (!found?.properties?.templateFile)
    throw new Error(`${folder} holds no stack ${stackName}: synthesize its stage first`);
  return join(folder, found.properties.templateFile);
}
