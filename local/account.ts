/** One account's services, wired from the template: DynamoDB, KMS, SSM, STS, EventBridge, Firehose, functions. */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { type CallRecord, serveAws } from "./aws.ts";
import { type Callers, openCallers } from "./caller.ts";
import { type DynamoDb, openDynamoDb } from "./dynamodb/engine.ts";
import { dynamoDbAccess } from "./dynamodb-access.ts";
import { type Events, openEvents } from "./events.ts";
import { type Faults, openFaults } from "./faults.ts";
import { type Firehose, openFirehose } from "./firehose.ts";
import { type HostedFunction, hostFunction } from "./functions/host.ts";
import {
  aliasesOf,
  bucketFolder,
  deliveryStreamsOf,
  functionsOf,
  keysOf,
  mappingsOf,
  parametersOf,
  rulesOf,
  type Table,
  tablesOf,
} from "./inventory.ts";
import { openKey } from "./kms/key.ts";
import { openKms } from "./kms.ts";
import { startMapping } from "./mappings.ts";
import { openPermissions, type Permissions } from "./permissions.ts";
import { openQueues, type Queues } from "./queues.ts";
import { contextOf, type Service } from "./service.ts";
import { openSsm } from "./ssm.ts";
import type { StateFolder } from "./state.ts";
import type { EventSourceMapping } from "./streams.ts";
import type { TokenKey } from "./sts/issuer.ts";
import { openSts } from "./sts.ts";
import type { Cloud } from "./template.ts";

/** Where an account runs. */
export interface AccountPlace {
  readonly account: string;
  readonly region: string;
  /** URL of the AWS endpoint. */
  readonly endpoint: string;
  readonly stsIssuer: string;
  readonly stsKeys: readonly TokenKey[];
  readonly mostInstances: number;
  readonly state: StateFolder;
}

/** A running account. */
export interface Account {
  readonly callers: Callers;
  readonly permissions: Permissions;
  readonly faults: Faults;
  readonly db: DynamoDb;
  readonly events: Events;
  readonly firehose: Firehose;
  readonly queues: Queues;
  readonly functions: ReadonlyMap<string, HostedFunction>;
  readonly mappings: readonly EventSourceMapping[];
  /** Calls to the endpoint, newest last; the oldest are dropped. */
  readonly calls: readonly CallRecord[];
  /** Handler of the AWS endpoint. */
  readonly serve: ReturnType<typeof serveAws>;
  close(): Promise<void>;
}

const mostCalls = 20_000;

/** Starts everything that the template holds. Throws on what it cannot run faithfully. */
export async function openAccount(cloud: Cloud, place: AccountPlace): Promise<Account> {
  const { state } = place;
  const permissions = openPermissions(cloud);
  const callers = openCallers();
  const faults = openFaults();
  const calls: CallRecord[] = [];
  const tables = tablesOf(cloud);
  const keyFolder = state.at("keys");
  const firehose = openFirehose(
    deliveryStreamsOf(cloud, (arn) => bucketFolder(state.buckets, arn)),
    state.at("firehose"),
  );
  const queues = openQueues(
    cloud.ofType("AWS::SQS::Queue").map((queue) => cloud.physical(queue).attributes.Arn ?? ""),
    state.at("queues"),
  );
  const functions = hostFunctions(cloud, place, callers);
  const dynamoDirectory = state.at("dynamodb");
  const db = await openDynamoDb({
    accountId: place.account,
    region: place.region,
    ...(dynamoDirectory === undefined ? {} : { directory: dynamoDirectory }),
  });
  await createTables(db, tables);
  const buses = ["default", ...cloud.ofType("AWS::Events::EventBus").map((bus) => cloud.physical(bus).ref)];
  const rules = rulesOf(cloud);
  for (const { name, targets } of rules) {
    for (const { arn, roleArn } of targets) {
      if (roleArn === undefined || !arn.includes(":firehose:")) continue;
      const refusal = permissions.roleRefusal(roleArn, {
        action: "firehose:PutRecord",
        resource: arn,
        context: contextOf({}),
      });
      if (refusal !== undefined) throw new Error(`rule ${name}: ${refusal}`);
    }
  }
  const events = openEvents(rules, { ...place, buses }, (arn, text) =>
    deliver({ firehose, faults, functions, queues }, arn, text),
  );
  const kms = openKms(
    keysOf(cloud).map((key) => openKey(key, keyFolder)),
    aliasesOf(cloud),
  );
  const services = {
    dynamodb: dynamoService(db, tables),
    kms,
    ssm: openSsm(parametersOf(cloud), place),
    events,
    firehose,
  };
  const ground = { db, permissions, hosted: (name: string) => hostedBy(functions, name), discard: queues.put };
  const roles = new Map(functionsOf(cloud, 1).map(({ name, roleArn }) => [name, roleArn]));
  const mappings = await Promise.all(
    mappingsOf(cloud).map((mapping) => startMapping({ ...ground, roleOf: (name) => roles.get(name) ?? "" }, mapping)),
  );
  return {
    callers,
    permissions,
    faults,
    db,
    events,
    firehose,
    queues,
    functions,
    mappings,
    calls,
    serve: serveAws({
      region: place.region,
      callers,
      faults,
      services,
      sts: openSts({ issuer: place.stsIssuer, region: place.region, keys: place.stsKeys }),
      refusal: permissions.refusal,
      onCall(record) {
        if (calls.push(record) > mostCalls) calls.splice(0, calls.length - mostCalls);
      },
    }),
    async close() {
      // Functions die first: a mapping that waits for one would wait for its time-out.
      const stopping = mappings.map((mapping) => mapping.stop().catch(() => undefined));
      await Promise.all([...functions.values()].map((hosted) => hosted.close()));
      await Promise.all(stopping);
      await events.close();
      firehose.close();
      await db.close();
    },
  };
}

function hostFunctions(cloud: Cloud, place: AccountPlace, callers: Callers): Map<string, HostedFunction> {
  const logs = place.state.at("logs");
  return new Map(
    functionsOf(cloud, place.mostInstances).map((found) => {
      const { name, arn, roleArn, folder, handler, memoryMegabytes } = found;
      const credentials = callers.issue({ roleArn, sessionName: name, functionArn: arn, tags: {} });
      const environment = {
        // What Lambda itself sets; then the function's own, which cannot override it.
        ...found.variables,
        TZ: ":UTC",
        LANG: "en_US.UTF-8",
        PATH: "/usr/local/bin:/usr/bin/:/bin",
        LAMBDA_TASK_ROOT: folder,
        _HANDLER: handler,
        AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
        AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMegabytes),
        AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
        AWS_REGION: place.region,
        AWS_DEFAULT_REGION: place.region,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_SESSION_TOKEN: credentials.sessionToken,
        AWS_ENDPOINT_URL: place.endpoint,
        // Never this machine's own profile or metadata service.
        AWS_CONFIG_FILE: "/dev/null",
        AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
        AWS_EC2_METADATA_DISABLED: "true",
      };
      const file = logs === undefined ? undefined : join(logs, `${name}.log`);
      const keep =
        file === undefined ? undefined : (line: string) => appendFileSync(file, `${line}\n`, { mode: 0o600 });
      return [name, hostFunction({ ...found, environment }, keep)] as const;
    }),
  );
}

async function createTables(db: DynamoDb, tables: readonly Table[]): Promise<void> {
  const call = async (operation: string, input: unknown) => {
    const { status, body } = await db.call(operation, input);
    if (status !== 200) throw new Error(`${operation} failed: ${JSON.stringify(body)}`);
    return body;
  };
  const { TableNames } = (await call("ListTables", {})) as { TableNames: string[] };
  for (const { name, create, ttlAttribute } of tables) {
    if (TableNames.includes(name)) continue;
    await call("CreateTable", create);
    if (ttlAttribute !== undefined) {
      const TimeToLiveSpecification = { AttributeName: ttlAttribute, Enabled: true };
      await call("UpdateTimeToLive", { TableName: name, TimeToLiveSpecification });
    }
  }
}

function dynamoService(db: DynamoDb, tables: readonly Table[]): Service {
  const faces = new Map(tables.map((table) => [table.name, table]));
  return {
    target: "DynamoDB_20120810",
    access: (operation, input) => dynamoDbAccess(faces, operation, input),
    call: (operation, input) => db.call(operation, input),
  };
}

interface Sinks {
  readonly firehose: Firehose;
  readonly faults: Faults;
  readonly functions: ReadonlyMap<string, HostedFunction>;
  readonly queues: Queues;
}

/** Hands an event to what an ARN names. */
async function deliver({ firehose, faults, functions, queues }: Sinks, arn: string, text: string): Promise<void> {
  const service = arn.split(":")[2];
  if (service === "firehose") {
    const injected = await faults.apply("firehose", "PutRecord", undefined);
    if (injected !== undefined) throw new Error(injected.code);
    firehose.put(arn, Buffer.from(text));
  } else if (service === "sqs") queues.put(arn, text);
  else if (service === "lambda") {
    const outcome = await hostedBy(functions, arn.slice(arn.lastIndexOf(":") + 1)).invoke(JSON.parse(text));
    if ("error" in outcome) throw new Error(outcome.error.errorMessage);
  } else throw new Error(`target ${arn} is not known to the embedded EventBridge`);
}

function hostedBy(functions: ReadonlyMap<string, HostedFunction>, name: string): HostedFunction {
  const found = functions.get(name);
  if (found === undefined) throw new Error(`function ${name} does not exist`);
  return found;
}
