import { createHmac } from "node:crypto";
import type { CaseOptions, CaseStep, VerifyCase } from "./case.ts";
import { handle, introspectCases } from "./introspections.ts";
import { asks, nowSeconds, proof, requestUrl, resource, token } from "./issuer.ts";

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

/** Of the nonces. */
export const secret = Buffer.alloc(32, 5);
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

/** Requests as they come: headers, schemes, nonces, introspection, URLs. */
export function requestCases(): readonly VerifyCase[] {
  const one = (id: string, title: string, step: CaseStep, options?: CaseOptions): VerifyCase => ({
    ...{ id, title, steps: [step] },
    ...(options ? { options } : {}),
  });
  const demanding = { nonces: secret.toString("base64url") };
  return [
    ...authorizations.map(([title, step], n) => one(`authorization-${n + 1}`, title, step)),
    ...bearers.map(([title, step], n) => one(`bearer-${n + 1}`, title, step, { acceptBearer: true })),
    ...nonces.map(([title, nonce, expect], n) => {
      const step = asks(good, expect, { twist: { claims: { nonce } } });
      return one(`nonce-${n + 1}`, `nonce: ${title}`, step, demanding);
    }),
    ...introspectCases(),
    ...urls(),
  ];
}
