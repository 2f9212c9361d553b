/**
 * Boots the embedded cloud: synthesized stacks, running on this machine. Nothing of them is written a second time here,
 * and no name of theirs is known: each service reads of the template what is its own (`of-template.ts`) and runs what
 * it says, and the outputs tell whoever booted it where things are. A development and test harness, bound to 127.0.0.1,
 * never a product.
 */
import { openAccount, type Wishes } from "./account.ts";
import { openClosers } from "./closers.ts";
import { readAssembly, type Stack } from "./cloudformation/assembly.ts";
import { customAnswers, runCustomResources } from "./cloudformation/custom-resources.ts";
import { physicalNames } from "./cloudformation/physical.ts";
import { type Resource, resolveStacks } from "./cloudformation/template.ts";
import type { SandboxKind } from "./functions/description.ts";
import { apiHandler, domainsOf } from "./functions/http-api.ts";
import { failuresOf } from "./functions/of-template.ts";
import { urlHandler } from "./functions/url-access.ts";
import { openPorts, type Ports } from "./ports.ts";
import { type RunningCloud, running } from "./running.ts";
import { openState } from "./state.ts";
import { issuerDocuments, openTokenKeys } from "./sts/issuer.ts";

export type { CallRecord } from "./front/call.ts";
export type { Credentials } from "./iam/caller.ts";
export type { CloudFaults, RunningCloud, Workload } from "./running.ts";

/** How to boot. */
export interface BootOptions extends Wishes {
  /** Folder of the cloud assembly (`cdk.out`). */
  readonly assembly: string;
  /** Stacks of other apps in the same account, deployed beside the assembly's. */
  readonly beside?: readonly Stack[];
  /** Name of a role of the account that IAM allows everything; whoever boots gets credentials of it. */
  readonly administrator: string;
  /** Where state lives, mode 0700; absent = in memory. */
  readonly directory?: string;
  /** First of a row of ports, all of which must be free; absent = those of the last run, or free ones. */
  readonly portBase?: number;
  /** Told about each step that takes time. */
  readonly onProgress?: (text: string) => void;
  /** Sandboxes a function may have at the same time; 2 unless said otherwise, since caches and races need two. */
  readonly instancesPerFunction?: number;
  /** Folder for what V8 made of the functions' code, so that their next cold start need not make it again; absent = none. */
  readonly compiled?: string;
  /** What the functions run as; processes unless said otherwise, since these hold whatever a function may do. */
  readonly sandbox?: SandboxKind;
  /** Ends the start at any moment; whatever was open by then is closed before `boot` rejects. */
  readonly signal?: AbortSignal;
}

const awsPort = "aws";
const stsPort = "sts";

/** Boots; throws, with everything closed again, on a template that it cannot run faithfully. */
export async function bootCloud(options: BootOptions): Promise<RunningCloud> {
  const { signal, administrator, onProgress: progress = () => undefined } = options;
  const closers = openClosers(signal);
  try {
    const stacks = [...readAssembly(options.assembly), ...(options.beside ?? [])];
    signal?.throwIfAborted();
    const state = openState(options.directory);
    closers.push(state.close);
    let ports: Ports | undefined;
    const answers = customAnswers();
    const cloud = resolveStacks(
      stacks,
      physicalNames({
        functionUrl: (url) => `http://${ports?.host(portName(url))}/`,
        customAttributes: answers.attributesOf,
      }),
    );
    const urls = cloud.ofType("AWS::Lambda::Url");
    const first = stacks[0];
    if (first === undefined) throw new Error("the assembly holds no stack");
    // a request that was signed for STS itself comes with STS's name: only AWS can give that name an address
    const hosts = { [awsPort]: [`sts.${first.region}.amazonaws.com`] };
    const domains = domainsOf(cloud);
    const names = [awsPort, stsPort, ...urls.map(portName), ...domains.map(({ host }) => host)];
    const fixed = Object.fromEntries(domains.map(({ host, port }) => [host, port]));
    ports = await openPorts(names, state, { base: options.portBase, hosts, fixed });
    closers.push(ports.close);
    progress("starting the cloud");
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
      ...(options.compiled === undefined ? {} : { compiled: options.compiled }),
      ...(options.sandbox === undefined ? {} : { sandbox: options.sandbox }),
    };
    // Everything is named before anything starts: a type or attribute that is not known must not leave half a cloud.
    for (const resource of cloud.resources) {
      cloud.physical(resource);
      cloud.properties(resource);
    }
    const account = await openAccount(cloud, place, { wishes: options, closers });
    signal?.throwIfAborted();
    ports.serve(awsPort, account.serve);
    ports.serve(
      stsPort,
      issuerDocuments(() => stsIssuer, stsKeys),
    );
    for (const url of urls) ports.serve(portName(url), urlHandler(cloud, account, url));
    for (const domain of domains) ports.serve(domain.host, apiHandler(cloud, account, domain));
    progress("creating the custom resources");
    await runCustomResources(cloud, account.functions, answers).catch((thrown: unknown) => {
      throw explained(thrown, failuresOf(account.functions.values(), state.at("logs")));
    });
    signal?.throwIfAborted();
    return running(cloud, account, { ...place, administrator, knownBy: options.knownBy, close: closers.close });
  } catch (thrown) {
    await closers.close();
    throw signal?.aborted ? new Error("stopped while the cloud was starting") : thrown;
  }
}

/** An error with what else is known of it: a caller's own message seldom says which function failed, and why. */
export function explained(thrown: unknown, failures: readonly string[]): Error {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Error([message, ...failures].join("\n"), { cause: thrown });
}

function portName({ stack, logicalId }: Resource): string {
  return `${stack.name}/${logicalId}`;
}
