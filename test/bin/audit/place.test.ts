import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { verifierKey } from "../../../core/tlog/note-key.ts";
import { writeTrail } from "../../kit/memory/log-folder.ts";
import { type MemoryTrail, memoryTrail } from "../../kit/memory/trail.ts";
import { openDeployment } from "../deployment.ts";

let deployment: Awaited<ReturnType<typeof openDeployment>>;
let trail: MemoryTrail;
const hash = "h".repeat(43);
beforeEach(async () => {
  deployment = await openDeployment();
  trail = await memoryTrail([300, 300]);
  await writeTrail(join(deployment.folder, "audit"), trail);
});
afterEach(() => deployment.close());

const prove = async (eventId: string) => {
  const key = verifierKey(trail.log.signer);
  const env = { XDG_CONFIG_HOME: deployment.folder };
  return deployment.lanyard(["audit", "prove", eventId, "--profile", "local", "--key", key, "--out", "-"], { env });
};
/** Without the newest entries' bundle a search fails, since it begins there. */
const hideNewest = () => rm(join(deployment.folder, "audit/log/tile/entries/002.p"), { recursive: true });

describe("audit prove with a deployment", () => {
  test("reads the one bundle that holds the record, where admin-read says which", async () => {
    await hideNewest();
    expect((await prove("event-0-40")).code).not.toBe(0);
    deployment.leaves.set("event-0-40", { hash, index: 40 });
    const { code, out } = await prove("event-0-40");
    expect({ code, index: out.split("\n")[2] }).toEqual({ code: 0, index: "index 40" });
    expect(deployment.asked.at(-1)).toContain("/read/leaf?event=event-0-40");
  });

  test("threat 23: believes no place that the log does not bear out: it says so, and finds the right one", async () => {
    for (const index of [41, 599, 600, 1e9]) {
      deployment.leaves.set("event-0-40", { hash, index });
      const { code, out, err } = await prove("event-0-40");
      expect({ index, code, at: out.split("\n")[2] }).toEqual({ index, code: 0, at: "index 40" });
      expect(err.includes("the log has another there")).toBe(index < 600);
    }
    // a record that the log does not have is not proven by anybody's word
    deployment.leaves.set("event-9-9", { hash, index: 40 });
    expect(await prove("event-9-9")).toMatchObject({ code: 1, err: expect.stringContaining("no record") });
  });

  test("searches where the deployment does not know, may not be asked or is down", async () => {
    const found = async () => (await prove("event-1-7")).out.split("\n")[2];
    expect(await found()).toBe("index 307");
    deployment.leaves.set("event-1-7", { hash });
    expect(await found()).toBe("index 307");
    deployment.read.answer = async () => ({ status: 403, body: { error: "access_denied" } });
    expect(await found()).toBe("index 307");
  });
});
