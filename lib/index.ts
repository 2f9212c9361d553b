/** Lanyard as constructs for a team's own CDK app. */
export type { DomainTarget } from "./issuer/http-api.ts";
export { Lanyard, type LanyardUrls } from "./lanyard.ts";
export type {
  AlarmsProps,
  CodeLookupProps,
  DeliveryProps,
  DomainProps,
  KeysProps,
  LanyardProps,
  Operators,
  OptionalProps,
  RegistryProps,
} from "./settings/props.ts";
