import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { readRegistryFolder } from "../../../bin/lanyard/registry/folder.ts";
import { type ApplyOrder, applyRegistry } from "../../../core/registry/apply.ts";
import { documentClient } from "../../../lambdas/aws/dynamodb/dynamo.ts";
import { createRegistryStore } from "../../../lambdas/aws/dynamodb/registry/registry-writer.ts";
import { openTables, productTables, tableNames as tables } from "../../kit/embedded/dynamodb.ts";
import { supportDesk, variables } from "../../kit/example.ts";
import { randomIds } from "../../kit/keys.ts";
import { toRecord } from "../../kit/records.ts";

export const trustDomain = "agents.support-desk.example";
const operator = { arn: "arn:aws:sts::111122223333:assumed-role/operator/ada", uniqueId: "AROAEXAMPLE" };

/** The three tables that applying writes, and applying itself over the real adapter. */
export async function openGround() {
  const { dynamo, close } = await openTables(productTables(["registry", "revocations", "outbox"]));
  const client = documentClient(dynamo);
  const registry = createRegistryStore(client, tables);
  const settings = { issuer: "https://lanyard.support-desk.example", trustDomain, cedar };
  const clock = { nowMillis: () => Date.now() };
  return {
    dynamo,
    client,
    tables,
    registry,
    close,
    /** Applies a folder, as the function does for whoever calls it. */
    async apply(directory: string = supportDesk, more: Partial<ApplyOrder> = {}) {
      const documents = await readRegistryFolder(directory, variables);
      if (!documents.ok) throw new Error(JSON.stringify(documents.error));
      const facts = { timeMillis: clock.nowMillis(), requestId: "r-1" };
      const order = { documents: documents.value, operator, facts, ...more };
      return applyRegistry(order, { ...settings, registry, clock, ids: randomIds, toRecord });
    },
  };
}
