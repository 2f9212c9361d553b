import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type HostedFunction, hostFunction } from "../../local/emulator/functions/host.ts";
import type { Outcome } from "../../local/emulator/functions/instance.ts";

const folder = fileURLToPath(new URL("fixture/functions/worker", import.meta.url));
const environment = { AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "s" };

const hosts: HostedFunction[] = [];
function hosted(more: Partial<Parameters<typeof hostFunction>[0]> = {}): HostedFunction {
  const made = hostFunction({
    name: "worker",
    arn: "arn:aws:lambda:eu-west-1:111122223333:function:worker",
    roleArn: "arn:aws:iam::111122223333:role/worker",
    folder,
    handler: "index.handler",
    timeoutMillis: 1500,
    memoryMegabytes: 128,
    environment,
    mostInstances: 1,
    ...more,
  });
  hosts.push(made);
  return made;
}
afterEach(async () => void (await Promise.all(hosts.splice(0).map((each) => each.close()))));

const payload = (outcome: Outcome) => ("payload" in outcome ? JSON.parse(outcome.payload ?? "null") : outcome);
const errorType = (outcome: Outcome) => ("error" in outcome ? outcome.error.errorType : undefined);

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe.each(["process", "thread"] as const)("a pinned function whose sandboxes are each a %s", (sandbox) => {
  const host = (more: Partial<Parameters<typeof hostFunction>[0]> = {}) => hosted({ sandbox, ...more });
  const count = async (worker: HostedFunction) => payload(await worker.invoke({ act: "count" }));

  it("speaks to each of its sandboxes in turn, each with a memory of its own", async () => {
    const worker = host({ mostInstances: 3 });
    const seen = [];
    for (const number of [0, 1, 2, 0, 1, 2]) {
      worker.pin(number);
      seen.push(await count(worker));
    }
    expect(seen.map(({ served }) => served)).toEqual([1, 1, 1, 2, 2, 2]);
    expect(new Set(seen.map(({ pid }) => pid)).size).toBe(3);
    expect(worker.sandboxes()).toEqual(
      seen.slice(0, 3).map(({ pid: processId }, number) => ({ number, processId, served: 2 })),
    );
  });

  it("makes events wait for the pinned sandbox, though another is free", async () => {
    const worker = host({ mostInstances: 2 });
    worker.pin(1);
    const both = await Promise.all([count(worker), count(worker)]);
    expect(both.map(({ served }) => served)).toEqual([1, 2]);
    expect(worker.sandboxes().map(({ number }) => number)).toEqual([1]);
  });

  it("gets a fresh sandbox under the same number when the pinned one dies", async () => {
    const worker = host({ mostInstances: 2 });
    worker.pin(1);
    const first = await count(worker);
    expect(errorType(await worker.invoke({ act: "exit" }))).toBe("Runtime.ExitError");
    const second = await count(worker);
    expect(second.served).toBe(1);
    expect(second.pid).not.toBe(first.pid);
    expect(worker.sandboxes().map(({ number }) => number)).toEqual([1]);
  });

  it("refuses a number that it can never have", () => {
    for (const number of [2, -1, 0.5]) expect(() => host({ mostInstances: 2 }).pin(number)).toThrow(RangeError);
  });
});

describe("a function on a slow machine", () => {
  const loader = (initMillis: number, more: Partial<Parameters<typeof hostFunction>[0]> = {}) =>
    hosted({
      folder: fileURLToPath(new URL("fixture/functions/loader", import.meta.url)),
      environment: { INIT_MILLIS: String(initMillis) },
      initMillis: 300,
      timeoutMillis: 20_000,
      ...more,
    });
  /** Keeps a process from running, as a busy machine does, for longer than any limit of the function. */
  const starve = async (worker: HostedFunction, millis: number) => {
    const [{ processId } = {}] = worker.sandboxes();
    if (processId === undefined) throw new Error("there is no sandbox to starve");
    process.kill(processId, "SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, millis));
    process.kill(processId, "SIGCONT");
  };

  it.each(["process", "thread"] as const)(
    "answers though its init took too long: it runs again under the function's own limit (a %s)",
    async (sandbox) => {
      const worker = loader(500, { sandbox });
      const { pid } = payload(await worker.invoke({}));
      expect(worker.logs().join("\n")).toMatch(/init timed out after 0\.30 seconds.*again/);
      // the sandbox of the second init is a sandbox like any other
      expect(worker.sandboxes()).toEqual([{ number: 0, processId: pid, served: 1 }]);
      expect(payload(await worker.invoke({}))).toEqual({ pid });
    },
  );

  it("fails the event when the second init takes longer than the function may, and tries anew at the next", async () => {
    const worker = loader(60_000, { timeoutMillis: 400 });
    for (const _ of [1, 2]) expect(errorType(await worker.invoke({}))).toBe("Sandbox.Timedout");
  });

  it("counts a second init against the function's limit", async () => {
    const worker = loader(700, { timeoutMillis: 500 });
    expect(errorType(await worker.invoke({}))).toBe("Sandbox.Timedout");
  });

  it("is not cut off for time that it did not get, loading or answering", async () => {
    const worker = loader(50, { initMillis: 500, timeoutMillis: 500 });
    const cold = worker.invoke({});
    await starve(worker, 1_000);
    const { pid } = payload(await cold);
    const warm = worker.invoke({ waitMillis: 50 });
    await starve(worker, 1_000);
    expect(payload(await warm)).toEqual({ pid });
  });

  it("is not cut off for the events it has answered before", async () => {
    const worker = loader(400, { initMillis: 5_000, timeoutMillis: 500 });
    for (const _ of [1, 2]) expect(payload(await worker.invoke({ waitMillis: 600 })).pid).toBeGreaterThan(0);
  });
});

describe.each(["process", "thread"] as const)("a hosted function whose sandbox is a %s", (sandbox) => {
  const host = (more: Partial<Parameters<typeof hostFunction>[0]> = {}) => hosted({ sandbox, ...more });

  it("keeps its state from event to event in one sandbox", async () => {
    const worker = host();
    const first = payload(await worker.invoke({ act: "count" }));
    expect(payload(await worker.invoke({ act: "count" }))).toEqual({ served: 2, pid: first.pid });
  });

  it("sees its own environment and nothing of the host's", async () => {
    process.env.SECRET_OF_THE_HOST = "leaked";
    expect(payload(await host().invoke({ act: "environment" }))).not.toHaveProperty("SECRET_OF_THE_HOST");
    delete process.env.SECRET_OF_THE_HOST;
  });

  it("knows how long it has left and the id of the request", async () => {
    const worker = host({ stopMillis: 60_000 });
    const { millis, id } = payload(await worker.invoke({ act: "remaining" }, "request-1"));
    expect(id).toBe("request-1");
    expect(millis).toBeGreaterThan(0);
    expect(millis).toBeLessThanOrEqual(60_000);
  });

  it("reports what its handler throws and goes on", async () => {
    const worker = host();
    const outcome = await worker.invoke({ act: "fail" });
    expect(outcome).toMatchObject({ error: { errorType: "TypeError", errorMessage: "it broke" } });
    expect(payload(await worker.invoke({ act: "count" })).served).toBe(1);
  });

  it.each(["exit", "unhandled", "hoard"])("dies alone by %s, and the next event finds a fresh sandbox", async (act) => {
    const worker = host();
    const before = payload(await worker.invoke({ act: "count" }));
    expect(errorType(await worker.invoke({ act }))).toBe("Runtime.ExitError");
    const after = payload(await worker.invoke({ act: "count" }));
    expect(after.served).toBe(1);
    expect(after.pid).not.toBe(before.pid);
  });

  it.each([
    ["when it has used its processor time", "spin", {}],
    ["at the long stop when it only waits", "hold", { stopMillis: 700 }],
  ])("is cut off %s, and its sandbox ends", async (_when, act, more) => {
    const worker = host({ timeoutMillis: 700, ...more });
    const outcome = await worker.invoke({ act, millis: 3_600_000 });
    expect(outcome).toMatchObject({ error: { errorMessage: "Task timed out after 0.70 seconds" } });
    await expect.poll(() => worker.sandboxes()).toEqual([]);
  });

  it("takes one event at a time in each sandbox and starts no more than it may", async () => {
    const worker = host({ mostInstances: 2 });
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => worker.invoke({ act: "hold", millis: 150 })));
    expect(new Set(outcomes.map((outcome) => payload(outcome).pid)).size).toBe(2);
  });

  it("loses only the event that was in the crashed sandbox", async () => {
    const worker = host({ mostInstances: 2, timeoutMillis: 10_000 });
    await Promise.all([1, 2].map(() => worker.invoke({ act: "hold", millis: 100 })));
    const running = [1, 2].map(() => worker.invoke({ act: "hold", millis: 400 }));
    expect(worker.crash()).toBe(true);
    const types = (await Promise.all(running)).map(errorType);
    expect(types.filter((type) => type === "Runtime.ExitError")).toHaveLength(1);
  });

  it("keeps what it prints", async () => {
    const worker = host();
    await worker.invoke({ act: "print", line: "a structured line" });
    await expect.poll(() => worker.logs()).toContain("a structured line");
  });

  it("fails each event when its module cannot be loaded", async () => {
    const broken = host({ handler: "index.nothing" });
    expect(errorType(await broken.invoke({ act: "count" }))).toBe("Runtime.ExitError");
    expect(errorType(await broken.invoke({ act: "count" }))).toBe("Runtime.ExitError");
  });

  it("starts ahead of its first event when it is told to, and no second time", async () => {
    const worker = host({ mostInstances: 2 });
    await Promise.all([worker.warm(), worker.warm()]);
    const [{ processId, served } = {}, ...more] = worker.sandboxes();
    expect({ served, more }).toEqual({ served: 0, more: [] });
    expect(payload(await worker.invoke({ act: "count" }))).toEqual({ served: 1, pid: processId });
  });

  it("takes no more events once it is closed, and starts nothing", async () => {
    const worker = host();
    await worker.invoke({ act: "count" });
    await worker.close();
    await worker.warm();
    expect(worker.sandboxes()).toEqual([]);
    expect(errorType(await worker.invoke({ act: "count" }))).toBe("TooManyRequestsException");
  });
});

describe("a hosted function with processes", () => {
  it("leaves none behind when it is closed", async () => {
    const worker = hosted();
    const { pid } = payload(await worker.invoke({ act: "count" }));
    await worker.close();
    expect(isRunning(pid)).toBe(false);
  });

  it("ends with its host, even when that one is killed", async () => {
    const parent = spawn(process.execPath, [fileURLToPath(new URL("fixture/parent.ts", import.meta.url))], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const { pid } = JSON.parse(line.toString()) as { pid: number };
    expect(isRunning(pid)).toBe(true);
    parent.kill("SIGKILL");
    await expect.poll(() => isRunning(pid)).toBe(false);
  });
});

describe.each(["process", "thread"] as const)("a function whose compiled code is kept, in a %s", (sandbox) => {
  let place: string;
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), "lanyard-compiled-"));
    mkdirSync(join(place, "code"));
  });
  afterEach(() => rmSync(place, { recursive: true, force: true }));
  const write = (text: string) =>
    writeFileSync(
      join(place, "code/index.mjs"),
      `export const handler = () => ({ text: ${JSON.stringify(text)}, names: Object.keys(process.env).filter((name) => name.startsWith("NODE_")) });`,
    );
  const start = () => hosted({ sandbox, folder: join(place, "code"), compiled: join(place, "compiled") });
  const filesKept = () =>
    existsSync(join(place, "compiled"))
      ? readdirSync(join(place, "compiled"), { recursive: true, withFileTypes: true }).filter((each) => each.isFile())
      : [];

  it("leaves it to its next sandbox, and is told nothing of it", async () => {
    write("first");
    expect(payload(await start().invoke({}))).toEqual({ text: "first", names: [] });
    // the bootstrap without its types, what became of it, and the handler
    await expect.poll(() => filesKept().length).toBe(3);
    expect(payload(await start().invoke({}))).toEqual({ text: "first", names: [] });
    expect(filesKept()).toHaveLength(3);
  });

  it("runs what its file says now, be it ever so alike, and whatever became of what was kept", async () => {
    write("first");
    await start().invoke({});
    await expect.poll(() => filesKept().length).toBe(3);
    write("FIRST");
    expect(payload(await start().invoke({})).text).toBe("FIRST");
    for (const { parentPath, name } of filesKept()) writeFileSync(join(parentPath, name), "broken");
    expect(payload(await start().invoke({})).text).toBe("FIRST");
  });
});
