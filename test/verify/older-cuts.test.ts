import { beforeEach, describe, expect, test } from "vitest";
import { subjects } from "../../core/model/subjects.ts";
import { chain } from "./chain.ts";
import { createIssuer, planner, researcher, type TestIssuer } from "./issuer.ts";

let world: TestIssuer;
beforeEach(async () => {
  world = await createIssuer();
});

const code = async (more: object = {}, verifier = world.verifier()): Promise<string> => {
  const verified = await verifier.verify(world.request(world.token({ ...chain, ...more })));
  return verified.ok ? "accepted" : verified.error.code;
};

describe("threat 26: an older document does not take a cut back", () => {
  test("within its life, as long as it is signed and fresh", async () => {
    const verifier = world.verifier();
    const old = world.signCuts();
    world.raise(subjects.agent(planner));
    expect(await code({}, verifier)).toBe("session_cut");
    for (const later of [5, 5, 30, 70]) {
      world.time.seconds += later;
      world.publishList();
      world.publishCuts(old);
      expect(await code({}, verifier)).toBe("cuts_unavailable");
    }
  });

  test("made in the very same second", async () => {
    const verifier = world.verifier();
    const old = world.signCuts();
    world.raise(subjects.deployment);
    expect(await code({}, verifier)).toBe("session_cut");
    world.publishCuts(old);
    world.time.seconds += 5;
    expect(await code({}, verifier)).toBe("cuts_unavailable");
    world.publishCuts();
    world.time.seconds += 1;
    expect(await code({}, verifier)).toBe("session_cut");
  });

  test("nor does one whose clock is ahead: the version decides, not the time", async () => {
    const verifier = world.verifier();
    const ahead = world.signCuts({ iat: world.time.seconds + 9, exp: world.time.seconds + 129 });
    world.raise(subjects.agent(planner));
    expect(await code({}, verifier)).toBe("session_cut");
    world.time.seconds += 5;
    world.publishCuts(ahead);
    expect(await code({}, verifier)).toBe("cuts_unavailable");
  });

  test("and a publisher that had to begin anew is believed once all that it signed before is over", async () => {
    const verifier = world.verifier();
    world.raise(subjects.agent(researcher));
    expect(await code({ epochs: [0, 0, 0, 1, 0] }, verifier)).toBe("accepted");
    world.cut.clear();
    world.version.of = 0;
    world.time.seconds += 119;
    world.publishList();
    world.publishCuts();
    expect(await code({ epochs: [0, 0, 0, 1, 0] }, verifier)).toBe("cuts_unavailable");
    world.time.seconds += 1;
    expect(await code({ epochs: [0, 0, 0, 1, 0] }, verifier)).toBe("accepted");
  });
});
