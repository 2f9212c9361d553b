import {
  CreatePolicyVersionCommand,
  DeletePolicyVersionCommand,
  GetPolicyVersionCommand,
  IAMClient,
  type IAMClientConfig,
  ListPolicyVersionsCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, STSClient, type STSClientConfig } from "@aws-sdk/client-sts";
import type { DenyPolicies } from "../../../core/stop/restore.ts";

/** How an account's deny policies are reached. */
interface DenyTarget {
  /** ARN of the account's one role that may write them. */
  readonly writerArn: string;
  readonly externalId: string;
  /** ARN of each policy. */
  readonly policyArns: readonly string[];
}

/** No caller waits for these calls, so a throttled one is repeated. */
const settings = {
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
} satisfies STSClientConfig;

/** The shortest life that STS gives; a run takes seconds. */
const lifeSeconds = 900;

/**
 * One account's deny policies at IAM. The writer role is assumed with the first call.
 * @param place given by tests; otherwise endpoint, Region and credentials come from the environment
 */
export function createDenyPolicies(
  { writerArn, externalId, policyArns }: DenyTarget,
  place: STSClientConfig & IAMClientConfig = {},
): DenyPolicies {
  const assumed = once(() => assume({ RoleArn: writerArn, ExternalId: externalId }, place));
  const arnOf = (shard: number): string => {
    const arn = policyArns[shard];
    if (arn === undefined) throw new RangeError(`there is no deny policy ${shard}`);
    return arn;
  };
  return {
    async read(shard) {
      const iam = await assumed();
      const PolicyArn = arnOf(shard);
      // at most five, which is less than a page
      const { Versions = [] } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
      const versions = Versions.map(({ VersionId = "", IsDefaultVersion = false }) => ({
        id: VersionId,
        isDefault: IsDefaultVersion,
      }));
      const VersionId = versions.find(({ isDefault }) => isDefault)?.id;
      if (!VersionId) throw new Error(`IAM names no version of ${PolicyArn} that counts`);
      const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }));
      return { versions, document: decodeURIComponent(PolicyVersion?.Document ?? "") };
    },
    async remove(shard, VersionId) {
      const iam = await assumed();
      const gone = iam.send(new DeletePolicyVersionCommand({ PolicyArn: arnOf(shard), VersionId }));
      await unless("NoSuchEntity", gone);
    },
    async write(shard, PolicyDocument) {
      const iam = await assumed();
      const made = await unless(
        "LimitExceeded",
        iam.send(new CreatePolicyVersionCommand({ PolicyArn: arnOf(shard), PolicyDocument, SetAsDefault: true })),
      );
      if (made === undefined) return undefined;
      const { VersionId } = made.PolicyVersion ?? {};
      if (!VersionId) throw new Error("IAM does not say which version it wrote");
      return VersionId;
    },
  };
}

async function assume(
  role: { readonly RoleArn: string; readonly ExternalId: string },
  place: STSClientConfig & IAMClientConfig,
): Promise<IAMClient> {
  const { Credentials } = await new STSClient({ ...settings, ...place }).send(
    new AssumeRoleCommand({ ...role, RoleSessionName: "stop", DurationSeconds: lifeSeconds }),
  );
  const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken) throw new Error("STS answered without credentials");
  const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  return new IAMClient({ ...settings, ...place, credentials });
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** @returns the answer; undefined for one error of IAM, with or without the suffix that the SDK gives its name */
async function unless<T>(code: string, call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (failure) {
    if (failure instanceof Error && failure.name.replace(/Exception$/, "") === code) return undefined;
    throw failure;
  }
}
