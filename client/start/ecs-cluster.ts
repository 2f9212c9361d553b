import { EvidenceError } from "../error.ts";
import { askPlatform, memberOf } from "../evidence/platform/ask.ts";
import type { Fetch } from "../http.ts";

/** The agent of ECS on this host; this machine is accepted for emulators. */
const taskMetadata = /^http:\/\/(?:169\.254\.170\.2|127\.0\.0\.1:[1-9]\d{0,4})\/v4\/[\w-]{1,200}$/;

/**
 * Name of the cluster that this task runs in, by the task metadata endpoint (version 4).
 * @throws EvidenceError when the endpoint is none of ECS's or does not say it
 */
export async function ecsCluster(
  env: Readonly<Record<string, string | undefined>>,
  fetch: Fetch = globalThis.fetch,
): Promise<string> {
  const base = env.ECS_CONTAINER_METADATA_URI_V4 ?? "";
  if (!taskMetadata.test(base)) throw new EvidenceError("ECS_CONTAINER_METADATA_URI_V4 is no address of ECS's");
  const answer = await askPlatform(fetch, new URL(`${base}/task`), { headers: { accept: "application/json" } });
  // a name, or an ARN that ends in it
  const name = memberOf(answer, "Cluster").split("/").at(-1) ?? "";
  if (!/^[\w-]{1,255}$/.test(name)) throw new EvidenceError("the task's metadata names no cluster");
  return name;
}
