import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { applyPlan, planRegistry, type RegistryPlan } from "../../../bin/lanyard/registry/plan.ts";
import { Refused } from "../../../bin/lanyard/terminal/outcome.ts";
import type { AgentRegistration } from "../../../core/model/agent-registration.ts";
import type { Registration } from "../../../core/model/registry.ts";
import type { ResourceRegistration } from "../../../core/model/resource-registration.ts";
import { explained } from "../../emulator/boot.ts";
import { openClosers } from "../../emulator/closers.ts";
import type { Stack } from "../../emulator/cloudformation/assembly.ts";
import type { SandboxKind } from "../../emulator/functions/description.ts";
import { untilItPasses } from "../../emulator/limits/patient.ts";
import { addReleaseRole, releaseRoleId } from "../approvers.ts";
import { boot, type RunningCloud } from "../boot.ts";
import { type Endpoints, removeEndpoints, writeEndpoints } from "../endpoints.ts";
import { type IdentityProvider, startIdentityProvider } from "../identity-provider/provider.ts";
import type { Synthesized } from "../synthesize.ts";
import { fillArchive, registryWithArchive, teamStack } from "../team.ts";

/** Everything that runs on this machine, ready to be used: the cloud, the people's provider, the registry, workloads. */
export interface World {
  readonly cloud: RunningCloud;
  readonly provider: IdentityProvider;
  readonly endpoints: Endpoints;
  /** Registrations of agents, as applied. */
  readonly agents: readonly AgentRegistration[];
  /** Whether a team's stack with files runs beside the deployment, and its registry knows who puts it into production. */
  readonly hasArchive: boolean;
  /** Where `endpoints.json` was written; undefined when nobody asked for it. */
  readonly file?: string;
  close(): Promise<void>;
}

/** How to raise it. */
interface WorldOptions {
  /** An existing cloud assembly; made anew unless told otherwise. */
  readonly assembly?: string;
  /** One that is being made. */
  readonly made?: Promise<Synthesized>;
  /** Keep no state on disk. */
  readonly memory: boolean;
  /** State folder; `endpoints.json` is written there, in memory or not. Undefined writes nothing. */
  readonly directory?: string;
  /** First of the fixed ports. */
  readonly port?: number;
  /** Registry folder; the support desk of `examples/` unless told otherwise. */
  readonly registry?: string;
  /** Agents of it that a person can sign in for; those of the support desk unless told otherwise. */
  readonly applications?: readonly string[];
  /** Stacks of other apps in the account. */
  readonly beside?: readonly Stack[];
  /** Runs a team's stack beside the deployment, with files that sessions may read, and the registry that says so. */
  readonly archive?: boolean;
  /** Sandboxes a function may have at the same time; the cloud's own number unless told otherwise. */
  readonly instancesPerFunction?: number;
  /** Functions whose sandboxes start while the registry is applied; by default each waits for its first event. */
  readonly ahead?: readonly string[];
  /**
   * Runs at the start only what the story's verifiers wait for, the publisher; the other functions of every minute, and
   * the watch of drift, are the caller's to run when nobody waits any more.
   */
  readonly signsOnly?: true;
  /** What the functions run as; the cloud's own choice unless told otherwise. */
  readonly sandbox?: SandboxKind;
  /** Stops the start at any moment; everything is closed before `raiseWorld` rejects. */
  readonly signal?: AbortSignal;
  /** Told about each thing that is begun and, with how long it took, each that is up. */
  readonly onProgress: (text: string, ms?: number) => void;
}

const minuteMillis = 60_000;
/** Where the account's CloudTrail lies. */
const trailBucket = "lanyard-local-cloudtrail";
const supportDesk = fileURLToPath(new URL("../../../examples/support-desk", import.meta.url));
/** Agents a person can sign in for; the others start nobody's work. */
const applications = ["planner", "researcher", "triage"];

/** Boots the cloud and everything around it, in the order in which each needs the other. */
export async function raiseWorld(options: WorldOptions): Promise<World> {
  const { memory, directory, port, instancesPerFunction, onProgress, signal, archive: hasArchive = false } = options;
  const registry = options.registry ?? (hasArchive ? registryWithArchive : supportDesk);
  const kept = memory ? undefined : directory;
  const bootMillis = stopwatch();
  const closers = openClosers(signal);
  let cloud: RunningCloud | undefined;
  try {
    cloud = await boot({
      ...(kept === undefined ? {} : { directory: kept }),
      ...(port === undefined ? {} : { portBase: port }),
      ...(options.assembly === undefined ? {} : { assembly: options.assembly }),
      ...(options.made === undefined ? {} : { made: options.made }),
      ...(instancesPerFunction === undefined ? {} : { instancesPerFunction }),
      ...(signal === undefined ? {} : { signal }),
      ...(options.sandbox === undefined ? {} : { sandbox: options.sandbox }),
      beside: [...(options.beside ?? []), ...(hasArchive ? [teamStack()] : [])],
      trail: { bucket: trailBucket },
      onProgress: (text) => onProgress(text),
    });
    closers.push(cloud.close);
    addReleaseRole(cloud);
    onProgress("the cloud is up, from the synthesized stacks", bootMillis());
    void cloud.warm(options.ahead ?? []);
    const providerMillis = stopwatch();
    const provider = await startIdentityProvider({
      lanyardIssuer: cloud.issuer,
      agents: options.applications ?? applications,
      ...(kept === undefined ? {} : { folder: join(kept, "identity-provider") }),
      // the row of fixed ports that the cloud takes is shorter than this
      ...(port === undefined ? {} : { port: port + providerOffset }),
    });
    closers.push(provider.close);
    onProgress("the OpenID provider is up", providerMillis());
    const preparedMillis = stopwatch();
    onProgress("applying the registry and signing the status lists");
    const running = cloud;
    // every minute, in AWS too: without it, verifiers that work offline would wait for the first minute to pass; what
    // runs less often can wait for its turn, but for the watch by whose first record a trace knows our functions' roles
    const signed = options.signsOnly
      ? cloud.invoke("publisher", {})
      : Promise.all([cloud.fireSchedules(minuteMillis), cloud.invoke("drift-watch", {})]);
    // what fails first is told
    signed.catch(() => undefined);
    // applying twice changes nothing the second time
    const furnished = await untilItPasses(
      () => furnish(running, provider, registry),
      (failure) => signal?.aborted !== true && failure instanceof Refused && mayPassLater(failure),
    );
    onProgress(`the registry stands at version ${furnished.version}`, preparedMillis());
    await signed;
    onProgress("the status lists are signed", preparedMillis());
    if (hasArchive) await fillArchive(cloud);
    signal?.throwIfAborted();
    const endpoints = endpointsOf(cloud, provider, furnished);
    const file = directory === undefined ? undefined : writeEndpoints(directory, endpoints);
    // the last to be opened is the first to go: whoever asks while this stops must not be sent here
    if (file !== undefined) closers.push(() => removeEndpoints(file));
    const { close } = closers;
    return {
      cloud,
      provider,
      endpoints,
      agents: agentsOf(furnished.rows),
      hasArchive,
      close,
      ...(file === undefined ? {} : { file }),
    };
  } catch (error) {
    // asked before the end: what ends because it is closed is no failure
    const failures = cloud?.failures() ?? [];
    await closers.close();
    if (signal?.aborted) throw new Error("stopped during the start", { cause: error });
    throw failures.length === 0 ? error : explained(error, failures);
  }
}

/** The function was not up yet, was cut off, or could not decide. */
const mayPassLater = ({ facts }: Refused): boolean =>
  facts.status === undefined || (typeof facts.status === "number" && (facts.status >= 502 || facts.status === 429));

export const providerOffset = 50;

interface Furnished {
  readonly version: number;
  readonly rows: readonly Registration[];
  readonly deployment: Endpoints["deployment"];
}

/** Applies the registry's folder, as the operator would. */
async function furnish(cloud: RunningCloud, provider: IdentityProvider, directory: string): Promise<Furnished> {
  const { account, aws, stsIssuer, outputs, operator } = cloud;
  const people = { identityProvider: provider.issuer, releaseRoleId: releaseRoleId(account) };
  const variables = { account, region: aws.region, ...people, stsIssuer };
  const output = (name: string) => {
    const value = outputs[name];
    if (value === undefined) throw new Error(`the stacks have no output ${name}`);
    return value;
  };
  const tables = {
    registry: output("RegistryTable"),
    revocations: output("RevocationsTable"),
    outbox: output("OutboxTable"),
  };
  const trustDomain = output("TrustDomain");
  // the SDK writes marks of its own into the credentials it is given
  const credentials = { ...operator };
  const dynamo = new DynamoDBClient({ region: aws.region, endpoint: aws.endpoint, credentials });
  try {
    const { adminWrite } = cloud.urls;
    const input = { directory, variables, trustDomain, issuer: cloud.issuer, adminWrite, dynamo };
    const plan = await planRegistry(input);
    const { version } = changesNothing(plan) ? plan : await applyPlan(input, plan);
    return { version, rows: plan.rows, deployment: { trustDomain, tables, variables } };
  } finally {
    dynamo.destroy();
  }
}

const changesNothing = ({ base, difference: { added, changed, removed } }: RegistryPlan): boolean =>
  base > 0 && added.length + changed.length + removed.length === 0;

/** The agents that somebody runs beside the deployment; its own, the canary, runs by itself and has its role. */
const agentsOf = (rows: readonly Registration[]): readonly AgentRegistration[] =>
  rows.filter((row): row is AgentRegistration => row.kind === "agent").filter((agent) => !isOwn(agent));

const isOwn = ({ selectors }: AgentRegistration): boolean =>
  selectors.some(({ exact: { roleArn = "" } }) => roleArn.includes(":role/lanyard-"));

function endpointsOf(cloud: RunningCloud, provider: IdentityProvider, furnished: Furnished): Endpoints {
  const { rows, deployment } = furnished;
  const agents = agentsOf(rows);
  const resources = rows.filter((row): row is ResourceRegistration => row.kind === "resource");
  const {
    attest,
    token,
    introspect,
    revoke,
    credentials,
    discovery,
    admin,
    adminRead,
    adminWrite,
    adminRotate,
    approve,
    approveToken,
    signals,
  } = cloud.urls;
  return {
    issuer: cloud.issuer,
    attest,
    token,
    introspect,
    revoke,
    credentials,
    discovery,
    admin,
    adminRead,
    adminWrite,
    adminRotate,
    approve,
    approveToken,
    signals,
    aws: cloud.aws,
    identityProvider: provider.issuer,
    signIn: provider.signIn,
    agents: Object.fromEntries(agents.map((agent) => [agent.name, workload(cloud, deployment.trustDomain, agent)])),
    operator: { credentials: cloud.operator },
    resources: Object.fromEntries(resources.map(({ uri, scopes, servedBy }) => [uri, { scopes, servedBy }])),
    auditFolder: cloud.auditFolder,
    logKey: cloud.outputs.LogKeyId ?? "",
    trailFolder: cloud.bucketFolder(trailBucket),
    deployment,
  };
}

/** Gives an agent the very role (and function) that its registration selects. */
function workload(cloud: RunningCloud, trustDomain: string, { name, selectors }: AgentRegistration) {
  const { roleArn, functionArn } = selectors[0]?.exact ?? {};
  const role = roleArn ?? `arn:aws:iam::${cloud.account}:role/agents/${name}`;
  const credentials = cloud.addWorkload({ name, roleArn: role, ...(functionArn === undefined ? {} : { functionArn }) });
  return { id: `spiffe://${trustDomain}/agent/${name}`, credentials };
}

/** Milliseconds since now, each time it is asked. */
const stopwatch = (): (() => number) => {
  const startMillis = performance.now();
  return () => performance.now() - startMillis;
};
