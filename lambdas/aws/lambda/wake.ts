/**
 * Creates a call that has another function run soon; it does not wait for that run. Its client is loaded with the first
 * call, since a cold start has enough to read.
 */
export function createWake(functionName: string): () => Promise<void> {
  let opened: Promise<() => Promise<void>> | undefined;
  return async () => {
    opened ??= import("./invoke.ts").then(({ openInvoke }) => openInvoke(functionName));
    await (await opened)();
  };
}
