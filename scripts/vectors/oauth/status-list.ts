import { z } from "zod";
import { createIssuerKeys } from "../../../core/verify/issuer-keys.ts";
import { statusAt } from "../../../core/verify/status/bits.ts";
import { decodeStatusList } from "../../../core/verify/status/list.ts";
import { verifyStatusList } from "../../../core/verify/status/source.ts";
import { MemoryWeb } from "../../../test/kit/memory/web.ts";
import { accepts, denialText, type Evaluated, eachCase, evaluated, topic } from "../document.ts";

const mebibit = { maxBytes: 2 ** 20 };

const shape = z.looseObject({
  vectors: z.array(z.unknown()),
  negative_lists: z.array(z.unknown()),
  tokens: z.looseObject({
    now: z.number(),
    uri: z.string(),
    jwks: z.looseObject({ keys: z.array(z.looseObject({})) }),
    cases: z.array(z.unknown()),
  }),
});

const packed = z.looseObject({
  name: z.string(),
  bits: z.number(),
  lst: z.string(),
  statuses: z.union([z.record(z.string(), z.number()), z.array(z.number())]),
});
const hostile = z.looseObject({
  name: z.string(),
  status_list: z.looseObject({ bits: z.unknown().optional(), lst: z.unknown().optional() }),
});
const listToken = z.looseObject({ name: z.string(), token: z.string(), expected: z.string() });

/** Every entry of a list must be what the note says, and 0 where it says nothing. */
function evaluateEntries(lst: unknown, bits: unknown, statuses: ReadonlyMap<number, number>): Evaluated {
  const list = decodeStatusList(lst, bits, mebibit);
  if (!list.ok) return { outcome: "invalid", reason: list.error };
  const size = (list.value.bytes.length * 8) / list.value.bits;
  for (let idx = 0; idx < size; idx++) {
    const value = statusAt(list.value, idx);
    if (!value.ok || value.value !== (statuses.get(idx) ?? 0))
      return { outcome: "invalid", reason: `entry ${idx} is read wrong` };
  }
  return { outcome: "valid", reason: `${size} entries` };
}

/** Token status lists: packed lists and signed list tokens. */
export const statusLists = topic(/^status-list\.json$/, shape, (given, folder, file) => {
  const { now, uri, jwks, cases } = given.tokens;
  const issuer = "https://id.example";
  const web = new MemoryWeb();
  web.put(`${issuer}/.well-known/oauth-authorization-server`, { issuer, jwks_uri: `${issuer}/jwks` });
  web.put(`${issuer}/jwks`, { keys: jwks.keys.map((key) => ({ ...key, lanyard_typ: "statuslist+jwt" })) });
  const keys = () => createIssuerKeys({ issuer, fetcher: web, clock: { nowMillis: () => now * 1000 } });
  return [
    ...eachCase(given.vectors, { folder, file, shape: packed }, ({ name, bits, lst, statuses }) => ({
      file: folder.label(file, name),
      said: "valid",
      expected: ["valid" as const],
      evaluate: () => evaluateEntries(lst, bits, new Map(Object.entries(statuses).map(([idx, s]) => [Number(idx), s]))),
    })),
    ...eachCase(given.negative_lists, { folder, file, shape: hostile }, ({ name, status_list: { bits, lst } }) => ({
      file: folder.label(file, name),
      said: "invalid",
      expected: ["invalid" as const],
      evaluate: () => evaluated(decodeStatusList(lst, bits, mebibit), () => "read", String),
    })),
    ...eachCase(cases, { folder, file, shape: listToken }, ({ name, token, expected }) => ({
      file: folder.label(file, name),
      said: expected,
      // a list without exp is left to the verifier; ours dies within two minutes, so one that never does is refused
      expected: accepts(expected, expected === "valid" ? "valid" : "invalid"),
      evaluate: async () =>
        evaluated(
          await verifyStatusList(token, uri, { keys: keys(), now }),
          () => "a signed list",
          (e) => (typeof e === "string" ? e : denialText(e)),
        ),
    })),
  ];
});
