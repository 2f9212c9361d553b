/**
 * Boots the embedded cloud: the synthesized stacks, running on this machine. Nothing of them is written a second time
 * here: `inventory.ts` reads the template and the services run what it says. A development and test harness, bound to
 * 127.0.0.1, never a product.
 */
import { openAccount } from "../emulator/account.ts";
import { openClosers } from "../emulator/closers.ts";
import { readAssembly } from "../emulator/cloudformation/assembly.ts";
import { customAnswers, runCustomResources } from "../emulator/cloudformation/custom-resources.ts";
import { physicalNames } from "../emulator/cloudformation/physical.ts";
import { type Resource, resolveStacks } from "../emulator/cloudformation/template.ts";
import { failuresOf } from "../emulator/functions/of-template.ts";
import { urlHandler } from "../emulator/functions/url-access.ts";
import { openPorts, type Ports } from "../emulator/ports.ts";
import { type RunningCloud, running } from "../emulator/running.ts";
import { openState } from "../emulator/state.ts";
import { issuerDocuments, openTokenKeys } from "../emulator/sts/issuer.ts";
import { synthesize } from "./synthesize.ts";

export type { CallRecord } from "../emulator/aws.ts";
export type { Credentials } from "../emulator/iam/caller.ts";
export type { CloudFaults, RunningCloud, Workload } from "../emulator/running.ts";

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
  /** Ends the start at any moment; whatever was open by then is closed before `boot` rejects. */
  readonly signal?: AbortSignal;
}

const awsPort = "aws";
const stsPort = "sts";

/** Boots; throws, with everything closed again, on a template that it cannot run faithfully. */
export async function boot(options: BootOptions = {}): Promise<RunningCloud> {
  const progress = options.onProgress ?? (() => undefined);
  const { signal } = options;
  const closers = openClosers(signal);
  try {
    const making = { onProgress: progress, ...(signal === undefined ? {} : { signal }) };
    const stacks = readAssembly(options.assembly ?? (await synthesize(making)));
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
    ports = await openPorts([awsPort, stsPort, ...urls.map(portName)], state, options.portBase, hosts);
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
    };
    // Everything is named before anything starts: a type or attribute that is not known must not leave half a cloud.
    for (const resource of cloud.resources) {
      cloud.physical(resource);
      cloud.properties(resource);
    }
    const account = await openAccount(cloud, place, closers);
    signal?.throwIfAborted();
    ports.serve(awsPort, account.serve);
    ports.serve(
      stsPort,
      issuerDocuments(() => stsIssuer, stsKeys),
    );
    for (const url of urls) ports.serve(portName(url), urlHandler(cloud, account, url));
    progress("creating the custom resources");
    await runCustomResources(cloud, account.functions, answers).catch((thrown: unknown) => {
      throw explained(thrown, failuresOf(account.functions.values(), state.at("logs")));
    });
    signal?.throwIfAborted();
    return running(cloud, account, place, closers.close);
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
