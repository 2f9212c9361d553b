/** Ways in which a store may lie; the model has to notice each. */

import { isLogin } from "../../core/model/login.ts";
import type { RateLimiter } from "../../core/model/ports.ts";
import type { LivenessRows, TreeGrowth } from "../../core/session/store.ts";
import { governedLies } from "./governed-lies.ts";
import type { Stage } from "./stage.ts";

/** Changes what every liveness read says. */
const lying = (change: (rows: LivenessRows) => LivenessRows) => (stage: Stage) => {
  const { store } = stage.world;
  const honest = store.readLiveness.bind(store);
  store.readLiveness = async (query) => change(await honest(query));
};

/** Changes what a tree is asked to grow by, or may. */
const growing =
  (change: (asked: { root: string; by: TreeGrowth; most: TreeGrowth }, stage: Stage) => object) => (stage: Stage) => {
    const { store } = stage.world;
    const honest = store.growTree.bind(store);
    store.growTree = (root, by, most) => {
      const asked = { root, by, most };
      const { root: tree, by: more, most: bound } = { ...asked, ...change(asked, stage) };
      return honest(tree, more, bound);
    };
  };

const unrevoked = { epoch: 0, blocked: false };

/** What the store does, and how it is made to: the service is changed before the program starts. */
export const lies: Readonly<Record<string, (stage: Stage) => void>> = Object.fromEntries<(stage: Stage) => void>([
  ["forgets tombstones", lying((rows) => ({ ...rows, tombstones: new Set() }))],
  ["forgets whom an operator cut or blocked", lying((rows) => ({ ...rows, epochs: new Map() }))],
  [
    "lifts a block by itself",
    lying((rows) => ({
      ...rows,
      epochs: new Map([...rows.epochs].map(([name, row]) => [name, { ...row, blocked: false }])),
    })),
  ],
  [
    "takes a cut for a block alone",
    lying((rows) => ({
      ...rows,
      epochs: new Map([...rows.epochs].map(([name, { blocked }]) => [name, { ...unrevoked, blocked }])),
    })),
  ],
  [
    "forgets that the deployment was cut",
    lying((rows) => (rows.deployment ? { ...rows, deployment: { ...rows.deployment, ...unrevoked } } : rows)),
  ],
  [
    "forgets denylisted logins",
    lying((rows) => ({
      ...rows,
      epochs: new Map([...rows.epochs].map(([name, { denylistedAtSeconds: _, ...row }]) => [name, row])),
    })),
  ],
  [
    "lets siblings of a revoked login live on",
    lying((rows) => ({
      ...rows,
      epochs: new Map([...rows.epochs].map(([name, row]) => [name, isLogin(name) ? { ...row, epoch: 0 } : row])),
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
  ["lets trees grow without end", growing(() => ({ most: { children: 9_999, bytes: 1e9 } }))],
  ["counts no children", growing(({ most }) => ({ most: { ...most, children: 9_999 } }))],
  ["counts no bytes", growing(({ most }) => ({ most: { ...most, bytes: 1e9 } }))],
  ["counts all trees as one", growing(() => ({ root: "everyone" }))],
  [
    "never lets a tree grow again that was full once",
    ({ world: { store } }) => {
      const honest = store.growTree.bind(store);
      const full = new Set<string>();
      store.growTree = async (root, by, most) => {
        const room = !full.has(root) && (await honest(root, by, most));
        if (!room) full.add(root);
        return room;
      };
    },
  ],
  [
    "lets an agent end as much as it likes",
    ({ world: { limiter } }) => {
      const honest: RateLimiter["take"] = limiter.take.bind(limiter);
      Object.assign(limiter, {
        take: async (...[id, perSecond, what]: Parameters<RateLimiter["take"]>) =>
          (await honest(id, perSecond, what)) || what === "revoke",
      });
    },
  ],
  [
    "takes the right to end from the bucket of what is issued",
    ({ world: { limiter } }) => {
      const honest: RateLimiter["take"] = limiter.take.bind(limiter);
      Object.assign(limiter, { take: (id: string, perSecond: number) => honest(id, perSecond) });
    },
  ],
  [
    "forgets when at the latest a hop's session ends",
    lying((rows) => {
      if (!rows.session) return rows;
      const { lastEndSeconds: _, ...session } = rows.session;
      return { ...rows, session };
    }),
  ],
  [
    "forgets the life that an entailment grants",
    ({ world: { deps } }) => {
      const { registries } = deps;
      const honest = registries.at;
      const forgetful = async (version: number) => {
        const snapshot = await honest(version);
        const scopeMappings: typeof snapshot.scopeMappings = (...asked) =>
          snapshot.scopeMappings(...asked).map(({ lifetimeSeconds: _, ...mapping }) => mapping);
        return { ...snapshot, scopeMappings };
      };
      const { current } = registries;
      registries.at = forgetful;
      registries.current = async () => {
        const snapshot = await current();
        return snapshot && forgetful(snapshot.version);
      };
    },
  ],
  [
    "reads what cannot be read",
    ({ world: { store } }) => {
      const honest = store.readLiveness.bind(store);
      store.readLiveness = async (query) => {
        const rows = await honest(query).catch(() => undefined);
        if (rows?.complete) return rows;
        store.beforeLiveness = undefined;
        store.unreadable = false;
        return honest(query);
      };
    },
  ],
  [
    "takes what it could not read for dead",
    ({ world: { store } }) => {
      const honest = store.readLiveness.bind(store);
      store.readLiveness = async (query) => {
        const rows = await honest(query).catch(() => undefined);
        if (rows?.complete) return rows;
        const { root, sid } = query.session ?? { root: "", sid: "" };
        const session = store.sessions.get(`${root} ${sid}`);
        if (session) store.sessions.set(`${root} ${sid}`, { ...session, ended: true });
        throw new Error("the table is not there");
      };
    },
  ],
  ...Object.entries(governedLies),
]);
