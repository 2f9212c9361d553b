import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import {
  type DynamoDBClient,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { toRecord } from "../../core/audit/ocsf.ts";
import type { AuditRecord } from "../../core/audit/record.ts";
import { limits } from "../../core/limits.ts";
import type { RegistryProblem } from "../../core/registry/document.ts";
import type { Registration } from "../../core/registry/model.ts";
import { publishedDetailsTypes, publishedRow } from "../../core/registry/published.ts";
import { validateRegistry } from "../../core/registry/validate.ts";
import { revocationKeys } from "../../core/revocation-rows.ts";
import { readRegistryFolder } from "./folder.ts";
import { type ApplyTables, appliedVersion, claimVersion, readVersion, writeVersion } from "./registry-table.ts";

/** Who applies, for the audit record. */
export interface ApplyOperator {
  readonly arn: string;
  readonly uniqueId: string;
}

/** What applying a folder needs. */
export interface ApplyInput {
  readonly directory: string;
  /** Values of `${...}` in the files. */
  readonly variables: Readonly<Record<string, string>>;
  readonly trustDomain: string;
  readonly issuer: string;
  readonly tables: ApplyTables;
  readonly dynamo: DynamoDBClient;
  readonly operator: ApplyOperator;
}

/** What an apply changes, each as `kind name`. */
export interface RegistryPlan {
  /** The version it was made against; 0 before the first. */
  readonly base: number;
  readonly rows: readonly Registration[];
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** What an apply did. `version` is that of before when nothing changed. */
export type Applied = Pick<RegistryPlan, "added" | "changed" | "removed"> & { readonly version: number };

/** The folder is not a valid registry: nothing was written. */
export class RegistryInvalid extends Error {
  override readonly name = "RegistryInvalid";
  readonly problems: readonly RegistryProblem[];
  constructor(problems: readonly RegistryProblem[]) {
    super(problems.map((p) => `${p.file}:${p.line}: ${p.path === "" ? "" : `${p.path}: `}${p.message}`).join("\n"));
    this.problems = problems;
  }
}

/** Somebody else applied since the plan was made: nothing was changed. */
export class RegistryStale extends Error {
  override readonly name = "RegistryStale";
  constructor(base: number) {
    super(`the registry is no longer at version ${base}: somebody else applied meanwhile; look at the plan again`);
  }
}

const outboxKeptSeconds = 14 * 86_400;

/**
 * Reads and validates the folder and compares it with what is applied. Writes nothing.
 * @throws RegistryInvalid with every problem, file and line
 */
export async function planRegistry(input: ApplyInput): Promise<RegistryPlan> {
  const documents = await readRegistryFolder(input.directory, input.variables);
  if (!documents.ok) throw new RegistryInvalid(documents.error);
  const { issuer, trustDomain } = input;
  const rows = validateRegistry(documents.value, { issuer, trustDomain, cedar });
  if (!rows.ok) throw new RegistryInvalid(rows.error);
  const base = await appliedVersion(input.dynamo, input.tables);
  return { base, rows: rows.value, ...difference(await readVersion(input.dynamo, input.tables, base), rows.value) };
}

/**
 * Carries out a plan: all rows under a version of its own, then one transaction that moves every copy of the
 * deployment's row from the plan's base to it, with the audit record. Cut off before that, it changed nothing that is
 * read; a plan that changes nothing writes nothing.
 * @throws RegistryStale when another apply came first
 */
export async function applyPlan(input: ApplyInput, plan: RegistryPlan): Promise<Applied> {
  const { added, changed, removed } = plan;
  if (plan.base > 0 && added.length + changed.length + removed.length === 0)
    return { version: plan.base, added, changed, removed };
  const version = await claimVersion(input.dynamo, input.tables, plan.base);
  await writeVersion(input.dynamo, input.tables, version, plan.rows);
  const record = auditRecord(input, plan, version);
  const copies = Array.from({ length: limits.deploymentCopies }, (_, i) =>
    moveCopy(input.tables, i, plan.base, version),
  );
  const published = publishedPut(input.tables, plan.rows);
  await moveTo(input.dynamo, [...copies, published, outboxPut(input.tables, record)], plan.base);
  return { version, added, changed, removed };
}

/** A revocation of the deployment writes the same rows: that is no stale base, only a moment to wait. */
const moveTo = async (dynamo: DynamoDBClient, items: TransactWriteItem[], base: number): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await dynamo.send(new TransactWriteItemsCommand({ TransactItems: items }));
      return;
    } catch (cause) {
      const codes = cause instanceof TransactionCanceledException ? cause.CancellationReasons?.map((r) => r.Code) : [];
      if (codes?.includes("ConditionalCheckFailed")) throw new RegistryStale(base);
      if (!codes?.includes("TransactionConflict") || attempt === 5) throw cause;
      await pause(50 * 2 ** attempt);
    }
  }
};

/**
 * Validates a folder and makes it the registry. Idempotent; live at every instance's next request.
 * @throws RegistryInvalid, RegistryStale
 */
export async function applyRegistry(input: ApplyInput): Promise<Applied> {
  return applyPlan(input, await planRegistry(input));
}

const difference = (before: readonly Registration[], after: readonly Registration[]) => {
  const key = (row: Registration) => `${row.kind} ${row.name}`;
  const old = new Map(before.map((row) => [key(row), canonical(row)]));
  const now = new Map(after.map((row) => [key(row), canonical(row)]));
  return {
    added: [...now.keys()].filter((k) => !old.has(k)),
    changed: [...now].flatMap(([k, text]) => (old.has(k) && old.get(k) !== text ? [k] : [])),
    removed: [...old.keys()].filter((k) => !now.has(k)),
  };
};

/** JSON with sorted members: the order in a file is no change. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

/** Touches the version alone: a revocation of the deployment that happens meanwhile keeps its generation and block. */
const moveCopy = (tables: ApplyTables, copy: number, base: number, version: number): TransactWriteItem => ({
  Update: {
    TableName: tables.revocations,
    Key: { subject: { S: revocationKeys.deployment(copy) } },
    UpdateExpression:
      "SET #version = :version, #generation = if_not_exists(#generation, :zero), #blocked = if_not_exists(#blocked, :no)",
    ConditionExpression: base === 0 ? "attribute_not_exists(#version)" : "#version = :base",
    ExpressionAttributeNames: { "#version": "registryVersion", "#generation": "generation", "#blocked": "blocked" },
    ExpressionAttributeValues: {
      ":version": { N: String(version) },
      ":zero": { N: "0" },
      ":no": { BOOL: false },
      ...(base === 0 ? {} : { ":base": { N: String(base) } }),
    },
  },
});

/** What metadata says of the registry changes with it, at the same instant. */
const publishedPut = (tables: ApplyTables, rows: readonly Registration[]): TransactWriteItem => ({
  Put: {
    TableName: tables.registry,
    Item: {
      kind: { S: publishedRow.kind },
      name: { S: publishedRow.name },
      detailsTypes: { L: publishedDetailsTypes(rows).map((name) => ({ S: name })) },
    },
  },
});

const auditRecord = (input: ApplyInput, plan: RegistryPlan, version: number): AuditRecord => {
  const eventId = randomBytes(16).toString("base64url");
  const part = (verb: string, names: readonly string[]) => (names.length > 0 ? [`${verb} ${names.join(", ")}`] : []);
  const changes = [...part("added", plan.added), ...part("changed", plan.changed), ...part("removed", plan.removed)];
  return toRecord(
    {
      operation: "registry.apply",
      outcome: "allowed",
      timeMillis: Date.now(),
      requestId: eventId,
      operator: input.operator,
      target: "registry",
      registryVersion: version,
      reason: `from version ${plan.base}: ${changes.join("; ")}`,
    },
    eventId,
  );
};

const outboxPut = (tables: ApplyTables, record: AuditRecord): TransactWriteItem => ({
  Put: {
    TableName: tables.outbox,
    Item: {
      eventId: { S: record.eventId },
      body: { S: record.body },
      hash: { S: record.hash },
      detailType: { S: record.detailType },
      timeMillis: { N: String(record.timeMillis) },
      expiresAt: { N: String(Math.floor(record.timeMillis / 1000) + outboxKeptSeconds) },
    },
    ConditionExpression: "attribute_not_exists(#eventId)",
    ExpressionAttributeNames: { "#eventId": "eventId" },
  },
});
