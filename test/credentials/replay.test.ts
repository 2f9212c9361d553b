import { describe, expect, it } from "vitest";
import { dpopProof } from "../kit/wire/key.ts";
import { tokenUrl } from "../kit/world/tokens.ts";
import { lastDenial, openSession, planner, setUp, vend, world } from "./ground.ts";

setUp();

/** Sends one request by the same proof, as often as it is called. */
async function sameRequest() {
  const session = await openSession(planner);
  const proof = dpopProof(planner.key, { url: tokenUrl, atSeconds: world.time.seconds });
  return () => vend(planner, session, {}, { proof });
}
const sts = () => world.roleSts.calls.length;

describe("threat 13: a request for AWS credentials that is sent again", () => {
  it("is refused before STS is asked, which is one quota for everybody", async () => {
    const ask = await sameRequest();
    expect((await ask()).status).toBe(200);
    const [asked, kept] = [sts(), world.store.vends.size];
    expect(asked).toBe(2);
    for (let n = 0; n < 5; n++) {
      expect((await ask()).body.error).toBe("invalid_dpop_proof");
      expect(lastDenial()).toBe("dpop_replayed");
    }
    expect([sts(), world.store.vends.size]).toEqual([asked, kept]);
  });

  it("is judged by the transaction where both come at the same moment: one is answered", async () => {
    const ask = await sameRequest();
    const both = await Promise.all([ask(), ask()]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect(world.store.vends.size).toBe(1);
  });

  it("is answered where the first failed before anything was stored: the proof was not used", async () => {
    const ask = await sameRequest();
    world.roleSts.failures.set("AssumeRole", { why: "unavailable", error: "Throttling" });
    expect((await ask()).status).toBe(503);
    world.roleSts.failures.clear();
    expect((await ask()).status).toBe(200);
  });
});
