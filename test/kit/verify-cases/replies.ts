import type { CaseOptions, CaseStep, VerifyCase } from "./case.ts";
import { asks, cuts, documents, foreign, jwksUrl, list, nowSeconds, other, token } from "./issuer.ts";
import { secret } from "./requests.ts";

const good = token();
const headers = (...all: readonly (readonly [string, string])[]): Pick<CaseStep, "headers"> => ({ headers: all });

/** What a resource tells of itself beside a refusal: recorded whole. */
export function replyCases(): readonly VerifyCase[] {
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
      "an operation says what it needs",
      { description },
      { ...none, operation: ["tickets:write"] },
      asks(token({ exp: nowSeconds }), "token_expired", { operation: ["tickets:read", "tickets:write"] }),
      asks(good, "proof_invalid", { operation: ["tickets:read"], twist: { claims: { htm: "GET" } } }),
      asks(good, "scope_insufficient", { operation: ["tickets:read", "tickets:admin"], requires: ["tickets:admin"] }),
      { ...none, operation: [] },
      asks(token({ exp: nowSeconds }), "token_expired", { operation: [] }),
    ],
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
