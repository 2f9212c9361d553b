import { describe, expect, it, vi } from "vitest";
import { openClosers } from "../../local/emulator/closers.ts";

describe("what must be closed", () => {
  it("is closed from the end, once", async () => {
    const closed: number[] = [];
    const closers = openClosers();
    for (const each of [1, 2, 3]) closers.push(() => void closed.push(each));
    await Promise.all([closers.close(), closers.close()]);
    expect(closed).toEqual([3, 2, 1]);
  });

  it("is closed though another cannot be, and the failure is told", async () => {
    const close = vi.fn();
    const closers = openClosers();
    closers.push(close);
    closers.push(() => Promise.reject(new Error("stuck")));
    await expect(closers.close()).rejects.toThrow("stuck");
    expect(close).toHaveBeenCalledTimes(1);
  });

  it("is closed at once when the start is stopped, also what is opened after that", async () => {
    const controller = new AbortController();
    const closers = openClosers(controller.signal);
    const [first, late] = [vi.fn(), vi.fn()];
    closers.push(first);
    controller.abort();
    await closers.close();
    expect(first).toHaveBeenCalledTimes(1);
    closers.push(late);
    await closers.close();
    expect(late).toHaveBeenCalledTimes(1);
  });
});
