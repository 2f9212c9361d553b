/** What must be closed, and is, also when a start fails halfway or is stopped. */

type Close = () => void | Promise<void>;

/** Things to close, in the order of opening. */
export interface Closers {
  /** Remembers one as soon as it is open. */
  push(close: Close): void;
  /**
   * Closes everything from the end, also what is opened meanwhile, and each though another cannot be closed.
   * @throws the first failure, behind all the rest
   */
  close(): Promise<void>;
}

/**
 * A list of what to close.
 * @param signal closes everything at once: whoever waits for something of it hears that it is gone
 */
export function openClosers(signal?: AbortSignal): Closers {
  const open: Close[] = [];
  let closing: Promise<void> = Promise.resolve();
  const rest = async () => {
    const failures: unknown[] = [];
    for (let close = open.pop(); close !== undefined; close = open.pop()) {
      try {
        await close();
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
  const close = () => {
    closing = closing.then(rest);
    return closing;
  };
  signal?.addEventListener("abort", () => void close().catch(() => undefined), { once: true });
  return { push: (next) => void open.push(next), close };
}
