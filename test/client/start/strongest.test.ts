import { beforeEach, describe, expect, test } from "vitest";
import { createAgent } from "../../../client/agent/agent.ts";
import { EvidenceError } from "../../../client/error.ts";
import type { EvidenceSource } from "../../../client/evidence/platform/source.ts";
import type { Kind } from "../../../client/start/kinds.ts";
import { strongestOf } from "../../../client/start/strongest.ts";
import { agentId, tickets } from "../../kit/registry.ts";
import { issuer } from "../../kit/world/ground.ts";
import { createDeployment, type Deployment, evidenceOf } from "../deployment.ts";

let cloud: Deployment;
const shown: string[] = [];
beforeEach(async () => {
  cloud = await createDeployment();
  shown.length = 0;
});

const me = agentId("researcher");
const mine = "researcher";
const kind = (name: string, source: EvidenceSource): Kind => ({
  type: name,
  assurance: "fresh",
  load: async () => ({
    type: source.type,
    collect: async (request) => {
      shown.push(name);
      return source.collect(request);
    },
  }),
});
const good = kind("good", evidenceOf(mine));
/** Genuine, of a workload that the registration does not name. */
const notMine = kind("not mine", evidenceOf("nobody"));
const unknown = kind("unknown", { type: "ecs-task", collect: async () => ({ type: "ecs-task" }) });
const failing = kind("failing", {
  type: "spiffe-x509-svid",
  collect: async () => {
    throw new EvidenceError("the Workload API failed: PERMISSION_DENIED");
  },
});
const started = (...kinds: readonly Kind[]) =>
  createAgent({ issuer, agent: me, evidence: strongestOf(kinds), fetch: cloud.fetch, clock: cloud.clock });

describe("the strongest evidence", () => {
  test("is the first that the deployment knows and the registration admits, and stays that for good", async () => {
    const agent = started(unknown, notMine, good, failing);
    expect((await agent.identity()).assurance).toBe("fresh");
    expect(shown).toEqual(["unknown", "not mine", "good"]);
    cloud.time.seconds += 3_600;
    await agent.identity();
    expect(shown).toEqual(["unknown", "not mine", "good", "good"]);
  });

  test("is not replaced by another once it was accepted, whatever the issuer says later", async () => {
    const agent = started(good, kind("weaker", evidenceOf(mine)));
    await agent.identity();
    cloud.time.seconds += 3_600;
    cloud.intercept.answer = ({ url, body }) =>
      body.includes("evidence") && !url.endsWith("challenge")
        ? Response.json(
            { error: "invalid_client", error_description: "the evidence does not prove the named agent" },
            { status: 401 },
          )
        : undefined;
    await expect(agent.identity()).rejects.toMatchObject({ code: "attestation_refused" });
    expect(shown).toEqual(["good", "good"]);
  });

  test("threat 4: what the place refuses to hand out is not replaced by a weaker one, and the error says so", async () => {
    const agent = started(failing, good);
    await expect(agent.identity()).rejects.toMatchObject({
      code: "evidence_failed",
      description: expect.stringContaining("PERMISSION_DENIED; not tried in its place: good"),
    });
    expect(shown).toEqual(["failing"]);
  });

  test.each([
    [403, { error: "access_denied" }],
    [401, { error: "invalid_client", error_description: "the agent is not active" }],
    [401, { error: "invalid_client", error_description: "this agent needs an attestation of level measured" }],
    [400, { error: "invalid_request", error_description: "the body is too long" }],
    [503, { error: "temporarily_unavailable" }],
    [429, { error: "slow_down" }],
    [500, { error: "invalid_client", error_description: "the evidence does not prove the named agent" }],
  ])("is not replaced after the refusal %s %o", async (status, body) => {
    cloud.intercept.answer = ({ body: sent }) =>
      sent.includes("evidence") ? Response.json(body, { status }) : undefined;
    await expect(started(good, kind("weaker", evidenceOf(mine))).identity()).rejects.toThrow();
    expect(new Set(shown)).toEqual(new Set(["good"]));
  });

  test("is looked for in a bounded number of tries, each kind once", async () => {
    const many = Array.from({ length: 30 }, (_, index) => kind(`wrong ${index}`, evidenceOf("nobody")));
    await expect(started(...many).identity()).rejects.toMatchObject({ code: "attestation_refused" });
    expect(shown).toHaveLength(8);
    shown.length = 0;
    await expect(started(unknown, notMine).identity()).rejects.toMatchObject({ code: "attestation_refused" });
    expect(shown).toEqual(["unknown", "not mine"]);
  });
});

const grants = [{ resource: tickets, scopes: ["tickets:read"] }];

describe("await using", () => {
  test("ends a session with its block", async () => {
    const agent = started(good);
    let sid = "";
    {
      await using session = await agent.open({ grants, renewable: true });
      sid = session.sid;
      expect((await session.accessToken(tickets)).scopes).toEqual(["tickets:read"]);
    }
    expect(cloud.sent.filter(({ url }) => url.includes("rev456"))).toHaveLength(1);
    expect(sid).not.toBe("");
  });

  test("shows the block's own error, and tells the listener of a session that could not be ended", async () => {
    const heard: unknown[] = [];
    const unended = (error: unknown, session: string) => {
      heard.push([(error as { code?: string }).code, session]);
      throw new Error("a listener that fails");
    };
    const agent = createAgent({
      ...{ issuer, agent: me, evidence: evidenceOf(mine), fetch: cloud.fetch, clock: cloud.clock, unended },
    });
    let sid = "";
    const work = async () => {
      await using session = await agent.open({ grants, renewable: true });
      sid = session.sid;
      cloud.intercept.answer = ({ url }) => {
        if (url.includes("rev456")) throw new TypeError("fetch failed");
        return undefined;
      };
      throw new RangeError("the block's own");
    };
    const thrown: unknown = await work().catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(RangeError);
    expect(heard).toEqual([["unreachable", sid]]);
  });

  test("ends every session that an agent opened and did not end", async () => {
    const revoked = () => cloud.sent.filter(({ url }) => url.includes("rev456")).length;
    {
      await using agent = started(good);
      const [first] = await Promise.all([1, 2, 3].map(() => agent.open({ grants, renewable: true })));
      await first?.end();
      expect(revoked()).toBe(1);
    }
    expect(revoked()).toBe(3);
  });

  test("threat 43: a session refuses an address outside its resource before it asks for a token", async () => {
    await using session = await started(good).open({ grants, renewable: true });
    const before = cloud.sent.length;
    await expect(session.fetch("https://evil.example/", { resource: tickets })).rejects.toMatchObject({
      code: "outside_resource",
    });
    expect(cloud.sent.length).toBe(before);
  });
});
