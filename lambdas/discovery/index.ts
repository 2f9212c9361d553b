import type { Context } from "aws-lambda";
import { createDiscoveryEndpoint } from "../../core/endpoints/discovery.ts";
import type { Call, Reply } from "../../core/model/wire.ts";
import { documentClient } from "../aws/dynamodb/dynamo.ts";
import { createListReader } from "../aws/dynamodb/lists/lists.ts";
import { createCardKeys } from "../aws/dynamodb/registry/card-keys.ts";
import { createPublishedTypes } from "../aws/dynamodb/registry/published-types.ts";
import { createUrls, ssmClient } from "../aws/ssm/urls.ts";
import { env } from "../env.ts";
import { clock, setting } from "../ground.ts";
import { compressed } from "../http/compressed.ts";
import { httpHandler } from "../http/edge.ts";
import { originOf, type UrlEvent } from "../http/url-event.ts";
import { openKeyring } from "../keyring.ts";

const dynamo = documentClient();
const lists = createListReader(dynamo, setting("listsTable"), clock);
const detailsTypes = createPublishedTypes(dynamo, setting("registryTable"), clock);
const cardKeys = createCardKeys(dynamo, setting("registryTable"), clock);
const ssm = ssmClient();
const parameter = setting("urlsParameter");
const ownKeys = openKeyring(dynamo);
// the environment names no key of security events, since the stage has none
const withoutEvents = process.env[env.eventsKey] ? {} : ({ withoutEvents: true } as const);

/** Endpoints by issuer. A function has one URL, so there is one entry. */
const endpoints = new Map<string, (call: Call) => Promise<Reply>>();

/**
 * The issuer is this function's own URL. Its environment cannot name it, since CloudFormation refuses the circle, so it
 * is read from each call as the platform states it. Somebody who may invoke the function directly could only forge an
 * answer to themselves.
 */
function endpointOf(issuer: string): (call: Call) => Promise<Reply> {
  const known = endpoints.get(issuer);
  if (known) return known;
  const urls = createUrls(ssm, parameter, issuer);
  const made = createDiscoveryEndpoint({ issuer, ownKeys, urls, lists, detailsTypes, cardKeys, ...withoutEvents });
  endpoints.clear();
  endpoints.set(issuer, made);
  return made;
}

/** With a domain of its own the deployment names the URL, and events are not read for it. */
const publicUrl = process.env[env.publicUrl];
const answer = httpHandler((call, event) => endpointOf(publicUrl ?? originOf(event))(call));

/** Metadata, JWKS, SPIFFE bundle, stored status lists. */
export const handler = async (event: UrlEvent, context: Context) => compressed(event, await answer(event, context));
