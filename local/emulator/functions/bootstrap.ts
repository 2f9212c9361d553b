/**
 * Runs inside a function's own process or thread: loads the handler, takes one event at a time, answers. It ends with
 * its host, so that a killed cloud leaves no orphans. Imports nothing but types: it is the function's cold start.
 */
import type { FunctionError, Invocation, Reply } from "./messages.ts";

type Handler = (event: unknown, context: unknown) => unknown;

const thread = process.send === undefined ? process.getBuiltinModule("node:worker_threads") : undefined;
if (thread === undefined) {
  // Ctrl-C in the terminal reaches children too: the host decides when a function ends.
  process.on("SIGINT", () => undefined);
  process.on("disconnect", () => process.exit(0));
}

const [module = "", name = ""] = (process.argv[2] ?? "").split("#");

type Said = Reply extends infer One ? (One extends Reply ? Omit<One, "cpuMillis"> : never) : never;

function reply(message: Said): void {
  const { user, system } = thread === undefined ? process.cpuUsage() : process.threadCpuUsage();
  const said = { ...message, cpuMillis: (user + system) / 1000 };
  if (thread === undefined) process.send?.(said);
  else thread.parentPort?.postMessage(said);
}

function describe(thrown: unknown): FunctionError {
  if (!(thrown instanceof Error)) return { errorType: "Error", errorMessage: String(thrown) };
  return { errorType: thrown.name, errorMessage: thrown.message, trace: (thrown.stack ?? "").split("\n") };
}

function contextOf(invocation: Invocation) {
  const { requestId, functionName, functionArn, memoryMegabytes, deadlineMillis } = invocation;
  return {
    awsRequestId: requestId,
    functionName,
    functionVersion: "$LATEST",
    invokedFunctionArn: functionArn,
    memoryLimitInMB: String(memoryMegabytes),
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: "local",
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMillis - Date.now()),
  };
}

/** Node writes what V8 made of the code at an exit, and no sandbox ends by itself: here once it has answered first. */
let unwritten = delete process.env.NODE_COMPILE_CACHE;
function keepCompiled(): void {
  if (unwritten) setImmediate(() => process.getBuiltinModule("node:module").flushCompileCache());
  unwritten = false;
}

async function start(): Promise<void> {
  const loaded = (await import(module)) as Record<string, unknown>;
  const handler = loaded[name];
  if (typeof handler !== "function") throw new Error(`the bundle exports no function "${name}"`);
  (thread?.parentPort ?? process).on("message", (invocation: Invocation) => {
    const { requestId } = invocation;
    process.env._X_AMZN_TRACE_ID = `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${requestId.replaceAll("-", "").slice(0, 24)};Sampled=0`;
    Promise.resolve()
      .then(() => (handler as Handler)(invocation.event, contextOf(invocation)))
      // Lambda carries JSON: what JSON cannot say is lost here as it is there.
      .then((result) => reply({ kind: "result", requestId, payload: JSON.stringify(result) }))
      .catch((thrown: unknown) => {
        const error = describe(thrown);
        console.error(JSON.stringify({ level: "ERROR", message: "Invoke Error", ...error }));
        reply({ kind: "error", requestId, error });
      })
      .finally(keepCompiled);
  });
  reply({ kind: "ready" });
}

start().catch((thrown: unknown) => {
  console.error(JSON.stringify({ level: "ERROR", message: "Init Error", ...describe(thrown) }));
  process.exit(1);
});
