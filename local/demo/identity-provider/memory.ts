import type { Adapter, AdapterPayload } from "oidc-provider";

/**
 * Where the provider keeps codes, sessions and consents: this process's memory. A sign-in lasts milliseconds and what
 * it yields are signed tokens, so nothing here needs to outlive the process; the keys do (`state.ts`).
 * @returns a factory of adapters, one a model, that share nothing with another provider of the same process
 */
export function memoryAdapters(): (model: string) => Adapter {
  const rows = new Map<string, { payload: AdapterPayload; goneAtMillis: number }>();
  const live = (key: string) => {
    const row = rows.get(key);
    if (row && row.goneAtMillis > Date.now()) return row.payload;
    rows.delete(key);
    return undefined;
  };
  const where = async (test: (payload: AdapterPayload) => boolean) =>
    [...rows.values()].find((row) => row.goneAtMillis > Date.now() && test(row.payload))?.payload;
  return (model) => ({
    async upsert(id, payload, expiresInSeconds) {
      const goneAtMillis = expiresInSeconds === undefined ? Infinity : Date.now() + expiresInSeconds * 1000;
      rows.set(`${model}:${id}`, { payload, goneAtMillis });
    },
    find: async (id) => live(`${model}:${id}`),
    findByUid: (uid) => where((payload) => payload.uid === uid),
    findByUserCode: (userCode) => where((payload) => payload.userCode === userCode),
    async consume(id) {
      const payload = live(`${model}:${id}`);
      if (payload) payload.consumed = Math.floor(Date.now() / 1000);
    },
    async destroy(id) {
      rows.delete(`${model}:${id}`);
    },
    async revokeByGrantId(grantId) {
      for (const [key, row] of rows) if (row.payload.grantId === grantId) rows.delete(key);
    },
  });
}
