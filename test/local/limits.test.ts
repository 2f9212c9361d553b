import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { cpuMillis, limitCpu, millisOfPs } from "../../local/emulator/limits/cpu.ts";
import { longStopMillis } from "../../local/emulator/limits/long-stop.ts";
import { limitLoop, withinLoop } from "../../local/emulator/limits/loop.ts";
import { untilItPasses } from "../../local/emulator/limits/patient.ts";

afterEach(() => void vi.useRealTimers());

const fake = () =>
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });

describe("a limit on a child process", () => {
  const watched = (used: () => number | undefined, more: { stopMillis?: number; fromMillis?: number } = {}) => {
    fake();
    const over = vi.fn();
    const stop = limitCpu({ fromMillis: 0, limitMillis: 1_000, used, ...more }, over);
    return { over, stop };
  };

  it("is over when the child has used its processor time, however long that took", async () => {
    let used = 0;
    const { over } = watched(() => used, { stopMillis: 1e9 });
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(over).not.toHaveBeenCalled();
    used = 1_000;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(over).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(over).toHaveBeenCalledTimes(1);
  });

  it("counts from what the child had used before", async () => {
    let used = 70_000;
    const { over } = watched(() => used, { fromMillis: 69_500 });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(over).not.toHaveBeenCalled();
    used = 70_500;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(over).toHaveBeenCalledTimes(1);
  });

  it.each([
    ["uses none", () => 0],
    ["cannot be asked", () => undefined],
  ])("is over at the long stop when the child %s", async (_how, used) => {
    const { over } = watched(used, { stopMillis: 5_000 });
    await vi.advanceTimersByTimeAsync(4_999);
    expect(over).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(over).toHaveBeenCalledTimes(1);
  });

  it("is over no more once the watch has ended", async () => {
    const { over, stop } = watched(() => 5_000);
    stop();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(over).not.toHaveBeenCalled();
  });

  it("reads the time of a process that works, and none of one that is gone", async () => {
    const child = spawn(process.execPath, ["--eval", "console.log(1); for (;;);"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    await once(child.stdout, "data");
    const processId = child.pid ?? 0;
    const before = cpuMillis(processId) ?? Number.NaN;
    await expect.poll(() => cpuMillis(processId)).toBeGreaterThan(before + 100);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(cpuMillis(processId)).toBeUndefined();
  });

  it.each([
    ["0:00.05", 50],
    ["  1:02.50\n", 62_500],
    ["01:02:03", 3_723_000],
    ["2-01:00:00", 176_400_000],
    ["", undefined],
    ["TIME", undefined],
  ])("reads ps's %j", (text, millis) => {
    expect(millisOfPs(text)).toBe(millis);
  });
});

describe("a limit within a process", () => {
  it("is over when the event loop has run for that long", async () => {
    fake();
    const over = vi.fn();
    limitLoop(1_000, over);
    await vi.advanceTimersByTimeAsync(950);
    expect(over).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(50);
    expect(over).toHaveBeenCalledTimes(1);
  });

  it("does not count the time during which the event loop stood still", async () => {
    const over = vi.fn();
    const stop = limitLoop(400, over);
    const untilMillis = performance.now() + 600;
    while (performance.now() < untilMillis);
    // the timers that are due run first of all
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(over).not.toHaveBeenCalled();
    stop();
  });

  it("hands on what was in time, and says undefined of what was not", async () => {
    expect(await withinLoop(Promise.resolve(7), 5_000)).toBe(7);
    expect(await withinLoop(new Promise(() => undefined), 60)).toBeUndefined();
    await expect(withinLoop(Promise.reject(new Error("broken")), 5_000)).rejects.toThrow("broken");
  });
});

describe("the long stop", () => {
  it("stands far behind its limit, and within half an hour unless the limit is longer", () => {
    expect([100, 10_000, 900_000, 3_600_000].map(longStopMillis)).toEqual([120_000, 300_000, 1_800_000, 3_600_000]);
  });
});

describe("what may pass on a slow machine", () => {
  const passing = (failure: unknown) => failure === "later";

  it("is tried until it does", async () => {
    let tries = 0;
    const work = async () => (++tries < 3 ? Promise.reject("later") : tries);
    expect(await untilItPasses(work, passing, 50_000)).toBe(3);
  });

  it("is not tried again when the failure will not pass", async () => {
    const work = vi.fn(() => Promise.reject("never"));
    await expect(untilItPasses(work, passing)).rejects.toBe("never");
    expect(work).toHaveBeenCalledTimes(1);
  });

  it("fails with the last reason when its time is up", async () => {
    await expect(untilItPasses(() => Promise.reject("later"), passing, 100)).rejects.toBe("later");
  });
});
