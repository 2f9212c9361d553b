/** Lanyard as constructs for a team's own CDK app. */
export { Lanyard, type LanyardUrls } from "./lanyard.ts";
export type {
  AlarmsProps,
  CodeLookupProps,
  DeliveryProps,
  KeysProps,
  LanyardProps,
  Operators,
  OptionalProps,
  RegistryProps,
} from "./settings/props.ts";
