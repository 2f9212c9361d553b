import { fileURLToPath } from "node:url";
import { DynamoDB } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { readRegistryFolder } from "../../bin/lanyard/registry/folder.ts";
import { type ApplyOrder, applyRegistry } from "../../core/registry/apply.ts";
import { createRegistryStore } from "../../lambdas/aws/dynamodb/registry/registry-writer.ts";
import { tableKeys } from "../../lambdas/env.ts";
import { openDynamoDb } from "../../local/emulator/dynamodb/engine.ts";
import { startDynamoServer } from "../../local/emulator/dynamodb/server.ts";
import { randomIds } from "../kit/keys.ts";

/** The example's folder. */
export const supportDesk = fileURLToPath(new URL("../../examples/support-desk", import.meta.url));

/** Values for the example's placeholders. */
export const variables = {
  account: "111122223333",
  region: "eu-west-1",
  identityProvider: "https://login.support-desk.example",
  stsIssuer: "https://0f8c1d2e-1111-4222-8333-444455556666.tokens.sts.global.api.aws",
};

export const trustDomain = "agents.support-desk.example";
const operator = { arn: "arn:aws:sts::111122223333:assumed-role/operator/ada", uniqueId: "AROAEXAMPLE" };

/** The embedded DynamoDB with the three tables that applying writes, and applying itself over the real adapter. */
export async function openGround() {
  const db = await openDynamoDb();
  const server = await startDynamoServer(db);
  const credentials = { accessKeyId: "AKIALOCAL", secretAccessKey: "local" };
  const dynamo = new DynamoDB({ endpoint: server.endpoint, region: "eu-west-1", credentials, maxAttempts: 1 });
  for (const table of ["registry", "revocations", "outbox"] as const) {
    const names: string[] = Object.values(tableKeys[table]);
    await dynamo.createTable({
      TableName: table,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      KeySchema: names.map((AttributeName, i) => ({ AttributeName, KeyType: i === 0 ? "HASH" : "RANGE" })),
    });
  }
  const tables = {
    registry: "registry",
    revocations: "revocations",
    outbox: "outbox",
    sessions: "sessions",
    subjects: "subjects",
    markers: "markers",
    counters: "counters",
    tombstones: "tombstones",
    lists: "lists",
    traces: "traces",
  };
  const client = DynamoDBDocumentClient.from(dynamo);
  const registry = createRegistryStore(client, tables);
  const settings = { issuer: "https://lanyard.support-desk.example", trustDomain, cedar };
  const clock = { nowMillis: () => Date.now() };
  return {
    dynamo,
    client,
    tables,
    registry,
    /** Applies a folder, as the function does for whoever calls it. */
    async apply(directory: string = supportDesk, more: Partial<ApplyOrder> = {}) {
      const documents = await readRegistryFolder(directory, variables);
      if (!documents.ok) throw new Error(JSON.stringify(documents.error));
      const facts = { timeMillis: clock.nowMillis(), requestId: "r-1" };
      const order = { documents: documents.value, operator, facts, ...more };
      return applyRegistry(order, { ...settings, registry, clock, ids: randomIds });
    },
    async close() {
      dynamo.destroy();
      await server.close();
      await db.close();
    },
  };
}
