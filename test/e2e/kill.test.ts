import { afterAll, describe, expect, it } from "vitest";
import { limits } from "../../core/model/limits.ts";
import { signedOrder } from "../../local/demo/story/cast.ts";
import { matchesPattern } from "../../local/emulator/events/pattern.ts";
import {
  api,
  broken,
  glass,
  kill,
  lanyard,
  measured,
  mend,
  open,
  opening,
  own,
  refusedAfter,
  rowsOf,
  setUp,
  task,
  world,
} from "./kill/ground.ts";
import { roleCases } from "./kill/role.ts";
import { allLines, killRule, trail } from "./kill/told.ts";

setUp();
afterAll(() => {
  for (const line of measured) console.log(line);
});

const reason = (why: string) => ["--yes", "--json", "--reason", why];
/** What a machine may be late by. */
const slackMillis = 5_000;

describe("the kill role", roleCases);

describe("with every function broken", () => {
  /** Audit events of what was killed, in order. */
  const events: string[] = [];
  const killed = async () => (await trail()).filter(({ metadata }) => events.includes(metadata.uid));

  it("an agent is killed; introspection refuses at once, and who verifies offline when its list is too old", async () => {
    const session = await open();
    await broken();
    const startedMillis = performance.now();
    const code = ["--mfa-serial", glass.mfaSerial, "--mfa-code", glass.mfaCode(1)];
    const done = await kill(["agent", "planner", ...code, "--reason", "misbehaves"], {
      credentials: glass.credentials,
      typed: "planner",
    });
    expect(done, done.err).toMatchObject({ code: 0 });
    measured.push(`kill, factor and word included: ${Math.round(performance.now() - startedMillis)} ms`);
    expect(done.out).toMatch(/^agent spiffe:\S+planner is over, with all below it, and gets nothing new$/m);
    events.push(/audit event (\S{22}),/.exec(done.out)?.[1] ?? "");
    expect(await api.asking(session)).toBe(503);
    const { millis, status } = await refusedAfter(session);
    measured.push(`offline, issuer gone: refused after ${millis} ms (${status})`);
    expect(status).toBe(503);
    expect(millis).toBeLessThan((limits.statusListTtlSeconds + 2) * 1000 + slackMillis);
  });

  it("and when they are mended, everything refuses it, and a lift lets it begin anew", async () => {
    mend();
    expect(await opening()).toBe("refused");
    await signedOrder(world, { lift: { agent: own("planner").id }, reason: "found" });
    expect(await opening()).toBe("opened");
  });

  it("everything is killed: all copies of the deployment's row are raised and blocked, and nothing is issued until it is lifted", async () => {
    const session = await open();
    const copies = async () =>
      (await rowsOf("RevocationsTable")).filter(({ subject }) => subject?.S?.startsWith("deployment#"));
    const before = (await copies()).map(({ generation }) => Number(generation?.N ?? 0));
    await broken();
    const done = await kill(["everything", ...reason("the key was seen elsewhere")]);
    expect(done, done.err).toMatchObject({ code: 0 });
    events.push(done.json().event);
    const after = await copies();
    expect(after).toHaveLength(limits.deploymentCopies);
    expect(new Set(before).size).toBe(1);
    for (const { generation, blocked } of after)
      expect([Number(generation?.N), blocked?.BOOL]).toEqual([(before[0] ?? 0) + 1, true]);
    mend();
    await expect.poll(() => api.asking(session)).not.toBe(200);
    expect(await opening()).toBe("refused");
    await signedOrder(world, { lift: { deployment: world.endpoints.deployment.trustDomain }, reason: "found" });
    expect(await opening()).toBe("opened");
  });

  it("while the publisher and discovery live, who verifies offline refuses at the next list", async () => {
    const session = await open();
    await broken("publisher", "discovery");
    const done = await kill(["agent", "planner", ...reason("misbehaves")]);
    expect(done, done.err).toMatchObject({ code: 0 });
    events.push(done.json().event);
    const { millis, status } = await refusedAfter(session);
    measured.push(`offline, lists still published: refused after ${millis} ms (${status})`);
    expect(status).toBe(401);
    mend();
    await signedOrder(world, { lift: { agent: own("planner").id }, reason: "found" });
  });

  it("a build is killed in every task that runs it, and in none that runs another", async () => {
    const [bad, good] = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`];
    const [over, living] = [await open(task(bad)), await open(task(good))];
    await broken();
    const done = await kill(["build", bad, ...reason("stolen from the builder")]);
    expect(done, done.err).toMatchObject({ code: 0 });
    events.push(done.json().event);
    mend();
    await expect.poll(() => api.asking(over)).toBe(401);
    await expect.poll(() => api.offline(over), { interval: 50 }).toBe(401);
    expect(await api.asking(living)).toBe(200);
    expect([await opening(task(bad)), await opening(task(good))]).toEqual(["refused", "opened"]);
  });

  // last: after a lift only a later login of the person counts
  it("a principal is killed, and what was done on its authority is over when the functions are mended", async () => {
    const session = await open();
    const person = session.principal ?? "";
    await broken();
    const done = await kill(["principal", person, ...reason("account taken over")]);
    expect(done, done.err).toMatchObject({ code: 0 });
    events.push(done.json().event);
    mend();
    await expect.poll(() => api.asking(session)).toBe(401);
    await expect.poll(() => api.offline(session), { interval: 50 }).toBe(401);
    expect(await opening()).toBe("refused");
  });

  it("every kill is in the trail and proven by the log, with who did it and the request by which CloudTrail has it", async () => {
    mend();
    await expect
      .poll(
        async () => {
          await world.cloud.flushAudit();
          return (await killed()).length;
        },
        { interval: 500 },
      )
      .toBe(events.length);
    const records = await killed();
    expect(records).toHaveLength(5);
    for (const record of records) {
      expect(record).toMatchObject({ status: "Success", actor: { user: { type: "Admin" } } });
      expect(record.actor.user.name).toMatch(/:assumed-role\/lanyard-local-eu-west-1-operator-kill\/break-glass$/);
      expect(record.actor.user.uid).toMatch(/^AIDA/);
    }
    const said = JSON.stringify(records);
    expect(said).toContain("misbehaves");
    // a reason about a person has no key here
    expect(said).not.toContain("account taken over");
    await world.cloud.invoke("sealer", {});
    for (const event of events) {
      const proof = await lanyard("audit", "prove", event);
      expect(proof, proof.err).toMatchObject({ code: 0 });
      expect(proof.out).toMatch(/entry \d+ of \d+ of /);
    }
  });

  it("threat 63: each use, and each try, is an event by which the template's rule rings", async () => {
    world.cloud.trail?.flush();
    const pattern = killRule();
    const rung = allLines(world.endpoints.trailFolder).filter((detail) =>
      matchesPattern(pattern, { source: "aws.sts", "detail-type": "AWS API Call via CloudTrail", detail }),
    );
    const outcomes = rung.map(({ errorCode = "taken" }) => errorCode);
    expect(outcomes.filter((one) => one === "taken").length).toBeGreaterThan(4);
    expect(outcomes).toContain("AccessDenied");
    const ids = rung.map(({ requestID }) => requestID);
    for (const { unmapped } of await killed()) expect(ids).toContain(unmapped.lanyard.request_id);
  });
});
