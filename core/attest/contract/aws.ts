import type { FetchFailure } from "../../model/ports.ts";
import type { Result } from "../../model/result.ts";

/** What STS answered, not yet read. */
export interface StsAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/**
 * Sends a caller's signed request to AWS STS: `POST https://<host>/`, no redirects, at most
 * `limits.stsAnswerBytes` and `limits.stsTimeoutMillis`.
 */
export interface StsRelay {
  /**
   * @param request `host` comes from the list in `text/sts-hosts.ts`, never from the client; header names in lower case
   */
  send(request: {
    readonly host: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }): Promise<Result<StsAnswer, FetchFailure>>;
}

/** Why a lookup failed: the thing does not exist, or AWS does not answer now, or the lookup is not permitted. */
export interface LookupFailure {
  readonly why: "missing" | "unavailable";
  readonly detail: string;
}

/** A published version of a Lambda function as it is configured. */
interface FunctionVersion {
  /** ARN with the version at its end. */
  readonly arn: string;
  readonly version: string;
  /** Base64 SHA-256 of the package; of an image its digest. */
  readonly codeSha256: string;
}

/** An ECS task as the control plane knows it. */
export interface TaskDescription {
  readonly arn: string;
  readonly clusterArn: string;
  /** With family and revision. */
  readonly taskDefinitionArn: string;
  readonly lastStatus: string;
  readonly launchType?: string;
  /** `service:<name>` for a task of a service. */
  readonly group?: string;
  readonly containers: readonly { readonly name: string; readonly imageDigest?: string }[];
}

/** An IAM role: its ARN with the path that STS omits, and who may assume it. */
export interface RoleDescription {
  readonly arn: string;
  readonly uniqueId: string;
  /** The trust policy as IAM returns it: JSON, percent-encoded. */
  readonly trustPolicy: string;
}

/** Reads of the AWS control plane in this deployment's own account and Region. */
export interface CodeLookup {
  /** @param functionArn unqualified */
  functionVersion(functionArn: string, version: string): Promise<Result<FunctionVersion, LookupFailure>>;
  task(cluster: string, taskId: string): Promise<Result<TaskDescription, LookupFailure>>;
  role(roleName: string): Promise<Result<RoleDescription, LookupFailure>>;
}
