import { existsSync, readFileSync } from "node:fs";

/** Where a process can run. */
export type Place = "lambda" | "ecs" | "ec2" | "eks" | "enclave" | "github" | "spiffe";

/** What a process sees of the place it runs in. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether a device or file is there. */
  readonly exists: (path: string) => boolean;
  /** The first bytes of a small file of the kernel's; undefined when it cannot be read. */
  readonly read: (path: string) => string | undefined;
}

/** This process's own. */
export const ownSurroundings = (): Surroundings => ({
  env: process.env,
  exists: existsSync,
  read: (path) => {
    try {
      return readFileSync(path, "utf8").slice(0, 256);
    } catch {
      return undefined;
    }
  },
});

/** Where the kernel keeps who made the machine: it is read, since asking the metadata service takes seconds elsewhere. */
const vendorFile = "/sys/devices/virtual/dmi/id/sys_vendor";
/** A pod's credentials by Pod Identity come from one of these; ECS has others. */
const podIdentity = /^http:\/\/(?:169\.254\.170\.23|\[fd00:ec2::23\])(?:[:/]|$)/;

/**
 * Every place that the process is in, by what each platform promises to set. Several can be true at once: a pod on an
 * EC2 instance, with a SPIFFE socket. What is found decides only which evidence is tried; the platform's own document
 * decides what is proved, so that a variable set by somebody else gives no authority.
 */
export function placesIn({ env, exists, read }: Surroundings): readonly Place[] {
  const lambda = env.AWS_LAMBDA_FUNCTION_NAME !== undefined;
  const ecs = env.ECS_CONTAINER_METADATA_URI_V4 !== undefined;
  const eks =
    env.KUBERNETES_SERVICE_HOST !== undefined &&
    (env.AWS_WEB_IDENTITY_TOKEN_FILE !== undefined || podIdentity.test(env.AWS_CONTAINER_CREDENTIALS_FULL_URI ?? ""));
  const found: Record<Place, boolean> = {
    enclave: exists("/dev/nsm"),
    spiffe: env.SPIFFE_ENDPOINT_SOCKET !== undefined,
    lambda,
    ecs,
    eks,
    github: env.GITHUB_ACTIONS === "true" && env.ACTIONS_ID_TOKEN_REQUEST_URL !== undefined,
    // a function, a task and a pod have roles of their own: the instance's would prove somebody else
    ec2: !lambda && !ecs && env.KUBERNETES_SERVICE_HOST === undefined && read(vendorFile)?.trim() === "Amazon EC2",
  };
  return (Object.keys(found) as Place[]).filter((place) => found[place]);
}
