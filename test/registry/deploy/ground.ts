import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { beforeEach } from "vitest";
import { type DeployOrder, deployRegistry } from "../../../core/endpoints/registry-applier.ts";
import type { Registration } from "../../../core/model/registry.ts";
import { documentsOfRows } from "../../../core/registry/apply.ts";
import { registryDigest } from "../../../core/registry/digest.ts";
import { randomIds } from "../../kit/keys.ts";
import { MemoryRegistry } from "../../kit/memory/registry-store.ts";
import { toRecord } from "../../kit/records.ts";
import { baseRows, trustDomain } from "../../kit/registry.ts";

export const stackId = "arn:aws:cloudformation:eu-west-1:111122223333:stack/lanyard-prod-service/6f1f-1";

/** The base rows as a folder would give them: every agent with a selector of its own. */
export const start: readonly Registration[] = baseRows.map((row) => {
  if (row.kind === "entailment") return { ...row, details: {} };
  if (row.kind !== "agent") return row;
  const roleArn = `arn:aws:iam::123456789012:role/${row.name}`;
  return { ...row, selectors: [{ type: "aws-sts-web-identity", exact: { roleArn } }] };
});

const withTriage = (change: object): readonly Registration[] =>
  start.map((row) => (row.kind === "agent" && row.name === "triage" ? { ...row, ...change } : row));

export const folders = {
  one: start,
  two: withTriage({ maxDepth: 3 }),
  three: withTriage({ maxDepth: 5 }),
  retired: withTriage({ state: "retired" }),
  broken: withTriage({ may: [{ resource: "https://nowhere.example", scopes: ["x"] }] }),
};

export type Folder = keyof typeof folders;

export let registry: MemoryRegistry;

export const deps = () => ({
  registry,
  clock: { nowMillis: () => 1_785_542_400_000 },
  ids: randomIds,
  toRecord,
  issuer: "https://issuer.example",
  trustDomain,
  cedar,
});

export const deploy = (step: DeployOrder["step"], name: Folder, more: Partial<DeployOrder> = {}) => {
  const digest = registryDigest(folders[name]);
  const folder = { digest, documents: documentsOfRows(folders[name]) };
  return deployRegistry({ step, digest, force: false, folder, stackId, requestId: "r-1", ...more }, deps());
};

/** Has each test of the calling file begin on this ground. */
export function setUp(): void {
  beforeEach(() => {
    registry = new MemoryRegistry();
  });
}
