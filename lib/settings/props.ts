/** The settings of a deployment. */
import type { CallableName, Duty, NoncingEndpoint } from "../../lambdas/manifest.ts";
import type { CloudTrailProps, DeliveryProps, LakeProps, LogProps, ParquetProps } from "./audit-props.ts";

/** Roles that may call the admin URLs, by what they may do there. */
export interface Operators extends Readonly<Record<Exclude<Duty, "approve">, readonly string[]>> {
  /** Who may sign calls by which people approve, where the stage has approvals; each decides as the person he is. */
  readonly approve?: readonly string[];
  /**
   * Who may revoke by `lanyard kill` when no function answers: users of the account for emergencies, `user/<path and
   * name>`, or a permission set of IAM Identity Center, whose second factor is demanded there. Where it is left out,
   * nobody may, and the role for it is not made.
   */
  readonly kill?: readonly string[];
}

/** Alarms of a deployment. */
export interface AlarmsProps {
  /** False creates no alarms; the watch on the keys is created all the same. @default true */
  readonly enabled?: boolean;
  /** Receives every alarm by e-mail, once the address is confirmed. @default nobody */
  readonly email?: string;
  /**
   * Watches each function by alarms of its own ($0.20 a month each), for an account and Region where other functions
   * fail or are throttled too; otherwise two alarms watch all functions of the account. @default false
   */
  readonly eachFunction?: boolean;
}

/** What `attest` may look up in this account to bind agents to their code. */
export interface CodeLookupProps {
  /** Published versions of these functions, by name. */
  readonly lambda?: { readonly functions: readonly string[] };
  /** Tasks of these clusters, and who may assume these roles (path and name); switches the attestor `ecs-task` on. */
  readonly ecs?: { readonly clusters: readonly string[]; readonly roles: readonly string[] };
}

/** Life of signing keys (docs/runbook.md, "Keys"). */
export interface KeysProps {
  /** How long a key signs, in days: 2 to 365. @default 30 */
  readonly rotationDays?: number;
  /**
   * How long a key is published before a rotation on schedule switches to it, in hours: 1 to 168, and at most half of a
   * rotation. Verifiers we know of have it within a quarter of an hour; the wait protects others. @default 24
   */
  readonly publishWaitHours?: number;
  /**
   * Creates a session key of P-256 too, for resources registered with `accessTokenSigningAlg: ES256`; without it a
   * registry that has one is refused. It costs two more keys a month, and each such token costs five times as much to
   * sign. @default false
   */
  readonly es256?: boolean;
}

/** Credentials of AWS for sessions (docs/aws-credentials.md). */
export interface AwsCredentialsProps {
  /**
   * Accounts whose roles may be lent, twelve digits each. Which roles of them, the registry says; whether they let
   * themselves be, their own trust policies.
   */
  readonly accounts: readonly string[];
  /** How long the credentials live, in seconds, and never beyond their session: 1 to 900. @default 60 */
  readonly lifeSeconds?: number;
  /**
   * Also gives agents tokens for roles that are registered as exclusive to them, by which they take such a role by
   * themselves: whole, and for up to an hour, whatever becomes of the session. Dead sessions' credentials are denied in
   * AWS, so every account has a `StopWriter`. @default false
   */
  readonly webIdentity?: boolean;
}

/** A registry that each deployment applies. */
export interface RegistryProps {
  /** Folder of YAML files: absolute, or relative to where the app runs. */
  readonly folder: string;
  /** Values for `${name}` in its files; `region`, `account` and `trustDomain` are known already. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Overwrites changes that somebody made by hand since the last deployment. @default false */
  readonly force?: boolean;
}

/** A domain of the deployment's own. */
export interface DomainProps {
  /** Such as `id.example.com`; the issuer is then `https://id.example.com`. */
  readonly name: string;
  /** ARN of its certificate (ACM), in the deployment's Region. */
  readonly certificate: string;
}

/** The revocation canary (docs/revocation.md). */
export interface CanaryProps {
  /**
   * Attaches the account's deny policies to the canary's AWS role, so that the surgical stop is measured too. The
   * account must have a `StopWriter` of this deployment already. @default false
   */
  readonly stopWriter?: boolean;
}

/** Settings of a deployment that have a default. */
export interface OptionalProps {
  /** Region of every stack. @default the surrounding Stage's, or eu-west-1 */
  readonly region?: string;
  /** Twelve digits. @default the surrounding Stage's, or the account that deploys */
  readonly account?: string;
  /**
   * Roles that may call the admin URLs, one list for all duties or one for each: role ARNs, `role/<path and name>` of
   * this account, or `role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_<permission set>_*`. Only stage `dev` may
   * leave it out, and then admits everybody that IAM admits.
   */
  readonly operators?: readonly string[] | Operators;
  /**
   * The account's quota of concurrent executions in the Region (Service Quotas L-B99A9384). A new account has ten; from
   * it Lanyard computes how much streams may use, so that the functions that answer callers always have some. @default
   * 10
   */
  readonly lambdaConcurrency?: number;
  /**
   * Concurrency reserved for single functions. AWS keeps 100 of `lambdaConcurrency` from being reserved. @default none
   */
  readonly reservedConcurrency?: Readonly<Partial<Record<CallableName, number>>>;
  /**
   * Version of OCSF that audit records are written in. `1.8.0` for tools that do not know 1.9.0 yet: an agent stands in
   * `actor.app_uid` there (docs/audit.md).
   * @default 1.9.0
   */
  readonly ocsf?: "1.9.0" | "1.8.0";
  /** How long audit objects are kept, in days. @default 2557 */
  readonly auditRetentionDays?: number;
  /**
   * Object Lock mode in which every audit object is retained for that time. `governance`: the bucket's policy lets
   * nobody end it early, and a change of that policy is reported. `compliance`: nobody can end it early, not even the
   * account's root.
   * @default governance
   */
  readonly auditLock?: "governance" | "compliance";
  /** How long functions' logs are kept, in days; one of the values that CloudWatch Logs allows. @default 30 */
  readonly logRetentionDays?: number;
  /** @default INFO */
  readonly logLevel?: "DEBUG" | "INFO" | "WARN" | "ERROR";
  readonly delivery?: DeliveryProps;
  readonly alarms?: AlarmsProps;
  /**
   * Revokes a session of its own every few minutes and measures how long it still works. Its registrations come by
   * `lanyard canary init`. @default none
   */
  readonly canary?: CanaryProps;
  /** Makes a dashboard in CloudWatch, for $3 a month. @default false */
  readonly dashboard?: boolean;
  /** Switches the account's outbound identity federation on; deleting the stack never switches it off. @default false */
  readonly outboundIdentityFederation?: boolean;
  /** @default nothing is looked up */
  readonly codeLookup?: CodeLookupProps;
  /**
   * Accepts an EC2 instance identity document without other evidence. It has no nonce and names no role, so any program
   * that ever read it on the instance may be the first to show it (threat 16); assurance `document`. @default false
   */
  readonly instanceIdentityAlone?: boolean;
  /**
   * Endpoints that demand a nonce in each DPoP proof (RFC 9449 8): a proof made in advance is useless there, and a
   * caller that made no request for two minutes needs one more round trip. @default none
   */
  readonly dpopNonces?: readonly NoncingEndpoint[];
  /**
   * Allows bearer access tokens for resources registered with `senderConstraint: none`. Anybody who copies such a token
   * can use it.
   * @default false
   */
  readonly bearerAccessTokens?: boolean;
  readonly keys?: KeysProps;
  /**
   * Pushes security events (SSF, CAEP) to the registry's receivers: a function, its queues and a key. Without it a
   * registry that has receivers is refused. @default false
   */
  readonly securityEvents?: boolean;
  /**
   * The decision point for gateways (AuthZEN 1.0): two functions. Without it a registry with tools or gateways is
   * refused.
   * @default false
   */
  readonly decisions?: boolean;
  /**
   * Lets policies ask for people's approval (docs/approvals.md): the functions that people decide by. Without it a
   * registry in which somebody approves is refused.
   * @default false
   */
  readonly approvals?: boolean;
  /**
   * Tells people what waits for them (docs/approving.md): a topic of SNS to subscribe to, the output
   * `ApprovalNoticesTopic`, and a function that runs every minute and sends at most one message a group. It needs
   * `approvals`.
   * @default false
   */
  readonly approvalNotices?: boolean;
  /**
   * Hears what identity providers say of people who own agents or lend to them (docs/signals.md): security events
   * (SSF) and deactivations by SCIM. One public function. Without it a registry that names such a provider is refused.
   * @default false
   */
  readonly signals?: boolean;
  /**
   * Gives sessions credentials of the AWS roles that the registry names: a function of its own. Without it a registry
   * that has such roles is refused. @default none
   */
  readonly awsCredentials?: AwsCredentialsProps;
  readonly lake?: LakeProps;
  /**
   * Delivers records once more as Parquet, one stream and table a class, laid out as Security Lake wants a source. It
   * is no evidence. @default none
   */
  readonly parquet?: ParquetProps;
  readonly log?: LogProps;
  /** Makes CloudTrail a table of the lake, and lets analysts trace through it. @default none */
  readonly cloudTrail?: CloudTrailProps;
  /**
   * Days without a session after which an active agent is reported as dormant, unless its registration names its own.
   * @default 90
   */
  readonly dormantAfterDays?: number;
  /**
   * The domain of the issuer and of every public function: `https://<name>`, `https://<name>/attest`, `/token`,
   * `/introspect`, `/revoke`, `/decide`. An issuer that is a function's URL can never move; a domain can. Chosen with
   * the first deployment: a later one that changes it is refused. @default function URLs
   */
  readonly domain?: DomainProps;
  /** @default the registry is changed by `lanyard apply` alone */
  readonly registry?: RegistryProps;
  /**
   * ARN of a Lambda code signing configuration, for teams that deploy signed code: Lambda then refuses code that none
   * of its profiles has signed. The assets must be signed before they are published; `cdk deploy` alone does not.
   * @default none
   */
  readonly codeSigningConfig?: string;
  /** Keeps CloudFormation from deleting State and Issuer. @default true */
  readonly terminationProtection?: boolean;
}

/** A deployment of Lanyard. */
export interface LanyardProps extends OptionalProps {
  /**
   * Name of the deployment: 2 to 20 lower-case letters, digits or dashes. It is part of the names of the stacks and
   * roles, and must be unique in an account and Region. It can never change.
   */
  readonly stage: string;
  /** SPIFFE trust domain of every agent; it can never change once agents exist. */
  readonly trustDomain: string;
}
