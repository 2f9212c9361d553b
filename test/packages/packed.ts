/** Packages as npm packs them, unpacked into an empty folder that holds nothing of the repository. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { sourcePrefix } from "../../scripts/packages/source-maps.ts";
import { buildInto, packageScope, packages } from "../../scripts/packages.ts";

const execute = promisify(execFile);
const root = join(import.meta.dirname, "../..");

/** The manifest of a package, as far as anybody here reads it. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly type: string;
  readonly engines: { readonly node: string };
  readonly files: readonly string[];
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly scripts?: Readonly<Record<string, string>>;
}

/** A package as it would be published. */
export interface Packed {
  readonly manifest: Manifest;
  readonly tarball: string;
  /** Paths of everything inside, as npm lists them. */
  readonly files: readonly string[];
  readonly tarballBytes: number;
  readonly unpackedBytes: number;
}

/** Builds and packs one package, and lists what is inside. */
export async function pack(name: string, folder: string): Promise<Packed> {
  const one = packages.find((each) => each.name === name);
  if (!one) throw new Error(`there is no package ${name}`);
  const stage = join(folder, `stage-${name}`);
  await buildInto(one, stage);
  const { stdout } = await execute("npm", ["pack", "--json", "--pack-destination", folder], { cwd: stage });
  // npm 12 answers an object by name, npm 11 a list
  const answered = JSON.parse(stdout) as Readonly<Record<string, NpmPacked>>;
  const packed = Object.values(answered)[0];
  if (!packed) throw new Error(`npm packed nothing: ${stdout}`);
  return {
    manifest: JSON.parse(readFileSync(join(stage, "package.json"), "utf8")),
    tarball: join(folder, packed.filename.replace(/^@/, "").replace("/", "-")),
    files: packed.files.map(({ path }) => path),
    tarballBytes: packed.size,
    unpackedBytes: packed.unpackedSize,
  };
}

/**
 * Tells what in an unpacked package names the machine that built it: its folders in any text, and in a source map any
 * source that is not told by its place in the repository. A way out of the package by `..` holds the folders of the machine
 * or not by where it was built, so that a test that looks for them alone passes on one machine and fails on the next.
 */
export function machineNames(project: Project, { manifest, files }: Packed): string[] {
  return files
    .filter((file) => /\.(?:[cm]?js|ts|map|json|md)$/.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(project.folder, "node_modules", manifest.name, file), "utf8");
      const sources = file.endsWith(".map")
        ? (JSON.parse(text) as { sources: string[]; sourceRoot?: string })
        : undefined;
      return [
        ...[root, tmpdir()].filter((folder) => text.includes(`${folder}/`)).map((folder) => `${file}: ${folder}`),
        ...(sources?.sources ?? []).filter((source) => !placed.test(source)).map((source) => `${file}: ${source}`),
        ...(sources?.sourceRoot === undefined ? [] : [`${file}: sourceRoot`]),
      ];
    });
}

const placed = new RegExp(`^(?:${sourcePrefix}(?!.*(?:^|/)\\.\\.(?:/|$))[\\w@.][\\w@./+-]*|[a-z-]+:@?\\w[\\w/.-]*)$`);

interface NpmPacked {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** An empty project beside nothing of ours. */
export class Project {
  readonly folder: string = mkdtempSync(join(tmpdir(), "lanyard-project-"));

  constructor() {
    this.write("package.json", JSON.stringify({ name: "somebody-elses", private: true, type: "module" }));
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(join(this.folder, file)), { recursive: true });
    writeFileSync(join(this.folder, file), text);
  }

  /** Unpacks a package where npm would put it, without asking a registry for what it depends on. */
  async unpack({ tarball, manifest }: Packed): Promise<void> {
    const at = join(this.folder, "node_modules", manifest.name);
    mkdirSync(at, { recursive: true });
    await execute("tar", ["-xzf", tarball, "--strip-components=1", "-C", at]);
    for (const dependency of Object.keys(manifest.dependencies ?? {})) this.copy(dependency);
  }

  /** A package without dependencies, as it is installed here. */
  copy(name: string): void {
    cpSync(join(root, "node_modules", name), join(this.folder, "node_modules", name), { recursive: true });
  }

  /** A package of ours alone to build with: its own dependencies stay where they are. */
  link(path: string, name: string): void {
    mkdirSync(dirname(join(this.folder, "node_modules", name)), { recursive: true });
    symlinkSync(join(root, path), join(this.folder, "node_modules", name));
  }

  /** Runs a program there; resolves whatever its exit code. */
  async run(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const clean = { PATH: process.env.PATH, HOME: this.folder, NO_COLOR: "1", ...env };
    const options = { cwd: this.folder, env: clean, maxBuffer: 1 << 26 };
    return execute(file, [...args], options).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }) => ({ code: code as unknown, stdout: String(stdout), stderr: String(stderr) }),
    );
  }

  /**
   * Runs npm there as whoever runs this would: with the registry, the certificates and the cache of this machine. A
   * registry that does not answer fails it within minutes.
   */
  async npm(...args: readonly string[]) {
    const patient = ["--fetch-timeout=60000", "--fetch-retries=1", "--no-audit", "--no-fund", "--ignore-scripts"];
    const { NODE_OPTIONS: _, ...env } = process.env;
    return this.run("npm", [...args, ...patient], env);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The whole name of a package. */
export const named = (name: string): string => `${packageScope()}/${name}`;
