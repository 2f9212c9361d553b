import { cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { decodeUnverified } from "../../../core/jose/jwt.ts";
import { openReading, type Reading } from "../../admin/reading.ts";
import { supportDesk } from "../../kit/example.ts";
import { openDeployment } from "../deployment.ts";

let deployment: Awaited<ReturnType<typeof openDeployment>>;
beforeEach(async () => {
  deployment = await openDeployment();
  expect((await deployment.lanyard(["apply", supportDesk])).code).toBe(0);
});
afterEach(() => deployment.close());

const lanyard: typeof deployment.lanyard = (args, more) => deployment.lanyard(args, more);
const sid = "A".repeat(22);
const versionNow = async () => JSON.parse((await lanyard(["status", "--json"])).out).registryVersion;
const named =
  /^deployment {2}stage local, account 111122223333, eu-west-1, trust domain agents\.support-desk\.example/m;

async function editedFolder(): Promise<string> {
  const folder = await mkdtemp(join(deployment.folder, "registry-"));
  await cp(supportDesk, folder, { recursive: true });
  const text = await readFile(join(folder, "agents/triage.yaml"), "utf8");
  await writeFile(join(folder, "agents/triage.yaml"), text.replace("maxDepth: 1", "maxDepth: 2"));
  return folder;
}

/** Every command that changes a deployment, and whether it did. */
const mutations: readonly (readonly [string, () => Promise<readonly string[]>])[] = [
  ["apply", async () => ["apply", await editedFolder()]],
  ["suspend", async () => ["suspend", "researcher", "--reason", "r"]],
  ["retire", async () => ["retire", "researcher", "--reason", "r"]],
  ["revoke a session", async () => ["revoke", "--session", sid, "--reason", "r"]],
  ["revoke an agent", async () => ["revoke", "--agent", "researcher", "--reason", "r"]],
  ["revoke the deployment", async () => ["revoke", "--deployment", "--reason", "r"]],
  ["lift", async () => ["lift", "--agent", "researcher", "--reason", "r"]],
];
const changed = async () => (await versionNow()) > 1 || deployment.admin.calls.length > 0;

describe("what changes a deployment", () => {
  test.each(mutations)(
    "%s names it, and is not done where nobody can be asked: code 2, and what to say",
    async (_, of) => {
      const ended = await lanyard(await of(), { answer: "nobody" });
      expect(ended).toMatchObject({ code: 2, out: "" });
      expect(ended.err).toMatch(named);
      expect(ended.err).toContain("nobody can be asked here. Look at it with --dry-run, then say --yes");
      expect(await changed()).toBe(false);
    },
  );

  test.each(mutations)("%s is not done after a no: code 1", async (_, of) => {
    const ended = await lanyard(await of(), { answer: false });
    expect(ended).toMatchObject({ code: 1, out: "" });
    expect(deployment.questions).toHaveLength(1);
    expect(await changed()).toBe(false);
  });

  test.each(mutations)("%s is done with --yes, unasked, and still says where", async (_, of) => {
    const ended = await lanyard([...(await of()), "--yes"], { answer: "nobody" });
    expect([ended.code, ended.err]).toEqual([0, expect.stringMatching(named)]);
    expect(await changed()).toBe(true);
  });

  test.each(mutations)("%s prints one JSON object and nothing else, with the deployment in it", async (_, of) => {
    const { code, out } = await lanyard([...(await of()), "--json"]);
    expect(code).toBe(0);
    expect(out.split("\n")).toHaveLength(1);
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      deployment: { profile: "local", stage: "local", account: "111122223333", region: "eu-west-1" },
    });
    const refused = await lanyard([...(await of()), "--output", "json"], { answer: "nobody" });
    if (refused.code !== 0) expect(JSON.parse(refused.out)).toMatchObject({ ok: false });
  });

  test.each(mutations)("%s is refused where another deployment may be meant, --yes or not", async (_, of) => {
    const env = { AWS_PROFILE: "prod" };
    const ended = await lanyard([...(await of()), "--yes"], { env });
    expect(ended).toMatchObject({ code: 2, err: expect.stringContaining("say --profile local") });
    expect(await changed()).toBe(false);
    expect((await lanyard([...(await of()), "--yes", "--profile", "local"], { env })).code).toBe(0);
  });

  test("a look is answered all the same, with a word about where", async () => {
    const ended = await lanyard(["status"], { env: { AWS_PROFILE: "prod" } });
    expect(ended).toMatchObject({ code: 0, err: expect.stringContaining("AWS_PROFILE in the environment may mean") });
  });

  test("what one agrees to is what is done: another's change in between is refused", async () => {
    const folder = await editedFolder();
    const terminal = {
      out: () => undefined,
      err: () => undefined,
      ask: async () => (await lanyard(["suspend", "triage", "--reason", "r", "--yes"])).code === 0,
    };
    const { run } = await import("../../../bin/lanyard/program.ts");
    for (const args of [
      ["apply", folder],
      ["suspend", "researcher", "--reason", "r"],
    ]) {
      expect(await run(args, { terminal, env: {}, folder: deployment.folder })).toBe(1);
      await lanyard(["activate", "triage", "--reason", "r", "--yes"]);
    }
    expect((await lanyard(["agents", "--output", "id"])).code).toBe(0);
  });

  test("nothing to change asks nothing", async () => {
    expect(await lanyard(["apply", supportDesk], { answer: "nobody" })).toMatchObject({ code: 0, err: "" });
  });
});

describe("before anybody is asked", () => {
  let reading: Reading;
  const sidOf = (token: string) => String(decodeUnverified(token)?.payload.sid);
  beforeEach(async () => {
    reading = await openReading();
    reading.world.time.seconds = Math.floor(Date.now() / 1000);
    deployment.read.answer = (target) => reading.get(target);
    const { trustDomain } = await import("../../kit/registry.ts");
    await deployment.write({ deployment: { variables: {}, trustDomain } });
  });

  test("a revocation shows which sessions it would end, how many, of how many agents, and what it would block", async () => {
    const root = await reading.open();
    const child = await reading.handOn("planner", root, "researcher");
    const { err } = await lanyard(["revoke", "--agent", "planner", "--reason", "r"], { answer: false });
    expect(err).toContain(sidOf(root));
    expect(err).toContain(sidOf(child));
    expect(err).toContain("2 living sessions would end (2 agents, for 1 principal)");
    expect(err).toMatch(/agent spiffe:\S+planner would get nothing new until lanyard lift/);
    expect(deployment.questions).toEqual(["Revoke agent planner?"]);
  });

  test("of many it shows ten and the count, by as few calls as that takes", async () => {
    for (let n = 0; n < 30; n++) await reading.open(`p${n}`);
    const { err } = await lanyard(["revoke", "--agent", "planner", "--reason", "r"], { answer: false });
    expect(err.split("\n").filter((line) => /^[\w-]{22} /.test(line))).toHaveLength(10);
    expect(err).toContain("and 20 more");
    expect(err).toContain("30 living sessions would end (1 agent, for 30 principals)");
    expect(deployment.asked).toHaveLength(1);
  });

  test("a revocation waits for no list that cannot be had, and with --yes for none at all", async () => {
    deployment.read.answer = async () => ({ status: 403, body: { Message: "Forbidden" } });
    const asked = await lanyard(["revoke", "--agent", "planner", "--reason", "r"]);
    expect(asked).toMatchObject({ code: 0, err: expect.stringContaining("what it would reach is not known: refused") });
    await lanyard(["revoke", "--agent", "planner", "--reason", "r", "--yes"]);
    expect(deployment.asked.every((call) => call.startsWith("POST"))).toBe(true);
  });
});
