/**
 * Boots the embedded cloud: the synthesized stacks, running on this machine. Nothing of them is written a second time
 * here: `inventory.ts` reads the template and the services run what it says. A development and test harness, bound to
 * 127.0.0.1, never a product.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Account, type Closers, openAccount } from "./account.ts";
import { readAssembly } from "./assembly.ts";
import type { CallRecord } from "./aws.ts";
import type { Caller, Credentials, SignedRequest } from "./caller.ts";
import type { Faults as DynamoDbFaults } from "./dynamodb/faults.ts";
import type { Faults } from "./faults.ts";
import { serveUrl } from "./functions/url.ts";
import { bucketFolder, deliveryStreamsOf } from "./inventory.ts";
import { physicalNames } from "./physical.ts";
import { openPorts, type Ports } from "./ports.ts";
import { contextOf } from "./service.ts";
import { openState } from "./state.ts";
import { issuerDocuments, openTokenKeys } from "./sts/issuer.ts";
import { synthesize } from "./synthesize.ts";
import { type Cloud, type Resource, resolveStacks } from "./template.ts";

export type { CallRecord } from "./aws.ts";
export type { Credentials } from "./caller.ts";

/** How to boot. */
export interface BootOptions {
  /** Where state lives, mode 0700; absent = in memory. */
  readonly directory?: string;
  /** First of a row of ports, all of which must be free; absent = those of the last run, or free ones. */
  readonly portBase?: number;
  /** An existing cloud assembly; absent = build and synthesize now. */
  readonly assembly?: string;
  /** Told about each step that takes time. */
  readonly onProgress?: (text: string) => void;
  /** Sandboxes a function may have at the same time; 2 unless said otherwise, since caches and races need two. */
  readonly instancesPerFunction?: number;
}

/** A workload that is given an identity: a role of the account, perhaps a function's. */
export interface Workload {
  /** Its session name. */
  readonly name: string;
  readonly roleArn: string;
  readonly functionArn?: string;
  /** The role's tags, which its documents carry as `principal_tags`. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** The cloud, running. */
export interface RunningCloud {
  /** The issuer of all tokens: discovery's URL without its trailing slash. */
  readonly issuer: string;
  /** Function URLs without trailing slash. */
  readonly urls: Readonly<Record<"attest" | "token" | "introspect" | "revoke" | "discovery" | "admin", string>>;
  readonly aws: { readonly endpoint: string; readonly region: string };
  readonly account: string;
  /** Issuer of the account's GetWebIdentityToken documents, with discovery document and JWKS. */
  readonly stsIssuer: string;
  /** Every output of every stack by its name. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Folder that plays the audit bucket. */
  readonly auditFolder: string;
  /** Credentials that IAM allows everything; a key's own policy still refuses them. */
  readonly operator: Credentials;
  /** Gives a workload temporary credentials of its role. */
  addWorkload(workload: Workload): Credentials;
  /** Runs a function as Lambda's Invoke would, by physical name or by its bundle's; rejects with its error. */
  invoke(functionName: string, event: unknown): Promise<unknown>;
  /** Runs every scheduled rule once, now. */
  fireSchedules(): Promise<void>;
  /** Waits for streams and bus, at most ten seconds, and writes Firehose's buffers out. */
  flushAudit(): Promise<void>;
  readonly faults: CloudFaults;
  /** What a function printed. */
  logs(functionName: string): string[];
  /** Calls to the AWS endpoint, oldest first: the embedded CloudTrail. */
  calls(): readonly CallRecord[];
  /** Messages of a queue, by a part of its ARN. */
  queueMessages(queue: string): string[];
  close(): Promise<void>;
}

/** Fault switches: those of the endpoint, those of the store, and killing a function's sandbox. */
export interface CloudFaults extends Faults {
  readonly dynamodb: DynamoDbFaults;
  /** Kills one sandbox of a function, a busy one if there is any; tells whether there was one. */
  crash(functionName: string): boolean;
}

const awsPort = "aws";
const stsPort = "sts";

/** Boots; throws, with everything closed again, on a template that it cannot run faithfully. */
export async function boot(options: BootOptions = {}): Promise<RunningCloud> {
  const progress = options.onProgress ?? (() => undefined);
  const made = options.assembly === undefined ? mkdtempSync(join(tmpdir(), "lanyard-cdk-")) : undefined;
  const closers: Closers = [];
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  if (made !== undefined) closers.push(() => rmSync(made, { recursive: true, force: true }));
  try {
    const stacks = readAssembly(options.assembly ?? (await synthesize(made ?? "", progress)));
    const state = openState(options.directory);
    closers.push(state.close);
    let ports: Ports | undefined;
    const cloud = resolveStacks(
      stacks,
      physicalNames({ functionUrl: (url) => `http://${ports?.host(portName(url))}/` }),
    );
    const urls = cloud.ofType("AWS::Lambda::Url");
    ports = await openPorts([awsPort, stsPort, ...urls.map(portName)], state, options.portBase);
    closers.push(ports.close);
    progress("starting the cloud");
    const first = stacks[0];
    if (first === undefined) throw new Error("the assembly holds no stack");
    const stsIssuer = `http://${ports.host(stsPort)}`;
    const stsKeys = openTokenKeys(state.at("keys"));
    const place = {
      account: first.account,
      region: first.region,
      endpoint: `http://${ports.host(awsPort)}`,
      stsIssuer,
      stsKeys,
      mostInstances: options.instancesPerFunction ?? 2,
      state,
    };
    // Everything is named before anything starts: a type or attribute that is not known must not leave half a cloud.
    for (const resource of cloud.resources) {
      cloud.physical(resource);
      cloud.properties(resource);
    }
    const account = await openAccount(cloud, place, closers);
    ports.serve(awsPort, account.serve);
    ports.serve(
      stsPort,
      issuerDocuments(() => stsIssuer, stsKeys),
    );
    for (const url of urls) ports.serve(portName(url), urlHandler(cloud, account, url));
    return running(cloud, account, place, closeAll);
  } catch (thrown) {
    await closeAll();
    throw thrown;
  }
}

function portName({ stack, logicalId }: Resource): string {
  return `${stack.name}/${logicalId}`;
}

interface Place {
  readonly account: string;
  readonly region: string;
  readonly endpoint: string;
  readonly stsIssuer: string;
  readonly state: { readonly buckets: string };
}

function running(cloud: Cloud, account: Account, place: Place, close: () => Promise<void>): RunningCloud {
  const operatorRole = `arn:aws:iam::${place.account}:role/lanyard-local-operator`;
  account.permissions.addRole(operatorRole, { Statement: { Effect: "Allow", Action: "*", Resource: "*" } });
  const outputs = cloud.outputs();
  const urls = urlsOf(outputs);
  const hosted = (name: string) => {
    const exact = account.functions.get(name);
    const byBundle = [...account.functions.values()].filter(
      ({ description }) => bundleName(description.environment) === name,
    );
    const found = exact ?? byBundle[0];
    if (found === undefined) throw new Error(`there is no function ${name}`);
    return found;
  };
  return {
    issuer: urls.discovery,
    urls,
    aws: { endpoint: place.endpoint, region: place.region },
    account: place.account,
    stsIssuer: place.stsIssuer,
    outputs,
    auditFolder:
      deliveryStreamsOf(cloud, (arn) => bucketFolder(place.state.buckets, arn))[0]?.folder ?? place.state.buckets,
    operator: account.callers.issue({ roleArn: operatorRole, sessionName: "operator", tags: {} }),
    addWorkload({ name, roleArn, functionArn, tags = {} }) {
      account.permissions.addRole(roleArn, workloadPolicy);
      return account.callers.issue({
        roleArn,
        sessionName: name,
        tags,
        ...(functionArn === undefined ? {} : { functionArn }),
      });
    },
    async invoke(functionName, event) {
      const outcome = await hosted(functionName).invoke(event);
      if ("error" in outcome) throw new Error(`${outcome.error.errorType}: ${outcome.error.errorMessage}`);
      return outcome.payload === undefined ? undefined : (JSON.parse(outcome.payload) as unknown);
    },
    fireSchedules: account.events.fireSchedules,
    async flushAudit() {
      const quiet = Promise.all(account.mappings.map((mapping) => mapping.idle())).then(account.events.settled);
      await atMost(quiet, 10_000);
      account.firehose.flush();
    },
    faults: {
      ...account.faults,
      dynamodb: account.db.faults,
      crash: (functionName) => hosted(functionName).crash(),
    },
    logs: (functionName) => hosted(functionName).logs(),
    calls: () => account.calls,
    queueMessages(part) {
      const arns = cloud.ofType("AWS::SQS::Queue").map((queue) => cloud.physical(queue).attributes.Arn ?? "");
      return arns.filter((arn) => arn.includes(part)).flatMap(account.queues.messages);
    },
    close,
  };
}

/** What any workload of the account may do here: ask for documents about itself. */
const workloadPolicy = {
  Statement: { Effect: "Allow", Action: ["sts:GetWebIdentityToken", "sts:TagGetWebIdentityToken"], Resource: "*" },
};

function bundleName(environment: Readonly<Record<string, string>>): string | undefined {
  return environment.POWERTOOLS_SERVICE_NAME;
}

function urlsOf(outputs: Readonly<Record<string, string>>): RunningCloud["urls"] {
  const url = (output: string) => (outputs[output] ?? "").replace(/\/$/, "");
  return {
    attest: url("AttestUrl"),
    token: url("TokenUrl"),
    introspect: url("IntrospectUrl"),
    revoke: url("RevokeUrl"),
    admin: url("AdminRevokeUrl"),
    discovery: url("IssuerUrl"),
  };
}

/** The handler of one function URL. A public one needs both permissions that AWS asks for, or it answers nobody. */
function urlHandler(cloud: Cloud, account: Account, url: Resource) {
  const { AuthType, TargetFunctionArn } = cloud.properties(url);
  const arn = String(TargetFunctionArn);
  const rights = [
    {
      action: "lambda:InvokeFunctionUrl",
      resource: arn,
      context: contextOf({ "lambda:FunctionUrlAuthType": String(AuthType) }),
    },
    { action: "lambda:InvokeFunction", resource: arn, context: contextOf({ "lambda:InvokedViaFunctionUrl": "true" }) },
  ];
  const hosted = () => {
    const found = account.functions.get(arn.slice(arn.lastIndexOf(":") + 1));
    if (found === undefined) throw new Error(`function ${arn} does not exist`);
    return found;
  };
  if (AuthType === "NONE") {
    const refusal = rights.map(account.permissions.anonymousRefusal).find((each) => each !== undefined);
    if (refusal !== undefined) throw new Error(`URL ${url.logicalId} lets nobody in: ${refusal}`);
    return serveUrl({ account: url.stack.account, hosted });
  }
  const authorize = (request: SignedRequest): Caller | string => {
    const signed = account.callers.verify(request);
    if ("code" in signed) return signed.message;
    if (signed.service !== "lambda" || signed.region !== url.stack.region)
      return "Credential is scoped to another service or Region.";
    return rights.some((right) => account.permissions.refusal(signed.caller, right) !== undefined)
      ? "Forbidden"
      : signed.caller;
  };
  return serveUrl({ account: url.stack.account, hosted, authorize });
}

async function atMost(work: Promise<unknown>, millis: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, millis);
  });
  await Promise.race([work, limit]).finally(() => clearTimeout(timer));
}
