import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";

/** The example in `examples/authorizer`, bundled and synthesized as its README says, with our packages from here. */

const root = join(import.meta.dirname, "../../..");
const example = join(root, "examples/authorizer");

/** Our packages by what they are built from; whatever is not of ours is found here. */
const ours: Plugin = {
  name: "ours",
  setup({ onResolve }) {
    onResolve({ filter: /^@lanyard-iam\/client\/\w+$/ }, ({ path }) => ({
      path: join(root, "client/adapters", `${path.split("/").at(-1)}.ts`),
    }));
    onResolve({ filter: /^@lanyard-iam\/cdk$/ }, () => ({ path: join(root, "lib/index.ts") }));
  },
};
const common: BuildOptions = { bundle: true, platform: "node", target: "node24", logLevel: "error", plugins: [ours] };

/** Where the example is deployed, and for which deployment. */
interface Deployed {
  /** An empty folder. */
  readonly folder: string;
  readonly account: string;
  readonly region: string;
  readonly context: Readonly<Record<string, string>>;
}

/** @returns the folder of the cloud assembly */
export async function synthesizeExample({ folder, account, region, context }: Deployed): Promise<string> {
  const code = join(folder, "dist");
  const names = ["authorizer", "tickets", "mine"];
  await build({
    ...common,
    entryPoints: names.map((name) => join(example, `${name}.mjs`)),
    outdir: code,
    format: "cjs",
  });
  const app = join(folder, "app.mjs");
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const outside = ["aws-cdk-lib", "aws-cdk-lib/*", "constructs"];
  await build({ ...common, entryPoints: [join(example, "app.mjs")], outfile: app, format: "esm", external: outside });
  const outdir = join(folder, "cdk.out");
  const env = {
    ...process.env,
    ...{ CDK_OUTDIR: outdir, CDK_VALIDATION: "false", CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region },
    CDK_CONTEXT_JSON: JSON.stringify({ ...context, code }),
  };
  execFileSync(process.execPath, [app], { env, stdio: ["ignore", "ignore", "inherit"] });
  return outdir;
}
