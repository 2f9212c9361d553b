import type { Terminal } from "../terminal/outcome.ts";
import type { Profile } from "./model.ts";

/** What a command that asks a deployment works with: which one it is, and where its answer goes. */
export interface CommandContext {
  readonly profile: Profile;
  readonly terminal: Terminal;
  /** Ends what goes on until it is interrupted (`--watch`, `--follow`); a test's, since people press Ctrl-C. */
  readonly stop?: AbortSignal;
}
