/** EC2 instances that this machine plays: each with its own metadata service and its role's credentials. */
import { randomBytes } from "node:crypto";
import type { Credentials } from "../iam/caller.ts";
import type { Workload } from "../workloads/workloads.ts";
import { type InstanceIdentity, openInstanceIdentity } from "./identity.ts";
import { type MetadataOptions, startMetadata } from "./server.ts";

/** What an instance is launched from. */
export interface InstanceLaunch extends MetadataOptions {
  /** `ami-…` */
  readonly imageId: string;
  /** Role of its instance profile. */
  readonly roleArn: string;
}

/** An instance that runs. */
export interface Instance {
  readonly instanceId: string;
  /** Where whoever is on it reads its metadata: in place of `http://169.254.169.254`. */
  readonly metadata: string;
  /** Of its role; the session is named after the instance, as EC2 names it. The metadata service gives them too. */
  readonly credentials: Credentials;
}

/** The instances of an account in one Region. */
export interface Instances {
  /** Certificate that instance identity documents are signed under here, DER. */
  readonly certificate: Uint8Array;
  launch(launch: InstanceLaunch): Promise<Instance>;
  close(): Promise<void>;
}

/** Where instances run. */
interface InstancesPlace {
  readonly account: string;
  readonly region: string;
  /** Gives a workload credentials of its role. */
  readonly admit: (workload: Workload) => Credentials;
  readonly nowMillis?: () => number;
}

/** Opens a Region's EC2. */
export function openInstances({ account, region, admit, nowMillis = Date.now }: InstancesPlace): Instances {
  const identity: InstanceIdentity = openInstanceIdentity(region, nowMillis);
  const closers: (() => Promise<void>)[] = [];
  return {
    certificate: identity.certificate,
    async launch({ imageId, roleArn, ...options }) {
      const instanceId = `i-0${randomBytes(8).toString("hex")}`;
      const credentials = admit({ name: instanceId, roleArn, trust: { Service: "ec2.amazonaws.com" } });
      const launchedAtSeconds = Math.floor(nowMillis() / 1000);
      const facts = { account, region, instanceId, imageId, launchedAtSeconds };
      const role = { name: roleArn.slice(roleArn.lastIndexOf("/") + 1), credentials };
      const service = await startMetadata({ facts, identity, role, nowMillis }, options);
      closers.push(service.close);
      return { instanceId, metadata: service.endpoint, credentials };
    },
    close: async () => void (await Promise.all(closers.splice(0).map((close) => close()))),
  };
}
