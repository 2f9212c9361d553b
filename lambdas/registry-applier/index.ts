import { readFileSync } from "node:fs";
import { Logger } from "@aws-lambda-powertools/logger";
import { documentClient } from "../aws/dynamodb/dynamo.ts";
import { createRegistryStore } from "../aws/dynamodb/registry/registry-writer.ts";
import { cedar } from "../cedar-module.ts";
import { answerResource, type ResourceEvent } from "../custom-resource.ts";
import { clock, ids, setting, stageHas, tables, toRecord } from "../ground.ts";
import { type PackedFolder, registryResource } from "./resource.ts";

const logger = new Logger();
// the deployment puts the registry beside the bundle, since properties of a custom resource are too small for it
const folder = JSON.parse(readFileSync(new URL("./registry.json", import.meta.url), "utf8")) as PackedFolder;
const resource = registryResource(
  folder,
  {
    clock,
    ids,
    toRecord,
    registry: createRegistryStore(documentClient(), tables),
    issuer: setting("issuer"),
    trustDomain: setting("trustDomain"),
    cedar,
    has: stageHas(),
  },
  logger,
);

/** The custom resource that makes the deployed folder the registry. */
export const handler = (event: ResourceEvent): Promise<void> => answerResource(event, resource, fetch);
