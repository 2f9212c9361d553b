/** Builds what agents and resource servers install. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { twinOf } from "./twins.ts";

const source = fileURLToPath(new URL("../../client/", import.meta.url));

/** Folders below `client/` of which each file is an entry; what their files share stands in folders of its own. */
const folders = ["evidence", "evidence/oidc"];

/** Entries by name, as `package.json` spells them, and the file each is made from. */
export function clientEntries(): Readonly<Record<string, string>> {
  const evidence = folders.flatMap((folder) =>
    readdirSync(join(source, folder))
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${folder}/${name.slice(0, -3)}`),
  );
  const named = [
    "index",
    "verify",
    "handler",
    "messages",
    "narrowed",
    "own-role",
    "kept-key",
    "start",
    "mcp",
    "a2a",
    "gateway",
  ];
  const files = [...named, ...evidence].map((name) => [name, `./${name}.ts`]);
  return Object.fromEntries([...files, ...adapters.map((name) => [name, `./adapters/${name}.ts`])]);
}

/** Guards of frameworks, each an entry by the framework's name. */
const adapters = ["authorizer", "express", "fastify", "fetch", "hono", "middy"] as const;

/** Entries that run without Node too. */
export const webEntries = ["index", "verify", "handler", "messages", "fetch", "hono", "gateway"] as const;

/**
 * Bundles every entry with what it needs of core, as ES modules for Node 20, with declarations and source maps; those
 * that run without Node a second time, into `web/`, with the twins of what Node does better. What is a dependency or a
 * peer by `client/package.json` stays outside.
 * @param dist where to; emptied first
 */
export async function buildClient(dist: string): Promise<void> {
  const missing = Object.values(clientEntries()).filter((file) => !existsSync(join(source, file)));
  if (missing.length > 0) throw new Error(`the client's entries ${missing.join(", ")} do not exist`);
  const { build } = await import("tsdown");
  const shared = {
    config: false,
    cwd: source,
    tsconfig: "tsconfig.json",
    format: "esm",
    sourcemap: true,
    fixedExtension: false,
    clean: true,
    logLevel: "warn",
    // what several entries share is no entry, and `exports` shows none of it
    outputOptions: { chunkFileNames: "shared/[name]-[hash].js" },
  } as const;
  await build({
    ...shared,
    entry: { ...clientEntries() },
    outDir: dist,
    platform: "node",
    target: "node20.19",
    // by each file alone (isolatedDeclarations): TypeScript 7 has no interface that a bundler could ask
    dts: { oxc: true },
  });
  const names: readonly string[] = webEntries;
  await build({
    ...shared,
    entry: Object.fromEntries(Object.entries(clientEntries()).filter(([name]) => names.includes(name))),
    outDir: join(dist, "web"),
    platform: "neutral",
    target: "es2023",
    dts: false,
    plugins: [
      { name: "twins", resolveId: (specifier: string, importer?: string) => importer && twinOf(specifier, importer) },
    ],
  });
  nameDisposable(dist);
}

/**
 * Names the library of `await using` in the declarations that need it, for whoever compiles with a browser's types
 * alone and an older `lib`; the bundler drops such a line from the source.
 */
function nameDisposable(dist: string): void {
  for (const name of readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((each) =>
    each.endsWith(".d.ts"),
  )) {
    const file = join(dist, name);
    const text = readFileSync(file, "utf8");
    if (text.includes("Symbol.asyncDispose")) writeFileSync(file, `/// <reference lib="esnext.disposable" />\n${text}`);
  }
}
