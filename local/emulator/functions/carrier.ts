/** What runs a sandbox's code, as the sandbox sees it. */
import type { FunctionDescription } from "./description.ts";
import type { Invocation, Reply } from "./messages.ts";

/** The code that loads the handler and hands it event after event. */
export const bootstrap = new URL("./bootstrap.ts", import.meta.url);

/** What is to be carried. */
export interface Carrying {
  /** URL of the module, `#`, name of the handler. */
  readonly module: string;
  readonly description: FunctionDescription;
  /** Takes each line that the function prints. */
  readonly onLine: (line: string) => void;
  readonly onReply: (reply: Reply) => void;
}

/** A process or a thread. */
export interface Carrier {
  /** Process id, or a negative number for a thread; undefined when it could not be started. */
  readonly id: number | undefined;
  /** Whether it takes events. */
  readonly reachable: boolean;
  send(invocation: Invocation): void;
  /** Processor time it has used so far, in milliseconds; undefined when it cannot be told. */
  usedMillis(): number | undefined | Promise<number | undefined>;
  /** Ends it at once, as a crash would. */
  kill(): void;
  /** Resolves when it has ended, with how. */
  readonly gone: Promise<string>;
}

/** Its environment; the bootstrap takes the one name that is not the function's out again before it loads the code. */
export const environmentOf = ({ environment, compiled }: FunctionDescription): Record<string, string> => ({
  ...environment,
  ...(compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled }),
});
