import type { Construct } from "constructs";
import type { Stage } from "../settings/stage.ts";
import type { StateStack } from "../state/state-stack.ts";

/** What every function of the Service stack is made from. */
export interface Ground {
  readonly scope: Construct;
  readonly stage: Stage;
  /** Folder of the bundles. */
  readonly dist: string;
  readonly state: StateStack;
  /** The issuer's URL without a trailing slash. */
  readonly issuer: string;
}
