import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { clientEntries } from "../../../../scripts/packages/client.ts";

/** The programs of `examples/`, each as its README has it run, with our packages from here. */

const root = join(import.meta.dirname, "../../../..");
const call = promisify(execFile);
const entries = clientEntries();

/** Our packages by what they are built from. */
const ours: Plugin = {
  name: "ours",
  setup({ onResolve }) {
    onResolve({ filter: /^@lanyard-iam\/client(\/|$)/ }, ({ path }) => {
      const entry = entries[path.replace(/^@lanyard-iam\/client\/?/, "") || "index"];
      return entry === undefined
        ? { errors: [{ text: `${path} is no entry` }] }
        : { path: join(root, "client", entry) };
    });
    onResolve({ filter: /^@lanyard-iam\/cdk$/ }, () => ({ path: join(root, "lib/index.ts") }));
  },
};
const common: BuildOptions = { bundle: true, platform: "node", target: "node24", logLevel: "error", plugins: [ours] };

/** What a program is given: nothing of this process's environment reaches it besides. */
interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** A folder for what is built of the examples. */
export function openPrograms() {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-examples-"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const running: ChildProcess[] = [];
  /** @param path below `examples/` */
  const built = async (path: string): Promise<string> => {
    const outfile = join(folder, path.replaceAll("/", "-"));
    await build({
      ...common,
      entryPoints: [join(root, "examples", path)],
      ...{ outfile, format: "esm", packages: "external" },
    });
    return outfile;
  };
  const environment = (env: Given["env"]) => ({ PATH: process.env.PATH ?? "", HOME: folder, ...env });
  return {
    folder,
    /** Runs a program to its end. @returns its lines */
    async run(path: string, { env, args = [] }: Given): Promise<readonly string[]> {
      const { stdout } = await call(process.execPath, [await built(path), ...args], { env: environment(env) });
      return stdout.trimEnd().split("\n");
    },
    /** Starts a server, and waits for its first line. */
    async serve(path: string, { env }: Given): Promise<void> {
      const child = spawn(process.execPath, [await built(path)], {
        env: environment(env),
        stdio: ["ignore", "pipe", "inherit"],
      });
      running.push(child);
      await new Promise<void>((resolve, reject) => {
        child.stdout.once("data", () => resolve());
        child.once("exit", (code) => reject(new Error(`${path} ended with ${code}`)));
      });
    },
    /** Bundles functions as their README says. @returns the folder of their code */
    async functions(example: string, names: readonly string[]): Promise<string> {
      const outdir = join(folder, `${example}-dist`);
      const entryPoints = names.map((name) => join(root, "examples", example, `${name}.mjs`));
      await build({ ...common, entryPoints, outdir, format: "cjs" });
      return outdir;
    },
    /** Synthesizes an example's stack. @returns the folder of the cloud assembly */
    async synthesize(
      example: string,
      { account, region, context }: { account: string; region: string; context: Readonly<Record<string, string>> },
    ): Promise<string> {
      const outdir = join(folder, `${example}-cdk.out`);
      const env = {
        ...{ CDK_OUTDIR: outdir, CDK_VALIDATION: "false", CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region },
        CDK_CONTEXT_JSON: JSON.stringify(context),
      };
      const app = await built(`${example}/app.mjs`);
      execFileSync(process.execPath, [app], { env: environment(env), stdio: ["ignore", "ignore", "inherit"] });
      return outdir;
    },
    close(): void {
      for (const child of running) child.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type Programs = ReturnType<typeof openPrograms>;
