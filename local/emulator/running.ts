/** The embedded cloud as its users see it, once it runs. */
import { join } from "node:path";
import type { Account } from "./account.ts";

import type { Cloud } from "./cloudformation/template.ts";
import type { Trail } from "./cloudtrail/trail.ts";
import type { Unsaid } from "./dynamodb/access.ts";
import type { Faults as DynamoDbFaults } from "./dynamodb/faults.ts";
import type { Enclave, EnclaveImage } from "./enclave.ts";
import type { Faults } from "./faults.ts";
import type { CallRecord } from "./front/call.ts";
import { failuresOf, functionNamed } from "./functions/of-template.ts";
import type { Sandbox } from "./functions/sandboxes.ts";
import type { Credentials } from "./iam/caller.ts";
import type { IdentityProvider } from "./iam/providers.ts";
import type { NewRole } from "./iam/roles.ts";
import type { NewUser, User } from "./iam/users.ts";
import type { Instance, InstanceLaunch } from "./imds/instances.ts";
import { withinLoop } from "./limits/loop.ts";
import type { Published } from "./sns/topics.ts";
import { queuesOf } from "./sqs/of-template.ts";
import type { Workload } from "./workloads/workloads.ts";

export type { Workload } from "./workloads/workloads.ts";

/** The cloud, running. */
export interface RunningCloud {
  readonly aws: { readonly endpoint: string; readonly region: string };
  readonly account: string;
  /** Issuer of the account's GetWebIdentityToken documents, with discovery document and JWKS. */
  readonly stsIssuer: string;
  /** Every output of every stack by its name. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Folder that plays a bucket, by the bucket's name. */
  bucketFolder(bucket: string): string;
  /** Credentials that IAM allows everything; a key's own policy still refuses them. */
  readonly operator: Credentials;
  /** Gives a person of the account a role with these rights (an IAM policy document), and credentials of it. */
  addOperator(roleArn: string, policy: unknown): Credentials;
  /** Puts a user into the account, with an access key and a device for the second factor. */
  addUser(user: NewUser): User;
  /** Puts a role into this account or another one, with its trust: whoever it trusts may assume it. */
  addRole(role: NewRole): void;
  /** Makes an OpenID Connect provider in an account; its ARN is returned. Issuers on this machine alone can be asked. */
  addIdentityProvider(account: string, provider: Omit<IdentityProvider, "arn">): string;
  /** Gives a workload temporary credentials of its role. */
  addWorkload(workload: Workload): Credentials;
  /** Starts a Nitro enclave on some instance of the account. */
  startEnclave(image: EnclaveImage): Enclave;
  /** Launches an EC2 instance, which runs until the cloud is closed. */
  launchInstance(launch: InstanceLaunch): Promise<Instance>;
  /** Runs a function as Lambda's Invoke would, by physical name or by what it calls itself; rejects with its error. */
  invoke(functionName: string, event: unknown): Promise<unknown>;
  /** Starts a sandbox of each function ahead of its first event, as Lambda may; names that are not here are passed over. */
  warm(functionNames: readonly string[]): Promise<void>;
  /** Runs every scheduled rule once, now; with a number of milliseconds only those that run at least this often. */
  fireSchedules(mostMillis?: number): Promise<void>;
  /** Waits for streams and bus, at most half a minute of this process's own time, and writes Firehose's buffers and the trail out. */
  flush(): Promise<void>;
  readonly faults: CloudFaults;
  /** What AWS does not say: a test may have it the other way. */
  readonly unsaid: Unsaid;
  /** One operation of DynamoDB past every policy: how a test moves a row into the past. */
  dynamodb(operation: string, input: unknown): Promise<{ readonly status: number; readonly body: unknown }>;
  /** For people: what failed in which function so far, and where its log is. */
  failures(): readonly string[];
  /** What a function printed. */
  logs(functionName: string): string[];
  /** Everything a function finds in its environment, its role's credentials included: for running its source by hand. */
  environment(functionName: string): Readonly<Record<string, string>>;
  /**
   * Sends every event of a function to its sandbox of this number (from 0), started if need be, so that a test speaks
   * to each in turn; undefined sends them to whichever is free.
   */
  pin(functionName: string, sandbox: number | undefined): void;
  /** Physical names of all functions. */
  functions(): readonly string[];
  /** Sandboxes that a function has now, by physical name or by what it calls itself. */
  sandboxes(functionName: string): readonly Sandbox[];
  /** Calls to the AWS endpoint, oldest first: the embedded CloudTrail. */
  calls(): readonly CallRecord[];
  /** CloudTrail, where whoever booted asked for it. */
  readonly trail?: Pick<Trail, "flush" | "unkind">;
  /** Messages of a queue, by a part of its ARN. */
  queueMessages(queue: string): string[];
  /** What was published to a topic, oldest first. */
  published(topicArn: string): readonly Published[];
  close(): Promise<void>;
}

/** Fault switches: those of the endpoint, those of the store, and killing a function's sandbox. */
export interface CloudFaults extends Faults {
  readonly dynamodb: DynamoDbFaults;
  /** Kills one sandbox of a function, a busy one if there is any; tells whether there was one. */
  crash(functionName: string): boolean;
  /**
   * Breaks every function but those named, by any of their names: each event fails, also those that AWS brings. Call what
   * it returns to mend them.
   */
  breakFunctions(...but: readonly string[]): () => void;
}

/** What a running cloud says about where it is, and how it ends. */
interface Place {
  readonly account: string;
  readonly region: string;
  readonly endpoint: string;
  readonly stsIssuer: string;
  readonly state: { readonly buckets: string; at(name: string): string | undefined };
  /** Name of the role that may do everything. */
  readonly administrator: string;
  readonly knownBy: string | undefined;
  readonly close: () => Promise<void>;
}

/** Functions that never have done with a stream must not hold back what was delivered. */
const flushMillis = 30_000;

/** The face of a started account. */
export function running(cloud: Cloud, account: Account, place: Place): RunningCloud {
  const operatorRole = `arn:aws:iam::${place.account}:role/${place.administrator}`;
  account.permissions.addRole(operatorRole, { Statement: { Effect: "Allow", Action: "*", Resource: "*" } });
  const outputs = cloud.outputs();
  const hosted = (name: string) => {
    const found = functionNamed(account.functions, name, place.knownBy);
    if (found === undefined) throw new Error(`there is no function ${name}`);
    return found;
  };
  return {
    aws: { endpoint: place.endpoint, region: place.region },
    account: place.account,
    stsIssuer: place.stsIssuer,
    outputs,
    bucketFolder: (bucket) => join(place.state.buckets, bucket),
    operator: account.callers.issue({ roleArn: operatorRole, sessionName: "operator", tags: {} }),
    addOperator(roleArn, policy) {
      account.permissions.addRole(roleArn, policy);
      return account.callers.issue({ roleArn, sessionName: "operator", tags: {} });
    },
    addIdentityProvider: (of, provider) => account.providers.add(of, provider).arn,
    addUser: account.users.add,
    addRole: (role) => void account.permissions.roles.put(role),
    addWorkload: account.admit,
    startEnclave: account.nitro.start,
    launchInstance: account.instances.launch,
    async invoke(functionName, event) {
      const outcome = await hosted(functionName).invoke(event);
      if ("error" in outcome) throw new Error(`${outcome.error.errorType}: ${outcome.error.errorMessage}`);
      return outcome.payload === undefined ? undefined : (JSON.parse(outcome.payload) as unknown);
    },
    async warm(functionNames) {
      // one after the other, so that the rest of the start gets its share of the processor
      for (const name of functionNames) await functionNamed(account.functions, name, place.knownBy)?.warm();
    },
    fireSchedules: account.events.fireSchedules,
    async flush() {
      const quiet = Promise.all(account.mappings.map((mapping) => mapping.idle())).then(account.events.settled);
      await withinLoop(quiet, flushMillis);
      await account.firehose.flush();
      // who hears of new objects has them read by then
      await withinLoop(account.events.settled(), flushMillis);
      account.trail?.flush();
    },
    unsaid: account.unsaid,
    faults: {
      ...account.faults,
      dynamodb: account.db.faults,
      crash: (functionName) => hosted(functionName).crash(),
      breakFunctions(...but) {
        const spared = but.map(hosted);
        const mending = [...account.functions.values()]
          .filter((one) => !spared.includes(one))
          .map((one) => one.break());
        return () => {
          for (const mend of mending) mend();
        };
      },
    },
    dynamodb: account.db.call,
    pin: (functionName, sandbox) => hosted(functionName).pin(sandbox),
    functions: () => [...account.functions.keys()],
    sandboxes: (functionName) => hosted(functionName).sandboxes(),
    failures: () => failuresOf(account.functions.values(), place.state.at("logs")),
    logs: (functionName) => hosted(functionName).logs(),
    environment: (functionName) => hosted(functionName).description.environment,
    calls: () => account.calls,
    ...(account.trail === undefined ? {} : { trail: account.trail }),
    queueMessages(part) {
      const arns = queuesOf(cloud).map(({ arn }) => arn);
      return arns.filter((arn) => arn.includes(part)).flatMap(account.queues.messages);
    },
    published: account.topics.published,
    close: place.close,
  };
}
