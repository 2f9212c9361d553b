/** Reads a synthesized cloud assembly (`cdk.out`): its stacks, their templates and where their assets lie. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** One CloudFormation template as JSON; only the sections that this cloud reads. */
export interface Template {
  readonly Parameters?: Record<string, { readonly Default?: unknown }>;
  readonly Mappings?: Record<string, Record<string, Record<string, unknown>>>;
  readonly Conditions?: Record<string, unknown>;
  readonly Resources?: Record<string, TemplateResource>;
  readonly Outputs?: Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }>;
}

/** A resource as the template writes it, nothing resolved. */
export interface TemplateResource {
  readonly Type: string;
  readonly Condition?: string;
  readonly Properties?: Record<string, unknown>;
}

/** One stack of the assembly and what is needed to resolve and run it. */
export interface Stack {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly template: Template;
  /** Absolute folder or file of each asset, by the hash that stands in the template's S3 keys. */
  readonly assets: ReadonlyMap<string, string>;
}

/** Account that plays where the assembly is account-agnostic. */
const localAccount = "111122223333";
/** Region that plays where the assembly names none. */
const localRegion = "eu-west-1";

interface Manifest {
  readonly artifacts: Record<
    string,
    {
      readonly type: string;
      readonly environment?: string;
      readonly properties?: { readonly templateFile?: string; readonly stackName?: string; readonly file?: string };
    }
  >;
}

/**
 * Loads every stack of an assembly.
 * @param folder the `cdk.out` folder
 * @returns the stacks in the manifest's order; throws when the folder is no assembly
 */
export function readAssembly(folder: string): Stack[] {
  const manifestFile = join(folder, "manifest.json");
  if (!existsSync(manifestFile)) {
    throw new Error(`no cloud assembly in ${folder}: synthesize the app first`);
  }
  const { artifacts } = JSON.parse(readFileSync(manifestFile, "utf8")) as Manifest;
  const assets = readAssets(folder, artifacts);
  return Object.entries(artifacts).flatMap(([id, artifact]) => {
    const file = artifact.properties?.templateFile;
    if (artifact.type !== "aws:cloudformation:stack" || file === undefined) return [];
    const [account, region] = (artifact.environment ?? "").replace(/^aws:\/\//, "").split("/");
    return [
      {
        name: artifact.properties?.stackName ?? id,
        account: account === undefined || !/^\d{12}$/.test(account) ? localAccount : account,
        region: region === undefined || region === "" || region.startsWith("unknown") ? localRegion : region,
        template: JSON.parse(readFileSync(join(folder, file), "utf8")) as Template,
        assets,
      },
    ];
  });
}

function readAssets(folder: string, artifacts: Manifest["artifacts"]): Map<string, string> {
  const found = new Map<string, string>();
  for (const artifact of Object.values(artifacts)) {
    const file = artifact.properties?.file;
    if (artifact.type !== "cdk:asset-manifest" || file === undefined) continue;
    const { files } = JSON.parse(readFileSync(join(folder, file), "utf8")) as {
      files?: Record<string, { source?: { path?: string } }>;
    };
    for (const [hash, { source }] of Object.entries(files ?? {})) {
      if (source?.path !== undefined) found.set(hash, resolve(folder, source.path));
    }
  }
  return found;
}
