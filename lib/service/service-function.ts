import type { FunctionProps } from "../function/lanyard-function.ts";
import type { StateStack } from "../state/state-stack.ts";

/** Input of every function of the Service stack. */
export interface ServiceFunctionProps extends FunctionProps {
  readonly state: StateStack;
  /** The issuer's URL without a trailing slash. */
  readonly issuer: string;
}
