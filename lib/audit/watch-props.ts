import type { Topic } from "aws-cdk-lib/aws-sns";
import type { Stage } from "../settings/stage.ts";
import type { StateStack } from "../state/state-stack.ts";

/** What is watched, and who is told. */
export interface WatchProps {
  readonly stage: Stage;
  readonly state: StateStack;
  readonly topic: Topic;
}
