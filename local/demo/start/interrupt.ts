import { limitLoop } from "../../emulator/limits/loop.ts";

/** Time, of this process's own, that a clean stop may take before it is no longer waited for. */
const stopMillis = 20_000;

/** Whether somebody asked for the end. */
export interface Interrupt {
  readonly whenCame: Promise<void>;
  /** Aborted when it came. */
  readonly signal: AbortSignal;
  came(): boolean;
}

/** Ctrl-C asks once for a clean stop; a second one does not wait for it. */
export function firstInterrupt(): Interrupt {
  const controller = new AbortController();
  let asked = false;
  const whenCame = new Promise<void>((resolve) => {
    const stop = () => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
      controller.abort();
      limitLoop(stopMillis, () => process.exit(130), { hold: false });
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
  return { whenCame, signal: controller.signal, came: () => asked };
}
