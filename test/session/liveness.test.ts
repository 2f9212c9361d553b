import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { Session } from "../../core/model/session.ts";
import { subjects } from "../../core/model/subjects.ts";
import { evaluateSession, mergeQueries, queryFor, readLiveness } from "../../core/session/liveness.ts";
import type { LivenessQuery, LivenessRows, RevocationEpoch } from "../../core/session/store.ts";
import { agentId } from "../kit/registry.ts";

const nowSeconds = 1_785_542_400;
const planner = subjects.agent(agentId("planner"));
const researcher = subjects.agent(agentId("researcher"));
const person = subjects.principal("p_ada");

const grandchild: Session = {
  root: "root",
  sid: "grandchild",
  anc: ["child"],
  depth: 2,
  principal: { id: "p_ada", kind: "person" },
  actors: [agentId("planner"), agentId("researcher")],
  grants: [],
  jkt: "jkt",
  assurance: "fresh",
  createdAtSeconds: nowSeconds - 60,
  expiresAtSeconds: nowSeconds + 60,
  epochs: { deployment: 2, [planner]: 1, [researcher]: 0, [person]: 3, "build:abc": 5 },
  registryVersion: 1,
  status: { list: "2026080100-0", idx: 1 },
};

const epochs = (changes: Record<string, Partial<RevocationEpoch>> = {}): ReadonlyMap<string, RevocationEpoch> =>
  new Map(
    [planner, person, "build:abc", researcher].map((subject) => [
      subject,
      { epoch: grandchild.epochs[subject] ?? 0, blocked: false, ...changes[subject] },
    ]),
  );

const rows = (more: Partial<LivenessRows> = {}): LivenessRows => ({
  complete: true,
  session: grandchild,
  tombstones: new Set(),
  epochs: epochs(),
  deployment: { epoch: 2, blocked: false, registryVersion: 1 },
  ...more,
});

const cause = (changed: LivenessRows, at = nowSeconds) => {
  const evaluated = evaluateSession(changed, "grandchild", at);
  return evaluated.ok ? "alive" : evaluated.error.kind;
};

describe("a session", () => {
  it("is alive while nothing it was issued under changed", () => {
    expect(cause(rows())).toBe("alive");
  });

  it.each([
    ["its own tombstone", rows({ tombstones: new Set(["grandchild"]) }), "tombstone"],
    ["its parent's tombstone", rows({ tombstones: new Set(["child"]) }), "tombstone"],
    ["its root's tombstone", rows({ tombstones: new Set(["root"]) }), "tombstone"],
    [
      "threat 5: a raised epoch of the agent at the top",
      rows({ epochs: epochs({ [planner]: { epoch: 2 } }) }),
      "generation",
    ],
    ["a raised epoch of the person", rows({ epochs: epochs({ [person]: { epoch: 4 } }) }), "generation"],
    ["a raised epoch of a build further up", rows({ epochs: epochs({ "build:abc": { epoch: 6 } }) }), "generation"],
    ["a counter that restarted at zero", rows({ epochs: new Map() }), "generation"],
    ["a block of its agent", rows({ epochs: epochs({ [researcher]: { blocked: true } }) }), "blocked"],
    ["a block of the deployment", rows({ deployment: { epoch: 2, blocked: true, registryVersion: 1 } }), "blocked"],
    ["a cut of the deployment", rows({ deployment: { epoch: 3, blocked: false, registryVersion: 1 } }), "generation"],
    ["an end while it was issued", rows({ session: { ...grandchild, ended: true } }), "ended"],
    ["a key that stayed unread", rows({ complete: false }), "unreadable"],
  ])("dies by %s", (_, changed, expected) => {
    expect(cause(changed)).toBe(expected);
  });

  it("dies when its row is missing, or another session's row came back", () => {
    const { session: _, ...without } = rows();
    expect(cause(without)).toBe("missing");
    expect(cause(rows({ session: { ...grandchild, sid: "other" } }))).toBe("missing");
  });

  it("dies when the deployment's row is missing: nothing is decided without it", () => {
    const { deployment: _, ...without } = rows();
    expect(cause(without)).toBe("unreadable");
  });

  it("dies by our own clock at its very second, though its row is still there", () => {
    expect(cause(rows(), nowSeconds + 59)).toBe("alive");
    expect(cause(rows(), nowSeconds + 60)).toBe("expired");
  });
});

property.prop([
  fc.subarray([planner, researcher, person, "build:abc", "deployment"], { minLength: 1 }),
  fc.integer({ min: 1, max: 5 }),
])("whatever counters are raised, in whatever number, the session does not survive", (raised, by) => {
  const changes = Object.fromEntries(raised.map((s) => [s, { epoch: (grandchild.epochs[s] ?? 0) + by }]));
  const epoch = 2 + (raised.includes("deployment") ? by : 0);
  const changed = rows({
    epochs: epochs(changes),
    deployment: { epoch, blocked: false, registryVersion: 1 },
  });
  expect(cause(changed)).toBe("generation");
});

describe("the liveness read", () => {
  it("asks for every agent, ancestor and the principal in one query", () => {
    const query = queryFor({ ...grandchild, principalId: "p_ada", logins: [] });
    expect(query.tombstones).toEqual(["grandchild", "root", "child"]);
    expect(query.subjects).toEqual([planner, researcher, person]);
    expect(query.session).toEqual({ root: "root", sid: "grandchild" });
  });

  it("reads a second time only for what the row names and the token could not", async () => {
    const asked: LivenessQuery[] = [];
    const store = {
      readLiveness: async (query: LivenessQuery) => {
        asked.push(query);
        return rows();
      },
    };
    await readLiveness(store, queryFor({ ...grandchild, principalId: "p_ada", logins: [] }));
    expect(asked.map((q) => q.subjects.includes("build:abc"))).toEqual([false, true]);
    const all = mergeQueries(queryFor({ ...grandchild, principalId: "p_ada", logins: [] }), {
      tombstones: [],
      subjects: ["build:abc"],
    });
    await readLiveness(store, all);
    expect(asked.length).toBe(3);
  });
});
