import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLogin } from "../../core/model/login.ts";
import type { LivenessRows } from "../../core/session/store.ts";
import { program } from "./command.ts";
import { runProgram, type Tally } from "./run.ts";
import type { Stage } from "./stage.ts";

/** `npm run model -- --seed N --runs N` is the long form. */
const check = (runs: number, sabotage?: (stage: Stage) => void, tally: Tally = new Map()) =>
  fc.check(
    fc.asyncProperty(program, async (commands) => runProgram(commands, { tally, ...(sabotage ? { sabotage } : {}) })),
    { seed: 20_261_124, numRuns: runs, endOnFailure: true },
  );

/** Changes what every liveness read says. */
const lying = (change: (rows: LivenessRows) => LivenessRows) => (stage: Stage) => {
  const { store } = stage.world;
  const honest = store.readLiveness.bind(store);
  store.readLiveness = async (query) => change(await honest(query));
};

const standing = { generation: 0, blocked: false };

describe("random programs by several agents and people at once", () => {
  it("show no difference between the service and the reference model, and grant a good part of what they ask", async () => {
    const tally: Tally = new Map();
    const result = await check(50, undefined, tally);
    expect(String(result.errorInstance ?? "no difference")).toBe("no difference");
    for (const kind of ["open", "access", "offer", "redeem", "hop", "introspect", "end", "renew"]) {
      const { sent, granted } = tally.get(kind) ?? { sent: 0, granted: 0 };
      expect(granted, `${kind} of ${sent}`).toBeGreaterThan(sent / 20);
    }
  });

  it.each<[string, (stage: Stage) => void]>([
    ["forgets tombstones", lying((rows) => ({ ...rows, tombstones: new Set() }))],
    ["forgets whom an operator cut or blocked", lying((rows) => ({ ...rows, standings: new Map() }))],
    [
      "lifts a block by itself",
      lying((rows) => ({
        ...rows,
        standings: new Map([...rows.standings].map(([name, row]) => [name, { ...row, blocked: false }])),
      })),
    ],
    [
      "takes a cut for a block alone",
      lying((rows) => ({
        ...rows,
        standings: new Map([...rows.standings].map(([name, { blocked }]) => [name, { ...standing, blocked }])),
      })),
    ],
    [
      "forgets that the deployment was cut",
      lying((rows) => (rows.deployment ? { ...rows, deployment: { ...rows.deployment, ...standing } } : rows)),
    ],
    [
      "forgets burnt logins",
      lying((rows) => ({
        ...rows,
        standings: new Map([...rows.standings].map(([name, { burntAtSeconds: _, ...row }]) => [name, row])),
      })),
    ],
    [
      "lets siblings of a revoked login live on",
      lying((rows) => ({
        ...rows,
        standings: new Map(
          [...rows.standings].map(([name, row]) => [name, isLogin(name) ? { ...row, generation: 0 } : row]),
        ),
      })),
    ],
    [
      "lets sessions live a second longer",
      lying((rows) =>
        rows.session
          ? { ...rows, session: { ...rows.session, expiresAtSeconds: rows.session.expiresAtSeconds + 1 } }
          : rows,
      ),
    ],
    [
      "lets every use be the first",
      ({ world: { store } }) => {
        const honest = store.use.bind(store);
        store.use = async (write) => {
          for (const name of store.counters.keys()) store.counters.set(name, 9);
          return honest(write);
        };
      },
    ],
    [
      "leaves withdrawn offers open",
      ({ world: { store } }) => {
        const honest = store.revoke.bind(store);
        store.revoke = async ({ withdraw: _, ...write }) => honest(write);
      },
    ],
  ])("would be noticed by the model if the store %s", async (_name, sabotage) => {
    expect((await check(400, sabotage)).failed).toBe(true);
  });
});
