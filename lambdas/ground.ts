import { randomBytes } from "node:crypto";
import { createRefusalAggregate } from "../core/audit/aggregate.ts";
import { deny } from "../core/audit/deny.ts";
import type { Clock, Ids } from "../core/model/ports.ts";
import type { StageHas } from "../core/registry/stage-has.ts";
import { documentClient, type Tables } from "./aws/dynamodb/dynamo.ts";
import { createOutbox } from "./aws/dynamodb/outbox.ts";
import { env } from "./env.ts";
import type { Refuse } from "./http/edge.ts";

/** Real time. */
export const clock: Clock = { nowMillis: () => Date.now(), steadyMillis: () => performance.now() };

/** Ids and secrets from the system's cryptographic source. */
export const ids: Ids = {
  id: () => randomBytes(16).toString("base64url"),
  secret: () => randomBytes(32).toString("base64url"),
};

/**
 * A value of the function's environment.
 * @throws when it is not set: a function that guesses is worse than one that does not start
 */
export function setting(name: keyof typeof env): string {
  const value = process.env[env[name]];
  if (!value) throw new Error(`${env[name]} is not set; deploy the function with its environment`);
  return value;
}

/** What the stage has beside what every stage has. */
export const stageHas = (): readonly StageHas[] => JSON.parse(setting("stageHas")) as StageHas[];

/** The tables; a function that is not given one fails when it first wants it, not before. */
export const tables: Tables = {
  get sessions() {
    return setting("sessionsTable");
  },
  get subjects() {
    return setting("subjectsTable");
  },
  get markers() {
    return setting("markersTable");
  },
  get counters() {
    return setting("countersTable");
  },
  get tombstones() {
    return setting("tombstonesTable");
  },
  get lists() {
    return setting("listsTable");
  },
  get revocations() {
    return setting("revocationsTable");
  },
  get traces() {
    return setting("tracesTable");
  },
  get registry() {
    return setting("registryTable");
  },
  get outbox() {
    return setting("outboxTable");
  },
};

/** What every endpoint that denies stands on, and the one client its adapters share. */
export function ground() {
  const dynamo = documentClient();
  const outbox = createOutbox(dynamo, tables);
  const denying = { clock, ids, outbox, aggregate: createRefusalAggregate({ outbox, ids, clock }) };
  const refuse: Refuse = (denial, { requestContext: { requestId, http } }) =>
    deny(denying, denial, {
      authenticated: false,
      facts: {
        operation: "request",
        timeMillis: clock.nowMillis(),
        requestId,
        ...(http.sourceIp ? { sourceIp: http.sourceIp } : {}),
        ...(http.userAgent ? { userAgent: http.userAgent.slice(0, 256) } : {}),
      },
    });
  return { dynamo, denying, refuse };
}
