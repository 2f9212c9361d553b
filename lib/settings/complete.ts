import type { CloudTrailProps, DeliveryProps, LakeProps, LogProps, ParquetProps } from "./audit-props.ts";
import type {
  AlarmsProps,
  AwsCredentialsProps,
  CanaryProps,
  KeysProps,
  Operators,
  OptionalProps,
  RegistryProps,
} from "./props.ts";

type With<T, K extends keyof T> = Omit<T, K> & { readonly [P in K]-?: NonNullable<T[P]> };

/** One deployment's settings, complete and checked. */
export interface Stage
  extends Omit<
    With<
      OptionalProps,
      | "region"
      | "lambdaConcurrency"
      | "reservedConcurrency"
      | "ocsf"
      | "auditRetentionDays"
      | "auditLock"
      | "logRetentionDays"
      | "logLevel"
      | "outboundIdentityFederation"
      | "dashboard"
      | "codeLookup"
      | "instanceIdentityAlone"
      | "dpopNonces"
      | "bearerAccessTokens"
      | "securityEvents"
      | "decisions"
      | "approvals"
      | "approvalNotices"
      | "signals"
      | "dormantAfterDays"
      | "terminationProtection"
    >,
    | "operators"
    | "delivery"
    | "alarms"
    | "keys"
    | "registry"
    | "awsCredentials"
    | "lake"
    | "parquet"
    | "log"
    | "cloudTrail"
    | "canary"
  > {
  /** Name of the deployment. */
  readonly name: string;
  readonly trustDomain: string;
  readonly operators?: Operators;
  readonly delivery: Required<DeliveryProps>;
  readonly alarms: With<AlarmsProps, "enabled" | "eachFunction">;
  readonly keys: Required<KeysProps>;
  readonly registry?: Required<RegistryProps>;
  readonly awsCredentials?: Required<AwsCredentialsProps>;
  readonly lake: Required<LakeProps>;
  readonly parquet?: With<ParquetProps, "days" | "bufferSeconds">;
  readonly log: With<LogProps, "witnesses">;
  readonly cloudTrail?: CloudTrailProps;
  readonly canary?: Required<CanaryProps>;
}
