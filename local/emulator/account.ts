/** One account's services, wired from the template: DynamoDB, S3, KMS, SSM, STS, SNS, EventBridge, Firehose, functions. */
import { serveAws } from "./aws.ts";
import type { Closers } from "./closers.ts";
import type { Cloud } from "./cloudformation/template.ts";
import type { Trail } from "./cloudtrail/trail.ts";
import type { Unsaid } from "./dynamodb/access.ts";
import { createTables, dynamoDbService, tablesOf } from "./dynamodb/service.ts";
import { type Nitro, openNitro } from "./enclave.ts";
import { rulesOf } from "./events/of-template.ts";
import { type Events, openEvents } from "./events/service.ts";
import { checkRuleRoles, deliverTo } from "./events/targets.ts";
import { type Faults, openFaults } from "./faults.ts";
import { type CallRecord, recordOf, type ServedCall } from "./front/call.ts";
import type { SandboxKind } from "./functions/description.ts";
import type { HostedFunction } from "./functions/host.ts";
import { functionNamed, hostFunctions } from "./functions/of-template.ts";
import type { Credentials } from "./iam/caller.ts";
import { type Identity, identityServices, openIdentity } from "./identity.ts";
import { type Instances, openInstances } from "./imds/instances.ts";
import { keyGround } from "./kms/ground.ts";
import { openKeys } from "./kms/key.ts";
import { aliasesOf, keysOf } from "./kms/of-template.ts";
import { openKms } from "./kms/service.ts";
import { startMappings } from "./mappings/all.ts";
import type { EventSourceMapping } from "./mappings/stream.ts";
import { createdEvent } from "./s3/created.ts";
import type { Service } from "./service.ts";
import { openSns } from "./sns/service.ts";
import { openTopics, type Topics } from "./sns/topics.ts";
import { queuesOf } from "./sqs/of-template.ts";
import { openSqs } from "./sqs/service.ts";
import { openSsm, parametersOf } from "./ssm.ts";
import type { StateFolder } from "./state.ts";
import { openStores, type Stores, type TrailWish } from "./stores.ts";
import type { TokenKey } from "./sts/issuer.ts";
import { admission } from "./workloads/admission.ts";
import { openLambda } from "./workloads/control-plane.ts";
import { openEcs } from "./workloads/ecs.ts";
import { ownThings } from "./workloads/own-functions.ts";
import { openWorkloads, type Workload, type Workloads } from "./workloads/workloads.ts";

/** Where an account runs. */
interface AccountPlace {
  readonly account: string;
  readonly region: string;
  /** URL of the AWS endpoint. */
  readonly endpoint: string;
  readonly stsIssuer: string;
  readonly stsKeys: readonly TokenKey[];
  readonly mostInstances: number;
  readonly state: StateFolder;
  readonly compiled?: string;
  readonly sandbox?: SandboxKind;
}

/** What only whoever boots can say; the template cannot. */
export interface Wishes {
  /** Variable of a function's environment whose value is a second name of the function, for people and tests. */
  readonly knownBy?: string;
  /** The clock of IAM and STS, for tests that let credentials end; the machine's unless said otherwise. */
  readonly nowMillis?: () => number;
  /** A trail of every call, delivered into a bucket beside the template's. */
  readonly trail?: TrailWish;
  /**
   * Statements of an IAM policy that every workload's role gets besides asking for documents about itself.
   * @param arnOf ARN of a function by either of its names; undefined when the template holds none of that name
   */
  workloadStatements?(arnOf: (functionName: string) => string | undefined): readonly unknown[];
}

/** A running account. */
export interface Account extends Stores, Identity {
  readonly faults: Faults;
  readonly unsaid: Unsaid;
  readonly events: Events;
  readonly functions: ReadonlyMap<string, HostedFunction>;
  readonly topics: Topics;
  readonly mappings: readonly EventSourceMapping[];
  /** What the control plane tells of workloads. */
  readonly workloads: Workloads;
  readonly nitro: Nitro;
  readonly instances: Instances;
  /** Gives a workload temporary credentials of its role, and the role what every workload may do. */
  readonly admit: (workload: Workload) => Credentials;
  /** Calls to the endpoint, newest last; the oldest are dropped. */
  readonly calls: readonly CallRecord[];
  /** Handler of the AWS endpoint. */
  readonly serve: ReturnType<typeof serveAws>;
}

const mostCalls = 20_000;

/** Whoever boots, as far as an account is concerned. */
interface Starter {
  readonly wishes: Wishes;
  /** Gets what is to be closed as soon as it is open, so that a failed start leaves nothing behind. */
  readonly closers: Closers;
}

/** Starts everything that the template holds. Throws on what it cannot run faithfully. */
export async function openAccount(cloud: Cloud, place: AccountPlace, { wishes, closers }: Starter): Promise<Account> {
  const { nowMillis = Date.now } = wishes;
  const identity = openIdentity(cloud, nowMillis);
  const { permissions, callers } = identity;
  const faults = openFaults();
  const unsaid = { namesRowsInTransactions: true };
  const keys = openKeys(keysOf(cloud), place.state.at("keys"));
  // it is waited for further down: what fails before is told first
  keys.catch(() => undefined);
  const functions = hostFunctions(cloud, place, callers);
  const stores = await openStores(cloud, { place, permissions, callers, closers, trail: wishes.trail });
  const { s3, firehose, queues, db, trail } = stores;
  for (const { description } of functions.values()) noteSession(trail, description);
  const tables = tablesOf(cloud);
  await createTables(db, tables);

  const rules = rulesOf(cloud);
  checkRuleRoles(rules, permissions);
  const buses = ["default", ...cloud.ofType("AWS::Events::EventBus").map((bus) => cloud.physical(bus).ref)];
  const events = openEvents(rules, { ...place, buses }, deliverTo({ firehose, faults, functions, queues }));
  closers.push(events.close);
  s3.onCreated((bucket, version) => events.emit(createdEvent(bucket, version)));
  const workloads = openWorkloads();
  const nitro = openNitro(place.region);
  const deployed = new Set(cloud.ofType("AWS::IAM::Role").map((role) => cloud.physical(role).attributes.Arn ?? ""));
  const statements = statementsOf(functions, wishes);
  const admit = admission({ workloads, permissions, callers, statements, deployed });
  const instances = openInstances({ ...place, admit });
  closers.push(instances.close);
  const services: Record<string, Service> = {
    ecs: openEcs(workloads, place),
    dynamodb: dynamoDbService(db, tables, unsaid),
    kms: openKms(await keys, aliasesOf(cloud), keyGround(place, permissions)),
    ssm: openSsm(parametersOf(cloud), place),
    events,
    firehose,
    sqs: openSqs(queues, queuesOf(cloud)),
  };
  const topics = openTopics(cloud);
  const query = { ...identityServices(identity, { ...place, workloads, nowMillis }), sns: openSns(topics) };
  const { calls, onCall } = listener(trail);
  const { region } = place;
  const open = new Map([
    ["/_embedded/nitro-root.der", nitro.root],
    [`/_embedded/ec2-${region}.der`, instances.certificate],
  ]);
  const lambda = openLambda(workloads, { ...place, own: ownThings(cloud), functions });
  const plain = { lambda, s3: s3.service };
  const { refusal } = permissions;
  const serve = serveAws({ region, callers, faults, services, plain, query, open, refusal, onCall });
  const mappings = await startMappings(cloud, { db, permissions, functions, queues }, closers);
  return {
    ...stores,
    ...identity,
    faults,
    unsaid,
    events,
    functions,
    topics,
    mappings,
    workloads,
    nitro,
    instances,
    admit,
    calls,
    serve,
  };
}

/** Who hears of each call: the trail all of it, memory the last of them in short. */
function listener(trail: Trail | undefined) {
  const calls: CallRecord[] = [];
  const onCall = (call: ServedCall) => {
    trail?.heard(call);
    if (calls.push(recordOf(call)) > mostCalls) calls.splice(0, calls.length - mostCalls);
  };
  return { calls, onCall };
}

/** Lambda hands a function credentials that STS gave it. */
function noteSession(trail: Trail | undefined, { name, roleArn, environment }: HostedFunction["description"]): void {
  const accessKeyId = environment.AWS_ACCESS_KEY_ID ?? "";
  trail?.assumed("lambda.amazonaws.com", { roleArn, sessionName: name, accessKeyId });
}

const statementsOf = (functions: Account["functions"], { knownBy, workloadStatements }: Wishes): readonly unknown[] =>
  workloadStatements?.((name) => functionNamed(functions, name, knownBy)?.description.arn) ?? [];
