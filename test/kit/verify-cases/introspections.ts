import type { CaseOptions, CaseStep, VerifyCase } from "./case.ts";
import { asks, claims, foreign, issuer, nowSeconds, other, proof, resource, token } from "./issuer.ts";

const good = token();
const headers = (...all: readonly (readonly [string, string])[]): Pick<CaseStep, "headers"> => ({ headers: all });

export function handle(letter = "h"): string {
  return `lya_${letter.repeat(22)}.${letter.repeat(43)}`;
}
const said = (more: object = {}) => ({ active: true, ...claims({ status: undefined, ...more }) });
const introspect = (answers: Readonly<Record<string, object | string>>): CaseOptions => ({ introspect: answers });
const spent = {
  ...{ active: false, error: "budget_spent", budget: "ledger", of: "agent", what: "calls", left: 0 },
  renews_at: 1_785_546_000,
};
/** Answers that say a budget stands against the request, whole and not. */
const budgets: readonly (readonly [title: string, answer: object, expect: string])[] = [
  ["a budget that is spent", spent, "budget_spent"],
  ["a person's budget of money with something left", { ...spent, of: "person", what: "EUR", left: 7 }, "budget_spent"],
  ["a cost that is required", { active: false, error: "cost_required", budget: "b", currency: "EUR" }, "cost_required"],
  ["a spent budget at the end of all dates", { ...spent, renews_at: 253_402_300_799 }, "budget_spent"],
  ["a spent budget after it", { ...spent, renews_at: 253_402_300_800 }, "session_over"],
  ["a spent budget of nobody", { ...spent, of: "nobody" }, "session_over"],
  ["a spent budget without a name", { ...spent, budget: "" }, "session_over"],
  ["a spent budget with a name of two lines", { ...spent, budget: "a\nb" }, "session_over"],
  ["a spent budget that owes", { ...spent, left: -1 }, "session_over"],
  ["a spent budget with a fraction left", { ...spent, left: 0.5 }, "session_over"],
  ["a spent budget with words left", { ...spent, left: "0" }, "session_over"],
  ["a spent budget that never renews", { ...spent, renews_at: undefined }, "session_over"],
  ["a cost that is required in no currency", { ...spent, error: "cost_required" }, "session_over"],
  ["another error", { ...spent, error: "Budget_spent" }, "session_over"],
];
const introspections: readonly (readonly [title: string, options: CaseOptions, step: CaseStep])[] = [
  ["an active JWT", introspect({ [good]: said() }), asks(good, "accepted")],
  ["an inactive JWT", introspect({ [good]: { active: false } }), asks(good, "session_over")],
  [
    "an answer about another token",
    introspect({ [good]: said({ jti: "token-2" }) }),
    asks(good, "introspection_unavailable"),
  ],
  ["an answer that is not true", introspect({ [good]: { ...said(), active: "true" } }), asks(good, "session_over")],
  ["no answer", introspect({ [good]: "unreachable" }), asks(good, "introspection_unavailable")],
  ...[handle(), good].flatMap((one) =>
    budgets.map(([title, answer, expect]): (typeof introspections)[number] => [
      `${one === good ? "a JWT" : "a handle"}, and ${title}`,
      introspect({ [one]: answer }),
      asks(one, expect),
    ]),
  ),
  ["a JWT of a stranger, which is not asked about", introspect({}), asks(token({}, foreign), "token_invalid")],
  ["an active handle", introspect({ [handle()]: said() }), asks(handle(), "accepted")],
  ["an inactive handle", introspect({ [handle()]: { active: false } }), asks(handle(), "session_over")],
  [
    "a handle without a proof",
    introspect({ [handle()]: said() }),
    { ...headers(["authorization", `DPoP ${handle()}`]), expect: "proof_missing" },
  ],
  [
    "a handle with a proof for another",
    introspect({ [handle()]: said() }),
    { ...headers(["authorization", `DPoP ${handle()}`], ["dpop", proof(handle("x"))]), expect: "proof_invalid" },
  ],
  [
    "a handle by another key",
    introspect({ [handle()]: said() }),
    asks(handle(), "proof_key_mismatch", { twist: { key: other } }),
  ],
  [
    "a handle of another issuer",
    introspect({ [handle()]: said({ iss: `${issuer}/` }) }),
    asks(handle(), "introspection_unavailable"),
  ],
  [
    "a handle for another resource",
    introspect({ [handle()]: said({ aud: "https://other.example" }) }),
    asks(handle(), "introspection_unavailable"),
  ],
  [
    "a handle for a list of resources",
    introspect({ [handle()]: said({ aud: [resource] }) }),
    asks(handle(), "introspection_unavailable"),
  ],
  [
    "a handle that has ended",
    introspect({ [handle()]: said({ exp: nowSeconds }) }),
    asks(handle(), "introspection_unavailable"),
  ],
  [
    "a handle without an end",
    introspect({ [handle()]: said({ exp: undefined }) }),
    asks(handle(), "introspection_unavailable"),
  ],
  [
    "a handle with claims that are none",
    introspect({ [handle()]: said({ depth: -1 }) }),
    asks(handle(), "claims_invalid"),
  ],
  [
    "a handle bound to no key, as DPoP",
    introspect({ [handle()]: said({ cnf: undefined }) }),
    asks(handle(), "proof_key_mismatch"),
  ],
  [
    "a handle with details nobody reads",
    introspect({ [handle()]: said({ authorization_details: [{ type: "x" }] }) }),
    asks(handle(), "details_forbid"),
  ],
  ["no answer about a handle", introspect({ [handle()]: "timeout" }), asks(handle(), "introspection_unavailable")],
  [
    "a bearer handle",
    { acceptBearer: true, ...introspect({ [handle()]: said({ cnf: undefined }) }) },
    { ...headers(["authorization", `Bearer ${handle()}`]), expect: "accepted" },
  ],
  [
    "a bound handle as Bearer",
    { acceptBearer: true, ...introspect({ [handle()]: said() }) },
    { ...headers(["authorization", `Bearer ${handle()}`]), expect: "bearer_not_accepted" },
  ],
];

function used(): readonly VerifyCase[] {
  const inactive = introspect({ [handle()]: { active: false } });
  const step = asks(handle(), "session_over");
  const failing = asks(handle(), "introspection_unavailable");
  return [
    {
      id: "handle-used-1",
      title: "a proof for a handle nobody issued is forgotten",
      options: inactive,
      steps: [step, step],
    },
    {
      id: "handle-used-2",
      title: "a proof stays used where the issuer did not answer",
      options: introspect({ [handle()]: "timeout" }),
      steps: [failing, { ...failing, expect: "proof_replayed" }],
    },
  ];
}

/** What the issuer answers about a token or a handle. */
export const introspectCases = (): readonly VerifyCase[] => [
  ...introspections.map(([title, options, step], n) => ({ id: `introspect-${n + 1}`, title, options, steps: [step] })),
  ...used(),
];
