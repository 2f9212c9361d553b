import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Temporary credentials of a local workload or operator, as the SDK takes them. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** Everything an outside program needs to play every part of the local run. */
export interface Endpoints {
  readonly issuer: string;
  readonly attest: string;
  readonly token: string;
  readonly introspect: string;
  readonly revoke: string;
  readonly credentials: string;
  readonly discovery: string;
  /** AWS_IAM: calls are signed with the operator's credentials for service `lambda`. */
  readonly admin: string;
  /** AWS_IAM: what operators look at, and where they change the registry. */
  readonly adminRead: string;
  readonly adminWrite: string;
  /** AWS_IAM: orders to rotate signing keys. */
  readonly adminRotate: string;
  /** AWS_IAM: where people decide what waits for approval, signed as whom the registry names. */
  readonly approve: string;
  /** The same for people who show a token of a client for approvals. */
  readonly approveToken: string;
  /** Where identity providers say which of their people are gone. */
  readonly signals: string;
  readonly aws: { readonly endpoint: string; readonly region: string };
  /** Issuer of the people's tokens. */
  readonly identityProvider: string;
  /** `GET <signIn>?agent=<name>[&person=<sub>]` answers `{ id_token, access_token }`. */
  readonly signIn: string;
  /** By name, resource servers included; `id` is the SPIFFE ID. */
  readonly agents: Readonly<Record<string, { readonly id: string; readonly credentials: Credentials }>>;
  readonly operator: { readonly credentials: Credentials };
  /** By URI. */
  readonly resources: Readonly<Record<string, { readonly scopes: readonly string[]; readonly servedBy: string }>>;
  /** The audit bucket as a folder of gzipped NDJSON. */
  readonly auditFolder: string;
  /** By which KMS gives the key of the audit's log. */
  readonly logKey: string;
  /** The bucket of the account's CloudTrail, likewise, as AWS lays it out. */
  readonly trailFolder: string;
  readonly deployment: {
    readonly trustDomain: string;
    readonly tables: { readonly registry: string; readonly revocations: string; readonly outbox: string };
    /** What the registry's files were filled with. */
    readonly variables: Readonly<Record<string, string>>;
  };
}

/**
 * Writes `endpoints.json`, with the process that stands behind it: a file that a killed run left behind is known by it.
 * It holds credentials: folder 0700, file 0600 from its first byte on, and never half written.
 * @param folder the state folder, `.lanyard` unless told otherwise
 * @returns the file
 */
export function writeEndpoints(folder: string, endpoints: Endpoints): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "endpoints.json");
  const next = `${file}.${process.pid}`;
  writeFileSync(next, `${JSON.stringify({ pid: process.pid, ...endpoints }, null, 2)}\n`, { mode: 0o600 });
  renameSync(next, file);
  return file;
}

/** Takes the file away when the run is over, unless another run has written its own meanwhile. */
export function removeEndpoints(file: string): void {
  try {
    const { pid } = JSON.parse(readFileSync(file, "utf8")) as { readonly pid?: number };
    if (pid === process.pid) rmSync(file);
  } catch {
    // it is gone, or nobody's: nothing of ours is left
  }
}
