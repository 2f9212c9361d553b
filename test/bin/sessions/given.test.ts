import { beforeEach, describe, expect, test } from "vitest";
import { decodeUnverified } from "../../../core/jose/jwt.ts";
import type { Session } from "../../../core/model/session.ts";
import { json, lanyard, reading, setUp } from "../reading-ground.ts";

setUp();

const sidOf = (token: string) => String(decodeUnverified(token)?.payload.sid);

let root: string;
let child: string;

beforeEach(async () => {
  const opened = await reading.open();
  root = sidOf(opened);
  child = sidOf(await reading.handOn("planner", opened, "researcher"));
});

async function give(sid: string, lifeSeconds: number, accessKeyId = "ASIAEXAMPLEEXAMPLE12"): Promise<void> {
  const { actors } = reading.world.store.sessions.get(`${root} ${sid}`) as Session;
  await reading.world.store.commit({
    vend: {
      root,
      sid,
      agent: actors.at(-1) ?? "",
      role: "files",
      arn: "arn:aws:iam::111122223333:role/lanyard/target/Files",
      account: "111122223333",
      accessKeyId,
      endsAtSeconds: Math.floor(Date.now() / 1000) + lifeSeconds,
    },
    replayEntries: [],
    record: { eventId: `${sid}${accessKeyId}`, timeMillis: 0, detailType: "x", body: "{}", hash: "" },
  });
}

describe("lanyard sessions", () => {
  test("shows what one session was given at AWS: role, account, key and until when", async () => {
    await give(child, 600);
    expect((await lanyard(["sessions", child])).out).toMatch(
      /^at AWS {4}role files of 111122223333, key ASIAEXAMPLEEXAMPLE12, ends in (10 min 0|9 min \d+) s$/m,
    );
    expect((await lanyard(["sessions", root])).out).not.toContain("at AWS");
    expect((await json("sessions", child)).session.aws).toMatchObject([{ accessKeyId: "ASIAEXAMPLEEXAMPLE12" }]);
  });

  test("says that credentials have ended, as long as their row is kept", async () => {
    await give(child, -90);
    expect((await lanyard(["story", child])).out).toMatch(/key ASIAEXAMPLEEXAMPLE12, ended 1 min \d+ s ago$/m);
  });

  test.each([[["--tree"]], [["--agent", "researcher", "--tree"]], [["--root"]]])(
    "draws it below its own session in the tree: %j",
    async (asked) => {
      await give(root, 600, "ASIAOFTHEROOT0000001");
      await give(child, 600, "ASIAOFTHECHILD000001");
      const args = asked.at(-1) === "--root" ? ["--root", root] : asked;
      const lines = (await lanyard(["sessions", ...args])).out.split("\n");
      expect(lines).toEqual([
        expect.stringContaining(`${root}  planner`),
        expect.stringMatching(/^│ {2}at AWS: role files of 111122223333, key ASIAOFTHEROOT0000001, ends in/),
        expect.stringContaining(`└─ ${child}  researcher`),
        expect.stringMatching(/^ {6}at AWS: role files of 111122223333, key ASIAOFTHECHILD000001, ends in/),
        "2 living sessions",
      ]);
      const { sessions } = await json("sessions", ...args);
      expect(sessions.map(({ aws }: { aws: { accessKeyId: string }[] }) => aws[0]?.accessKeyId).sort()).toEqual([
        "ASIAOFTHECHILD000001",
        "ASIAOFTHEROOT0000001",
      ]);
    },
  );
});
