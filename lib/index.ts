/** Lanyard as constructs for a team's own CDK app. */

export {
  type OrganizationPolicies,
  type OrganizationPoliciesProps,
  organizationPolicies,
} from "../core/stop/organization.ts";
export { AgentCoreGateway, type AgentCoreGatewayProps } from "./authorizers/agentcore.ts";
export { type AppSyncAuthorizationProps, appSyncAuthorization } from "./authorizers/app-sync.ts";
export { HttpApiAuthorizer, type HttpApiAuthorizerProps } from "./authorizers/http-api.ts";
export { RestAuthorizer, type RestAuthorizerProps } from "./authorizers/rest.ts";
export type { DomainTarget } from "./issuer/http-api.ts";
export { Lanyard, type LanyardUrls } from "./lanyard.ts";
export type { CloudTrailProps, DeliveryProps } from "./settings/audit-props.ts";
export type {
  AlarmsProps,
  AwsCredentialsProps,
  CodeLookupProps,
  DomainProps,
  KeysProps,
  LanyardProps,
  Operators,
  OptionalProps,
  RegistryProps,
} from "./settings/props.ts";
export { AgentRole, type AgentRoleProps } from "./targets/agent-role.ts";
export type { DeployedLanyard } from "./targets/deployed.ts";
export { StopWriter, type StopWriterProps } from "./targets/stop-writer.ts";
export { StsIssuer, type StsIssuerProps } from "./targets/sts-issuer.ts";
export { TargetRole, type TargetRoleProps } from "./targets/target-role.ts";
