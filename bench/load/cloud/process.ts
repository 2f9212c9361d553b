/** The cloud of a run, in a process of its own, so that neither its load nor its memory is the callers'. Forked. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { RunningCloud } from "../../../local/demo/boot.ts";
import { raiseWorld, type World } from "../../../local/demo/story/world.ts";
import { seeded } from "../chance.ts";
import { agents, withRegistry } from "../registry.ts";
import type { Done, Memory, Order, Said } from "./orders.ts";

const say = (said: Said): void => void process.send?.(said);
const run = promisify(execFile);

process.umask(0o077);
// Ctrl-C in the terminal reaches this process too: whoever forked it decides when it ends
process.on("SIGINT", () => undefined);

let throttledCalls = 0;
/** Throttling ends with the call of this number. */
let lastThrottled = Number.POSITIVE_INFINITY;

/** What is one key, or one table, at a time; transactions and batches throttle in ways of their own. */
const plainOperations = ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchWriteItem"];

/**
 * Throttles so large a part of all calls to DynamoDB and KMS, as AWS does: by an error, or in equal parts by that and what
 * only a transaction or a batch can come to.
 */
function throttle({ faults }: RunningCloud, share: number, seed: number): void {
  const onHit = () => {
    throttledCalls += 1;
    if (throttledCalls >= lastThrottled) faults.clear();
  };
  const common = { draw: seeded(seed), onHit };
  const operation = "TransactWriteItems";
  // one after another, each of what those before it let pass: a third of the share each, and half of it
  const [third, half] = [share / 3, share / 2];
  faults.inject({ ...common, kind: "throttledItems", service: "dynamodb", share: third });
  faults.inject({ ...common, kind: "conflict", service: "dynamodb", share: third / (1 - third) });
  faults.inject({ ...common, kind: "throttle", service: "dynamodb", operation, share: third / (1 - 2 * third) });
  faults.inject({ ...common, kind: "unprocessed", service: "dynamodb", share: half });
  const batch = { operation: "BatchGetItem", share: half / (1 - half) };
  faults.inject({ ...common, kind: "throttle", service: "dynamodb", ...batch });
  for (const operation of plainOperations)
    faults.inject({ ...common, kind: "throttle", service: "dynamodb", operation, share });
  faults.inject({ ...common, kind: "throttle", service: "kms", share });
}

async function memoryOf(cloud: RunningCloud): Promise<Memory> {
  const ids = cloud.functions().flatMap((name) => cloud.sandboxes(name).flatMap(({ processId }) => processId ?? []));
  const services = process.memoryUsage.rss();
  if (ids.length === 0) return { services, functions: 0, sandboxes: 0 };
  // one that ends between the two looks makes ps exit with 1, and costs one sample
  const told = await run("ps", ["-o", "rss=", "-p", ids.join(",")]).catch(() => undefined);
  const kibibytes = told?.stdout.split("\n").reduce((sum, line) => sum + Number(line), 0);
  return { services, functions: kibibytes === undefined ? undefined : kibibytes * 1024, sandboxes: ids.length };
}

async function obey({ cloud }: World, order: Order): Promise<Done> {
  switch (order.do) {
    case "throttle":
      throttle(cloud, order.share, order.seed);
      return {};
    case "stop throttling":
      lastThrottled = order.after;
      if (throttledCalls >= lastThrottled) cloud.faults.clear();
      return { throttledCalls };
    case "flush":
      await cloud.flushAudit();
      return {};
    case "memory":
      return { memory: await memoryOf(cloud) };
  }
}

async function main(instancesPerFunction: number): Promise<void> {
  const world = await withRegistry((registry) =>
    raiseWorld({
      memory: true,
      registry,
      applications: agents,
      instancesPerFunction,
      onProgress: (text, ms) => (ms === undefined ? say({ kind: "progress", text }) : undefined),
    }),
  );
  process.on("message", ({ number, order }: { readonly number: number; readonly order: Order }) => {
    obey(world, order).then(
      (done) => say({ kind: "done", order: number, ...done }),
      (thrown: unknown) => say({ kind: "failed", why: String(thrown) }),
    );
  });
  process.once("disconnect", () => void world.close().finally(() => process.exit(0)));
  const { SessionsTable: sessions = "", OutboxTable: outbox = "", MarkersTable: markers = "" } = world.cloud.outputs;
  say({ kind: "raised", endpoints: world.endpoints, tables: { sessions, outbox, markers } });
}

main(Number(process.argv[2])).catch((thrown: unknown) => {
  say({ kind: "failed", why: thrown instanceof Error ? thrown.message : String(thrown) });
  process.exitCode = 1;
  process.disconnect?.();
});
