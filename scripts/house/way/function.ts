/**
 * Runs a function from its sources, one event at a time, and tells which functions of which files ran between the event
 * and its answer. Its own process, with the function's own environment, so that nothing else is counted.
 *
 * How it counts: V8's precise coverage, taken (and so reset) when the module is loaded and again when the answer is
 * there. What ran in between counts; the module's own outermost function is its initialisation and does not.
 */
import { Session } from "node:inspector/promises";
import { registerHooks } from "node:module";
import type { Asked, RanFile, Told } from "./messages.ts";

// the build puts Cedar's bytes beside the bundle; beside the source there are none
const cedarFromPackage = new URL("./cedar.ts", import.meta.url).href;
registerHooks({
  resolve: (specifier, context, next) => {
    const found = next(specifier, context);
    return found.url.endsWith("/cedar-module.ts") ? { ...found, url: cedarFromPackage } : found;
  },
});

process.on("disconnect", () => process.exit(0));
const tell = (message: Told) => process.send?.(message);

const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
const { handler } = (await import(process.argv[2] ?? "")) as { handler(event: unknown, context: unknown): unknown };
await session.post("Profiler.takePreciseCoverage");

process.on("message", async ({ event, requestId }: Asked) => {
  const context = { awsRequestId: requestId, functionName: "measured", getRemainingTimeInMillis: () => 60_000 };
  await session.post("Profiler.takePreciseCoverage");
  const answer = await handler(event, context);
  const { result } = await session.post("Profiler.takePreciseCoverage");
  const ran = result.flatMap(({ url, functions }): RanFile[] => {
    const names = functions
      .filter(
        ({ functionName, ranges: [whole] }) => whole !== undefined && whole.count > 0 && !isModule(functionName, whole),
      )
      .map(({ functionName }) => functionName || "(unnamed)");
    return names.length === 0 ? [] : [{ url, functions: names }];
  });
  tell({ kind: "answered", payload: JSON.stringify(answer), ran });
});
tell({ kind: "ready" });

/** The outermost function of a module has no name and starts where the file does. */
function isModule(name: string, { startOffset }: { readonly startOffset: number }): boolean {
  return name === "" && startOffset === 0;
}
