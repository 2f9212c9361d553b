/** Lanyard on the embedded cloud: has the stacks made, boots them and says by their outputs what is where. */
import { type BootOptions as AnyBootOptions, bootCloud } from "../emulator/boot.ts";
import type { RunningCloud as AnyCloud } from "../emulator/running.ts";
import { type Synthesized, synthesize } from "./synthesize.ts";

export type { CallRecord } from "../emulator/boot.ts";
export type { Credentials } from "../emulator/iam/caller.ts";
export type { CloudFaults, Workload } from "../emulator/running.ts";

/** The outputs of the stacks that hold a function's URL, by what the URL is called here. */
const urlOutputs = {
  attest: "AttestUrl",
  token: "TokenUrl",
  introspect: "IntrospectUrl",
  revoke: "RevokeUrl",
  credentials: "CredentialsUrl",
  admin: "AdminRevokeUrl",
  adminRead: "AdminReadUrl",
  adminWrite: "AdminWriteUrl",
  adminRotate: "AdminRotateUrl",
  attestIam: "AttestIamUrl",
  approve: "ApproveUrl",
  approveToken: "ApproveTokenUrl",
  signals: "SignalsUrl",
  discovery: "IssuerUrl",
} as const;

/** The cloud with Lanyard on it, running. */
export interface RunningCloud extends AnyCloud {
  /** The issuer of all tokens: discovery's URL without its trailing slash. */
  readonly issuer: string;
  /** Function URLs without trailing slash. */
  readonly urls: Readonly<Record<keyof typeof urlOutputs, string>>;
  /** Folder that plays the audit bucket. */
  readonly auditFolder: string;
  /** Waits for streams and bus, and writes Firehose's buffers out: what happened so far is in the audit folder. */
  flushAudit(): Promise<void>;
}

/** How to boot. */
interface BootOptions
  extends Pick<AnyBootOptions, "directory" | "portBase" | "onProgress" | "signal" | "trail" | "beside" | "sandbox"> {
  /** An existing cloud assembly; absent = build and synthesize now. */
  readonly assembly?: string;
  /** An assembly that is being made, by `synthesize`. */
  readonly made?: Promise<Synthesized>;
  /** Sandboxes a function may have at the same time; the cloud's own number unless told otherwise. */
  readonly instancesPerFunction?: number;
}

/** The operator whom the stage `local` names. */
const operatorRole = "lanyard-local-operator";
/** Where a function says which one it is. */
const nameVariable = "POWERTOOLS_SERVICE_NAME";

/** Boots; throws, with everything closed again, on a template that the cloud cannot run faithfully. */
export async function boot(options: BootOptions = {}): Promise<RunningCloud> {
  const { onProgress = () => undefined, signal } = options;
  const now = () => synthesize({ onProgress, ...(signal === undefined ? {} : { signal }) });
  const cloud = await bootCloud({
    ...options,
    ...(options.assembly === undefined ? await (options.made ?? now()) : { assembly: options.assembly }),
    administrator: operatorRole,
    knownBy: nameVariable,
    // an account's workloads may call the URL that IAM guards: whom it gives a token, it decides itself
    workloadStatements(arnOf) {
      const Resource = arnOf("attest-iam");
      const Action = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"];
      return Resource === undefined ? [] : [{ Effect: "Allow", Action, Resource }];
    },
  });
  const { outputs } = cloud;
  const urls = urlsOf(outputs);
  const auditFolder = cloud.bucketFolder(outputs.AuditBucketName ?? "");
  return { ...cloud, issuer: urls.discovery, urls, auditFolder, flushAudit: cloud.flush };
}

function urlsOf(outputs: Readonly<Record<string, string>>): RunningCloud["urls"] {
  const entries = Object.entries(urlOutputs).map(([name, output]) => [
    name,
    (outputs[output] ?? "").replace(/\/$/, ""),
  ]);
  return Object.fromEntries(entries) as RunningCloud["urls"];
}
