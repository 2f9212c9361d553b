import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { registryPacker } from "../../../lambdas/manifest.ts";
import type { Stage } from "../../settings/stage.ts";
import type { DeployedRegistry } from "./applier.ts";

const mostBytes = 64 * 1024 * 1024;

/**
 * Reads and validates a registry for a deployment. It runs as a separate program: the code that validates a registry is
 * large, and an app without a registry should not load it.
 * @param dist folder of the functions' bundles
 * @throws an Error that lists every problem with file and line
 */
export function packRegistry(dist: string, registry: NonNullable<Stage["registry"]>, stage: Stage): DeployedRegistry {
  const { region, account, trustDomain } = stage;
  const variables = { region, trustDomain, ...(account && { account }), ...registry.variables };
  const given = JSON.stringify({ folder: resolve(registry.folder), variables, trustDomain });
  const program = resolve(dist, registryPacker, "index.mjs");
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [program], {
    input: given,
    encoding: "utf8",
    maxBuffer: mostBytes,
  });
  if (error) throw new Error(`the registry ${registry.folder} could not be read: ${error.message}`);
  if (status !== 0) throw new Error(stderr.trim() || `the registry ${registry.folder} could not be read`);
  const packed = JSON.parse(stdout) as Pick<DeployedRegistry, "json" | "digest">;
  return { ...packed, force: registry.force };
}
