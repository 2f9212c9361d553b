import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { beforeEach } from "vitest";
import type { AuditFacts } from "../../../core/audit/record.ts";
import { createAdminWriteEndpoint } from "../../../core/endpoints/admin-write.ts";
import type { Registration } from "../../../core/model/registry.ts";
import type { Call } from "../../../core/model/wire.ts";
import { randomIds } from "../../kit/keys.ts";
import { aggregateInto } from "../../kit/memory/aggregate.ts";
import { MemoryRegistry } from "../../kit/memory/registry-store.ts";
import { MemoryStore } from "../../kit/memory/store.ts";
import { toRecord } from "../../kit/records.ts";
import { baseRows, trustDomain } from "../../kit/registry.ts";

export const operator = { arn: "arn:aws:sts::111122223333:assumed-role/operator/ada", uniqueId: "AROAEXAMPLE" };

export const selector = (name: string) => ({
  type: "aws-sts-web-identity",
  exact: { roleArn: `arn:aws:iam::123456789012:role/${name}` },
});

/** The base rows as files would give them: every agent with a selector of its own. */
export const rows: readonly Registration[] = baseRows.map((row) =>
  row.kind === "agent"
    ? { ...row, selectors: [selector(row.name)] }
    : row.kind === "entailment"
      ? { ...row, details: {} }
      : row,
);

export let registry: MemoryRegistry;
export let outbox: MemoryStore;
export let aggregated: AuditFacts[];

const call = (method: string, path: string, body: unknown, more: Partial<Call> = {}): Call => ({
  method,
  url: `https://adm.lambda-url.eu-west-1.on.aws${path}`,
  path,
  contentType: "application/json",
  body: typeof body === "string" ? body : JSON.stringify(body),
  dpop: [],
  requestId: "r-1",
  ...more,
});

export async function send(
  method: string,
  path: string,
  body: unknown,
  who: typeof operator | null = operator,
  more = {},
) {
  const endpoint = createAdminWriteEndpoint({
    clock: { nowMillis: () => 1_785_542_400_000 },
    ids: randomIds,
    toRecord,
    outbox,
    aggregate: aggregateInto(aggregated),
    issuer: "https://issuer.example",
    trustDomain,
    registry,
    cedar,
  });
  const reply = await endpoint(call(method, path, body, more), who ?? undefined);
  return { status: reply.status, body: JSON.parse(reply.body) };
}

export const applyAll = async (list: readonly Registration[] = rows, more = {}) =>
  send("PUT", "/registry", { registrations: list, ...more });

export const stateOf = async (name: string) =>
  (await registry.rows(await registry.applied())).find((row) => row.kind === "agent" && row.name === name);

/** Has each test of the calling file begin on this ground. */
export function setUp(): void {
  beforeEach(() => {
    registry = new MemoryRegistry();
    outbox = new MemoryStore();
    aggregated = [];
  });
}
