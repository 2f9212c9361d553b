import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";

/** The resource that the run's access tokens are for, and the agent that serves it. */
export const resource = "https://tickets.support-desk.example";
export const scope = "tickets:read";
export const server = "ticket-api";

/** Agents of the run: several, as several keys and several buckets of signatures. */
export const agents: readonly string[] = Array.from({ length: 8 }, (_, number) => `caller-${number}`);

const supportDesk = fileURLToPath(new URL("../../examples/support-desk", import.meta.url));

/** An agent that people sign in for, as the example's planner is one, and that no bucket of signatures slows down. */
const rowOf = (name: string) => ({
  kind: "agent",
  name,
  state: "active",
  owner: "load@support-desk.example",
  sponsor: "load@support-desk.example",
  selectors: [{ type: "aws-sts-web-identity", exact: { roleArn: `arn:aws:iam::\${account}:role/load/${name}` } }],
  clients: [{ issuer: `\${identityProvider}`, clientId: `${name}-app` }],
  may: [{ resource, scopes: [scope] }],
  issuancesPerSecond: 1_000,
});

/** Runs `use` with a folder that holds the example's registry and the run's agents, gone afterwards. */
export async function withRegistry<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "load-registry-"));
  try {
    cpSync(supportDesk, folder, { recursive: true });
    writeFileSync(join(folder, "callers.yaml"), agents.map((name) => stringify(rowOf(name))).join("---\n"));
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
