import { createSignalsEndpoint } from "../../core/endpoints/signals.ts";
import { createKeySets } from "../../core/keys/key-sets.ts";
import { createRateLimiter } from "../aws/dynamodb/counters.ts";
import { createRegistrySource } from "../aws/dynamodb/registry/registry-source.ts";
import { createReportWriter } from "../aws/dynamodb/revocations/report-writer.ts";
import { readLivenessBatch } from "../aws/dynamodb/sessions/liveness-batch.ts";
import { createFetcher } from "../aws/outbound/fetcher.ts";
import { clock, ground, setting, tables } from "../ground.ts";
import { httpHandler } from "../http/edge.ts";
import { headerOf } from "../http/url-event.ts";

const { dynamo, denying, refuse } = ground();
const issuer = setting("issuer");
const endpoint = createSignalsEndpoint({
  ...denying,
  registries: createRegistrySource(dynamo, tables, setting("trustDomain")),
  store: { readLiveness: (query) => readLivenessBatch(dynamo, tables, query) },
  keySets: createKeySets({ fetcher: createFetcher(issuer), clock, ownIssuer: issuer }),
  limiter: createRateLimiter(dynamo, tables, clock),
  reports: createReportWriter(dynamo, tables),
});

/** What identity providers say of their people: see `core/endpoints/signals.ts`. */
export const handler = httpHandler((call, event) => endpoint(call, headerOf(event, "authorization")), refuse);
