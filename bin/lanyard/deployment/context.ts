import type { Terminal } from "../terminal/outcome.ts";
import type { Profile } from "./model.ts";

/** What a command that calls a deployment needs: the deployment, and where to write. */
export interface CommandContext {
  readonly profile: Profile;
  readonly terminal: Terminal;
  /**
   * Ends commands that run until they are interrupted (`--watch`, `--follow`); for tests, since people press Ctrl-C.
   */
  readonly stop?: AbortSignal;
}
