import { randomBytes } from "node:crypto";
import { createRefusalAggregate } from "../core/audit/aggregate.ts";
import { deny } from "../core/audit/deny.ts";
import { createRecorder } from "../core/audit/ocsf.ts";
import { ocsfVersions, type Recorder } from "../core/audit/record.ts";
import type { Clock, Ids } from "../core/model/ports.ts";
import type { StageHas } from "../core/registry/checks/stage-has.ts";
import { documentClient, type Tables } from "./aws/dynamodb/dynamo.ts";
import { createOutbox } from "./aws/dynamodb/outbox.ts";
import type { Lock } from "./aws/s3/log-objects.ts";
import { env } from "./env.ts";
import type { Refuse } from "./http/edge.ts";

/** The clocks of the machine. */
export const clock: Clock = { nowMillis: () => Date.now(), steadyMillis: () => performance.now() };

/** Ids and secrets from the system's cryptographic source. */
export const ids: Ids = {
  id: () => randomBytes(16).toString("base64url"),
  secret: () => randomBytes(32).toString("base64url"),
};

/**
 * A value of the function's environment.
 * @throws when it is not set: a function must not start with a guessed value
 */
export function setting(name: keyof typeof env): string {
  const value = process.env[env[name]];
  if (!value) throw new Error(`${env[name]} is not set; deploy the function with its environment`);
  return value;
}

let recorder: Recorder | undefined;

/** Writes decisions as records of this deployment. What it says of the deployment is read once, with the first record. */
export const toRecord: Recorder = (facts, eventId) => {
  recorder ??= createRecorder({ ocsf: ocsf(), deployment: deployment() }, ids);
  return recorder(facts, eventId);
};

function ocsf() {
  const version = ocsfVersions.find((one) => one === setting("ocsf"));
  if (version === undefined) throw new Error(`${env.ocsf} names no version of OCSF that records are written in`);
  return version;
}

function deployment() {
  const region = process.env.AWS_REGION;
  if (!region) throw new Error("AWS_REGION is not set: Lambda sets it in every function");
  return { account: setting("account"), region, stage: setting("stage"), trustDomain: setting("trustDomain") };
}

/** What the stage has beyond what every stage has. */
export const stageHas = (): readonly StageHas[] => JSON.parse(setting("stageHas")) as StageHas[];

/**
 * How objects of the audit bucket are retained.
 * @throws on a setting that is none
 */
export function lock(): Lock {
  const [mode, days] = [setting("auditLock"), Number(setting("auditRetentionDays"))];
  if (mode !== "GOVERNANCE" && mode !== "COMPLIANCE") throw new Error("auditLock is no mode of Object Lock");
  if (!Number.isSafeInteger(days) || days < 1) throw new Error("auditRetentionDays is no number of days");
  return { mode, days };
}

/** Names of the tables. A function whose environment lacks one fails only when it first uses that name. */
export const tables: Tables = {
  get confirmations() {
    return setting("confirmationsTable");
  },
  get sessions() {
    return setting("sessionsTable");
  },
  get vends() {
    return setting("vendsTable");
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
  get budgets() {
    return setting("budgetsTable");
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
  get people() {
    return setting("peopleTable");
  },
  get outbox() {
    return setting("outboxTable");
  },
  get leaves() {
    return setting("leavesTable");
  },
  get approvals() {
    return setting("approvalsTable");
  },
  get decisions() {
    return setting("decisionsTable");
  },
  get changes() {
    return setting("changesTable");
  },
};

/** What every endpoint that can refuse needs, and the client that its adapters share. */
export function ground() {
  const dynamo = documentClient();
  const outbox = createOutbox(dynamo, tables);
  const aggregate = createRefusalAggregate({ outbox, ids, toRecord, clock });
  const denying = { clock, ids, toRecord, outbox, aggregate };
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
