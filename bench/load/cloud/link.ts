import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Done, Order, Raised, Said } from "./orders.ts";

/** The cloud of a run, seen from the callers' process. */
export interface LoadedCloud extends Raised {
  order(order: Order): Promise<Done>;
  close(): Promise<void>;
}

const closeMillis = 20_000;

/**
 * Forks the process that raises the cloud.
 * @param onProgress told of each step that takes time
 * @throws with its reason when the cloud does not come up
 */
export async function raiseCloud(instances: number, onProgress: (text: string) => void): Promise<LoadedCloud> {
  const child = fork(fileURLToPath(new URL("process.ts", import.meta.url)), [String(instances)], {
    // standard output is the report's alone
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const waiting = new Map<number, PromiseWithResolvers<Done>>();
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const raised = Promise.withResolvers<Raised>();
  const fail = (why: string) => {
    raised.reject(new Error(why));
    for (const each of waiting.values()) each.reject(new Error(why));
    waiting.clear();
  };
  void gone.then(() => fail("the process of the cloud has ended"));
  child.on("message", (said: Said) => {
    if (said.kind === "progress") onProgress(said.text);
    if (said.kind === "raised") raised.resolve(said);
    if (said.kind === "failed") fail(said.why);
    if (said.kind !== "done") return;
    waiting.get(said.order)?.resolve(said);
    waiting.delete(said.order);
  });
  let orders = 0;
  const close = async () => {
    if (child.connected) child.disconnect();
    const kill = setTimeout(() => child.kill("SIGKILL"), closeMillis);
    await gone.finally(() => clearTimeout(kill));
  };
  const { endpoints, tables } = await raised.promise.catch(async (thrown: unknown) => {
    await close();
    throw thrown;
  });
  return {
    endpoints,
    tables,
    order(order) {
      const answer = Promise.withResolvers<Done>();
      const number = orders++;
      waiting.set(number, answer);
      child.send({ number, order }, (failure) => failure && answer.reject(failure));
      return answer.promise;
    },
    close,
  };
}
