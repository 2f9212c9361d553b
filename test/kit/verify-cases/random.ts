import type { VerifyCase } from "./case.ts";
import {
  ada,
  asks,
  build,
  caller,
  chain,
  claims,
  headerOf,
  issuer,
  nowSeconds,
  planner,
  researcher,
  resource,
  session,
} from "./issuer.ts";
import { jws, streamOf } from "./keys.ts";

/** Values that somebody might put anywhere. */
const odd: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1,
    1.5,
    65,
    2 ** 53,
    1e21,
    "",
    " ",
    "x",
    "0",
    "true",
    "\u0000",
    "\ud83d\ude00",
    "a b",
    "__proto__",
  ],
  ...[
    [],
    [null],
    [[]],
    {},
    { sub: planner },
    { sub: planner, act: { sub: researcher } },
    { jkt: caller.jkt },
    { jkt: null },
  ],
  ...[
    ada,
    planner,
    researcher,
    resource,
    issuer,
    nowSeconds,
    nowSeconds + 5,
    "fresh",
    "document",
    [0, 0, 0],
    [[build, 0]],
    [[build, 1]],
  ],
  ...[
    { status_list: { idx: 7, uri: `${issuer}/status/1785540000-0` } },
    { status_list: { idx: 8, uri: `${issuer}/status/1785540000-0` } },
    [{ type: "x" }],
    "x".repeat(300),
  ],
];
const names = [
  ...[
    "iss",
    "sub",
    "aud",
    "client_id",
    "iat",
    "exp",
    "nbf",
    "jti",
    "scope",
    "cnf",
    "act",
    "sid",
    "root",
    "depth",
    "assurance",
  ],
  ...["status", "epochs", "others", "login", "authorization_details", "sub_id"],
];

/**
 * Tokens with one to three claims that are something else, rightly signed and rightly proved. What becomes of them is
 * recorded: the two verifiers must agree on each.
 */
export function randomCases(count: number): readonly VerifyCase[] {
  return Array.from({ length: count }, (_, n) => {
    const bytes = streamOf(`random ${n}`, 16);
    const pick = <T>(all: readonly T[], at: number): T => all[(bytes.readUInt16BE(at) ?? 0) % all.length] as T;
    const changed: Record<string, unknown> = {};
    for (let i = 0; i <= (bytes[0] ?? 0) % 3; i++) changed[pick(names, 1 + 4 * i)] = pick(odd, 3 + 4 * i);
    const base = (bytes[15] ?? 0) % 2 === 0 ? {} : chain;
    const sent = jws(session, headerOf(session), claims({ ...base, ...changed }));
    const title = `${base === chain ? "a chain's" : "a person's"} token with ${JSON.stringify(changed).slice(0, 120)}`;
    return { id: `random-${n + 1}`, title, steps: [asks(sent, "recorded")] };
  });
}
