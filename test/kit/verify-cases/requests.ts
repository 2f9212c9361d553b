import { createHmac } from "node:crypto";
import type { CaseOptions, CaseStep, VerifyCase } from "./case.ts";
import {
  asks,
  claims,
  cuts,
  documents,
  foreign,
  issuer,
  jwksUrl,
  list,
  nowSeconds,
  other,
  proof,
  requestUrl,
  resource,
  token,
} from "./issuer.ts";

const good = token();
const bearer = token({ cnf: undefined });
const headers = (...all: readonly (readonly [string, string])[]): Pick<CaseStep, "headers"> => ({ headers: all });

const authorizations: readonly (readonly [title: string, step: CaseStep])[] = [
  ["no credentials", { headers: [], expect: "credentials_missing" }],
  ["a proof alone", { ...headers(["dpop", proof(good)]), expect: "credentials_missing" }],
  ...[
    ...[
      "",
      "DPoP",
      "DPoP ",
      `DPoP  ${good}`,
      `DPoP ${good} `,
      ` DPoP ${good}`,
      good,
      `DPoP\t${good}`,
      `DPoP token=${good}`,
    ],
    ...[
      `DPoP ${good}, DPoP ${good}`,
      "Basic YWRhOnNlY3JldA==",
      `Token ${good}`,
      `DPoP ${good} extra`,
      "DPoP \u00e4",
      `DPoP =${good}`,
    ],
  ].map(
    (value) =>
      [
        `Authorization: ${JSON.stringify(value).slice(0, 30)}`,
        { ...headers(["authorization", value], ["dpop", proof(good)]), expect: "credentials_malformed" },
      ] as const,
  ),
  [
    "two Authorization headers",
    {
      ...headers(["authorization", `DPoP ${good}`], ["authorization", `DPoP ${good}`], ["dpop", proof(good)]),
      expect: "credentials_malformed",
    },
  ],
  [
    "a scheme in capitals",
    { ...headers(["authorization", `DPOP ${good}`], ["dpop", proof(good)]), expect: "accepted" },
  ],
  [
    "a scheme in lower case",
    { ...headers(["authorization", `dpop ${good}`], ["dpop", proof(good)]), expect: "accepted" },
  ],
  [
    "header names in capitals",
    { ...headers(["AUTHORIZATION", `DPoP ${good}`], ["DPOP", proof(good)]), expect: "accepted" },
  ],
  [
    "a token of any shape",
    { ...headers(["authorization", "DPoP abc"], ["dpop", proof("abc")]), expect: "token_invalid" },
  ],
  [
    "a token larger than any",
    { ...headers(["authorization", `DPoP ${"a".repeat(16_400)}`], ["dpop", proof(good)]), expect: "token_invalid" },
  ],
  ["the Bearer scheme", { ...headers(["authorization", `Bearer ${good}`]), expect: "bearer_not_accepted" }],
  [
    "the Bearer scheme with a proof",
    { ...headers(["authorization", `bearer ${good}`], ["dpop", proof(good)]), expect: "bearer_not_accepted" },
  ],
  ["Bearer without a token", { ...headers(["authorization", "Bearer"]), expect: "bearer_not_accepted" }],
  ["a bearer token", { ...headers(["authorization", `Bearer ${bearer}`]), expect: "bearer_not_accepted" }],
  [
    "a handle, where nobody introspects",
    { ...headers(["authorization", `DPoP ${handle()}`], ["dpop", proof(handle())]), expect: "token_invalid" },
  ],
];

const bearers: readonly (readonly [title: string, step: CaseStep])[] = [
  ["a bearer token", { ...headers(["authorization", `Bearer ${bearer}`]), expect: "accepted" }],
  ["a bearer token, scheme in lower case", { ...headers(["authorization", `bearer ${bearer}`]), expect: "accepted" }],
  ["a bound token as Bearer", { ...headers(["authorization", `Bearer ${good}`]), expect: "bearer_not_accepted" }],
  [
    "a bearer token beside a proof",
    { ...headers(["authorization", `Bearer ${bearer}`], ["dpop", proof(bearer)]), expect: "credentials_malformed" },
  ],
  ["a bearer token as DPoP", asks(bearer, "claims_invalid")],
  ["a bound token with its proof", asks(good, "accepted")],
  ["Bearer without a token", { ...headers(["authorization", "Bearer"]), expect: "credentials_malformed" }],
  ["nothing", { headers: [], expect: "credentials_missing" }],
];

const secret = Buffer.alloc(32, 5);
function nonceOf(minute: number, server = resource, by = secret): string {
  const key = Buffer.from(createHmac("sha256", by).update(`minute ${minute}`).digest("base64url"), "base64url");
  return `${minute}.${createHmac("sha256", key).update(`lanyard-dpop-nonce\0${server}\0${minute}`).digest("base64url")}`;
}
const minute = Math.floor(nowSeconds / 60);
const nonces: readonly (readonly [title: string, nonce: unknown, expect: string])[] = [
  ["this minute's", nonceOf(minute), "accepted"],
  ["the last minute's", nonceOf(minute - 1), "accepted"],
  ["the next minute's", nonceOf(minute + 1), "proof_nonce_required"],
  ["one of two minutes ago", nonceOf(minute - 2), "proof_nonce_required"],
  ["another server's", nonceOf(minute, "https://other.example"), "proof_nonce_required"],
  ["one by another secret", nonceOf(minute, resource, Buffer.alloc(32, 6)), "proof_nonce_required"],
  ["none", undefined, "proof_nonce_required"],
  ["null", null, "proof_nonce_required"],
  ["a number", minute, "proof_nonce_required"],
  ["a text", "nonce", "proof_nonce_required"],
  ["one with a leading zero", `0${nonceOf(minute)}`, "proof_nonce_required"],
  ["one with a line break behind", `${nonceOf(minute)}\n`, "proof_nonce_required"],
];

function handle(letter = "h"): string {
  return `lya_${letter.repeat(22)}.${letter.repeat(43)}`;
}
const said = (more: object = {}) => ({ active: true, ...claims({ status: undefined, ...more }) });
const introspect = (answers: Readonly<Record<string, object | string>>): CaseOptions => ({ introspect: answers });
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

/** Requests that name other URLs than the verifier's. */
function urls(): readonly VerifyCase[] {
  const at = (htu: string, target: string, expect: string): CaseStep =>
    asks(good, expect, { target, twist: { claims: { htu } } });
  return [
    {
      id: "url-1",
      title: "the path of the request counts",
      steps: [at(`${resource}/other`, "/other", "accepted"), at(`${resource}/other`, "/another", "proof_invalid")],
    },
    {
      id: "url-2",
      title: "an absolute URL in the request line chooses no origin",
      steps: [
        at("https://evil.example/things", "https://evil.example/things", "proof_invalid"),
        at(requestUrl, "https://evil.example/things", "accepted"),
      ],
    },
    {
      id: "url-3",
      title: "an escaped slash is no slash",
      steps: [at(`${resource}/a%2Fb`, "/a%2fb", "accepted"), at(`${resource}/a/b`, "/a%2fb", "proof_invalid")],
    },
    {
      id: "url-4",
      title: "a base of its own stands before the path",
      options: { requestUrl: "https://api.example.com/v1/" },
      steps: [
        at("https://api.example.com/v1/things", "/things", "accepted"),
        at(requestUrl, "/things", "proof_invalid"),
      ],
    },
    {
      id: "url-5",
      title: "the method counts",
      steps: [
        asks(good, "accepted", { method: "GET", twist: { claims: { htm: "GET" } } }),
        asks(good, "proof_invalid", { method: "GET" }),
      ],
    },
    {
      id: "url-6",
      title: "a path in another script is compared by its escapes",
      steps: [at(`${resource}/t%C3%A4g`, "/t%c3%a4g", "accepted")],
    },
    {
      id: "url-7",
      title: "dots of the request line are resolved as a client's would be",
      steps: [
        at(`${resource}/things`, "/a/../things", "accepted"),
        at(`${resource}/things`, "/a/%2e%2e/things", "accepted"),
      ],
    },
    {
      id: "url-8",
      title: "a path that two programs read differently equals none",
      steps: [at(`${resource}/things`, "/\\things", "proof_invalid")],
    },
  ];
}

/** What a resource tells of itself beside a refusal: recorded whole. */
function replies(): readonly VerifyCase[] {
  const description = {
    name: "Tickets",
    documentation: "https://docs.tickets.example",
    scopes: ["tickets:read", "tickets:write"],
  };
  const origin = ["origin", "https://page.example"] as const;
  const none: CaseStep = { headers: [], expect: "credentials_missing" };
  const wrong = { ...headers(["authorization", `Bearer ${good}`]), expect: "bearer_not_accepted" };
  const page: CaseStep = { headers: [origin], expect: "credentials_missing" };
  const preflight: CaseStep = {
    method: "OPTIONS",
    headers: [origin, ["access-control-request-method", "POST"]],
    expect: "open",
  };
  const metadata = (
    method: string,
    target = "/.well-known/oauth-protected-resource",
    more: CaseStep["headers"] = [],
  ): CaseStep => ({ method, target, headers: more, expect: "open" });
  const all: readonly (readonly [title: string, options: CaseOptions, ...steps: CaseStep[]])[] = [
    ["nothing is described", {}, none, wrong, { headers: [["authorization", "x"]], expect: "credentials_malformed" }],
    [
      "scopes are described",
      { description },
      none,
      asks(good, "scope_insufficient", { requires: ["tickets:admin"] }),
      asks(good, "accepted", { requires: ["tickets:read"] }),
      asks(good, "scope_insufficient", { requires: ["tickets:admin", "tickets:read"] }),
      asks(good, "scope_insufficient", { requires: [] }),
    ],
    [
      "bearer tokens are accepted",
      { acceptBearer: true, description },
      none,
      asks(token({ exp: nowSeconds }), "token_expired"),
      { ...headers(["authorization", `DPoP ${good}`]), expect: "proof_missing" },
    ],
    ["bearer tokens are accepted and nothing is described", { acceptBearer: true }, none],
    [
      "nonces are demanded",
      { nonces: secret.toString("base64url") },
      none,
      asks(good, "proof_nonce_required"),
      asks(token({}, foreign), "token_invalid"),
    ],
    ["a page of another origin asks", {}, page, preflight],
    ["pages are the application's", { crossOrigin: false }, page, { ...preflight, expect: "credentials_missing" }],
    ["the keys cannot be had", {}, asks(good, "keys_unavailable", { documents: { [jwksUrl]: null } })],
    [
      "the list cannot be had",
      {},
      asks(good, "status_unavailable", { documents: { [list]: null } }),
      asks(good, "status_unavailable", { documents: { [list]: documents[list] ?? "", [cuts]: documents[cuts] ?? "" } }),
    ],
    ["a proof is used again", {}, ...again()],
    [
      "keys differ",
      {},
      asks(good, "proof_key_mismatch", { twist: { key: other } }),
      asks(good, "proof_invalid", { twist: { claims: { htm: "GET" } } }),
    ],
    ["details restrict", {}, asks(token({ authorization_details: [{ type: "x" }] }), "details_forbid")],
    [
      "the metadata is asked for",
      { description },
      metadata("GET"),
      metadata("HEAD"),
      metadata("OPTIONS"),
      metadata("POST"),
      metadata("GET", "/.well-known/oauth-protected-resource", [origin]),
    ],
    ["the metadata of one with bearer tokens is asked for", { acceptBearer: true }, metadata("GET")],
    [
      "something near the metadata is asked for",
      {},
      { ...metadata("GET", "/.well-known/oauth-protected-resource/things"), expect: "credentials_missing" },
      { ...metadata("GET", "/.well-known/oauth-protected-resources"), expect: "credentials_missing" },
    ],
  ];
  return all.map(([title, options, ...steps], n) => ({ id: `reply-${n + 1}`, title, options, steps }));
}

function again(): readonly CaseStep[] {
  const step = asks(good, "accepted");
  return [step, { ...step, expect: "proof_replayed" }];
}

/** Requests as they come: headers, schemes, nonces, introspection, URLs. Replies are recorded beside the last. */
export function requestCases(): { readonly stated: readonly VerifyCase[]; readonly answered: readonly VerifyCase[] } {
  const one = (id: string, title: string, step: CaseStep, options?: CaseOptions): VerifyCase => ({
    id,
    title,
    ...(options ? { options } : {}),
    steps: [step],
  });
  return {
    stated: [
      ...authorizations.map(([title, step], n) => one(`authorization-${n + 1}`, title, step)),
      ...bearers.map(([title, step], n) => one(`bearer-${n + 1}`, title, step, { acceptBearer: true })),
      ...nonces.map(([title, nonce, expect], n) =>
        one(`nonce-${n + 1}`, `nonce: ${title}`, asks(good, expect, { twist: { claims: { nonce } } }), {
          nonces: secret.toString("base64url"),
        }),
      ),
      ...introspections.map(([title, options, step], n) => one(`introspect-${n + 1}`, title, step, options)),
      ...used(),
      ...urls(),
    ],
    answered: replies(),
  };
}
