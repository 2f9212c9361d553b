import { fileURLToPath } from "node:url";
import { DynamoDB } from "@aws-sdk/client-dynamodb";
import type { ApplyInput } from "../../bin/lanyard/apply.ts";
import { tableKeys } from "../../lambdas/env.ts";
import { openDynamoDb } from "../../local/dynamodb/engine.ts";
import { startDynamoServer } from "../../local/dynamodb/server.ts";

/** The example's folder. */
export const supportDesk = fileURLToPath(new URL("../../examples/support-desk", import.meta.url));

/** Values for the example's placeholders. */
export const variables = {
  account: "111122223333",
  region: "eu-west-1",
  identityProvider: "https://login.support-desk.example",
  stsIssuer: "https://0f8c1d2e-1111-4222-8333-444455556666.tokens.sts.global.api.aws",
};

/** The embedded DynamoDB with the three tables that `apply` writes. */
export async function openGround(): Promise<{ input: ApplyInput; close(): Promise<void> }> {
  const db = await openDynamoDb();
  const server = await startDynamoServer(db);
  const credentials = { accessKeyId: "AKIALOCAL", secretAccessKey: "local" };
  const dynamo = new DynamoDB({ endpoint: server.endpoint, region: "eu-west-1", credentials, maxAttempts: 1 });
  const tables = { registry: "registry", revocations: "revocations", outbox: "outbox" };
  for (const table of ["registry", "revocations", "outbox"] as const) {
    const names: string[] = Object.values(tableKeys[table]);
    await dynamo.createTable({
      TableName: table,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      KeySchema: names.map((AttributeName, i) => ({ AttributeName, KeyType: i === 0 ? "HASH" : "RANGE" })),
    });
  }
  const input: ApplyInput = {
    directory: supportDesk,
    variables,
    trustDomain: "agents.support-desk.example",
    issuer: "https://lanyard.support-desk.example",
    tables,
    dynamo,
    operator: { arn: "arn:aws:sts::111122223333:assumed-role/operator/ada", uniqueId: "AROAEXAMPLE:ada" },
  };
  return {
    input,
    async close() {
      dynamo.destroy();
      await server.close();
      await db.close();
    },
  };
}
