import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { named, type Packed, Project, pack } from "../test/packages/packed.ts";
import { median } from "./measure.ts";
import type { Bench, Row } from "./row.ts";

const samples = 9;

async function measurePackages(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-bench-"));
  const project = new Project();
  try {
    const client = await pack("client", folder);
    const cli = await pack("cli", folder);
    await project.unpack(client);
    const installed = bytesBelow(join(project.folder, "node_modules"));
    await project.unpack(cli);
    const command = join("node_modules", named("cli"), "lanyard.js");
    const nothing = await millisOf(project, ["-e", ""]);
    const load = (entry: string) => ["--input-type=module", "-e", `await import(${JSON.stringify(entry)})`];
    return [
      ...sizes("client", client),
      size("client: installed, with what it depends on", installed),
      await taking("client: a process that imports it", project, load(named("client")), nothing),
      await taking("client: a process that imports verify", project, load(`${named("client")}/verify`), nothing),
      ...sizes("cli", cli),
      await taking("cli: lanyard --version", project, [command, "--version"], nothing),
    ];
  } finally {
    project.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

const size = (name: string, bytes: number): Row => ({ section: "package", name, value: bytes / 1000, unit: "kB" });

const sizes = (name: string, { tarballBytes, unpackedBytes }: Packed): Row[] => [
  size(`${name}: tarball`, tarballBytes),
  size(`${name}: unpacked`, unpackedBytes),
];

async function taking(name: string, project: Project, args: readonly string[], nothing: number): Promise<Row> {
  const value = await millisOf(project, args);
  return {
    section: "package",
    name,
    value,
    unit: "ms",
    ratio: { of: "a process that does nothing", value: value / nothing },
  };
}

/** Wall time of a whole process. */
async function millisOf(project: Project, args: readonly string[]): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < samples; i++) {
    const started = performance.now();
    const { code, stderr } = await project.run(process.execPath, args);
    if (code !== 0) throw new Error(stderr);
    taken.push(performance.now() - started);
  }
  return median(taken);
}

function bytesBelow(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

/** What whoever installs a package gets: the tarball's size, what lies on the disk then, and how long it takes to load. */
export const packages: Bench = { name: "package", measure: measurePackages };
