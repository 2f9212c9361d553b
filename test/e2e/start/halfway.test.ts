import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createPage } from "../../../local/demo/story/print.ts";
import { providerOffset, raiseWorld } from "../../../local/demo/story/world.ts";
import { failuresOf } from "../../../local/emulator/functions/of-template.ts";
import { freeRow } from "../../kit/ports.ts";
import { occupy } from "../../kit/wire/server.ts";

afterEach(() => vi.useRealTimers());

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-halfway-"));
  folders.push(folder);
  return folder;
};

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

describe("a start that fails halfway", () => {
  it("closes the cloud that is up when the people's provider cannot start, and says why", async () => {
    const base = await freeRow(providerOffset + 1);
    const taken = await occupy(base + providerOffset);
    try {
      await expect(raiseWorld({ memory: true, port: base, onProgress: () => undefined })).rejects.toThrow(
        /is taken; choose another/,
      );
      expect(await isOpen(base)).toBe(false);
    } finally {
      await taken.close();
    }
  });

  it("closes cloud and provider when the registry is refused, and names file and line", async () => {
    const registry = newFolder();
    writeFileSync(join(registry, "agents.yaml"), "kind: agent\nname: 7\n");
    const port = await freeRow(providerOffset + 1);
    await expect(raiseWorld({ memory: true, port, registry, onProgress: () => undefined })).rejects.toThrow(
      /agents\.yaml/,
    );
    expect([await isOpen(port), await isOpen(port + providerOffset)]).toEqual([false, false]);
  });
});

describe("the reason of a failure", () => {
  const hosted = (name: string, failure: string | undefined, lines: readonly string[]) =>
    ({ description: { name }, failure: () => failure, logs: () => lines }) as unknown as Parameters<
      typeof failuresOf
    >[0] extends Iterable<infer F>
      ? F
      : never;

  it("names the function, its log file and what to do, one entry for each that failed", () => {
    const told = failuresOf(
      [hosted("token", "Runtime.ImportModuleError", []), hosted("attest", undefined, [])],
      "/logs",
    );
    expect(told).toEqual([
      `function token failed last with Runtime.ImportModuleError; its log is ${join("/logs", "token.log")}. Mend what it names and start again`,
    ]);
  });

  it("is told with the last lines where no log is kept, and how to keep one", () => {
    const lines = Array.from({ length: 9 }, (_, i) => `line ${i}`);
    const [told] = failuresOf([hosted("token", "a timeout", lines)], undefined);
    expect(told).toMatch(/^function token failed last with a timeout; .*leave --memory out.*line 4 \| .*line 8\. /);
    expect(told).not.toContain("line 3");
  });
});

describe("the line of what a start is doing", () => {
  const shown = (isTTY: boolean) => {
    const texts: string[] = [];
    const page = createPage({ isTTY, columns: 80, write: (text: string) => texts.push(text) }, { NO_COLOR: "1" });
    return { page, texts };
  };

  it("is one line on a terminal, rewritten with the time since, and gone when something else is said", () => {
    vi.useFakeTimers();
    const { page, texts } = shown(true);
    page.progress("starting the cloud");
    vi.advanceTimersByTime(3_000);
    expect(texts.join("")).not.toContain("\n");
    expect(texts.at(-1)).toBe("\r\u001b[K  … starting the cloud, 3 s");
    page.line("done");
    const length = texts.length;
    expect(texts.slice(-2)).toEqual(["\r\u001b[K", "done\n"]);
    vi.advanceTimersByTime(3_000);
    expect(texts).toHaveLength(length);
  });

  it("is written once where nothing can be rewritten", () => {
    vi.useFakeTimers();
    const { page, texts } = shown(false);
    page.progress("starting the cloud");
    vi.advanceTimersByTime(3_000);
    expect(texts.map((text) => text.trim())).toEqual(["· starting the cloud"]);
  });

  it("is never longer than the terminal is wide", () => {
    vi.useFakeTimers();
    const { page, texts } = shown(true);
    page.progress("x".repeat(300));
    expect(texts.join("").replace("\r\u001b[K", "").length).toBeLessThanOrEqual(80);
    page.settle();
  });
});
