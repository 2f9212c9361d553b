import { Aws } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { allow, allowDataKey, allowTable, rows } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import type { Stage } from "../settings/stage.ts";
import { useKeyring } from "../state/keyring.ts";
import type { StateStack } from "../state/state-stack.ts";
import { urlsParameterName } from "./urls-parameter.ts";

/**
 * Metadata, keys and stored status lists. The most exposed function signs nothing: any key at `jwks_uri` could mint a
 * session (threat 3). It reads the other functions' URLs by a literal name, since a reference would close a circle.
 */
export function discovery(scope: Construct, stage: Stage, dist: string, state: StateStack): LanyardFunction {
  const { tables, keys } = state;
  const parameter = urlsParameterName(stage);
  const made = new LanyardFunction(scope, "Discovery", {
    stage,
    dist,
    name: "discovery",
    description: "Metadata, keys and status lists of the issuer",
    environment: {
      urlsParameter: parameter,
      listsTable: tables.lists.tableName,
      registryTable: tables.registry.tableName,
    },
    memoryMegabytes: 512,
  });
  useKeyring(made, stage, state, "identity", "session", "status", "events");
  allowTable(made.role, tables.lists, ["GetItem"], rows("list#"));
  allowTable(made.role, tables.registry, ["GetItem"], rows("published"));
  allow(
    made.role,
    ["ssm:GetParameter"],
    [`arn:${Aws.PARTITION}:ssm:${Aws.REGION}:${Aws.ACCOUNT_ID}:parameter${parameter}`],
  );
  allowDataKey(made.role, keys.data);
  return made;
}
