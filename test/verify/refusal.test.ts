import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { err, ok } from "../../core/model/result.ts";
import { refusalFaces, type VerifyRefusal } from "../../core/verify/refusal.ts";
import { refusalReply } from "../../core/verify/refusal-reply.ts";
import { refusals } from "../kit/samples/refusals.ts";
import { createIssuer } from "./issuer.ts";

const expected: { readonly [C in VerifyRefusal["code"]]: readonly [number, string | undefined] } = {
  credentials_missing: [401, undefined],
  credentials_malformed: [400, "invalid_request"],
  bearer_not_accepted: [401, "invalid_token"],
  token_invalid: [401, "invalid_token"],
  token_expired: [401, "invalid_token"],
  claims_invalid: [401, "invalid_token"],
  proof_missing: [401, "invalid_dpop_proof"],
  proof_invalid: [401, "invalid_dpop_proof"],
  proof_nonce_required: [401, "use_dpop_nonce"],
  proof_key_mismatch: [401, "invalid_token"],
  proof_replayed: [401, "invalid_dpop_proof"],
  status_uri_foreign: [401, "invalid_token"],
  status_index_invalid: [401, "invalid_token"],
  session_over: [401, "invalid_token"],
  session_cut: [401, "invalid_token"],
  scope_insufficient: [403, "insufficient_scope"],
  details_forbid: [403, "insufficient_scope"],
  budget_spent: [429, "budget_spent"],
  cost_required: [503, "temporarily_unavailable"],
  keys_unavailable: [503, "temporarily_unavailable"],
  status_unavailable: [503, "temporarily_unavailable"],
  cuts_unavailable: [503, "temporarily_unavailable"],
  introspection_unavailable: [503, "temporarily_unavailable"],
  replay_store_unavailable: [503, "temporarily_unavailable"],
};

/** When the sample of a spent budget renews, as RFC 9110 writes a date. */
const renewal = "Sat, 01 Aug 2026 01:00:00 GMT";

describe("the answer to a refusal", () => {
  test.each(Object.values(refusals))("$code has its status, its RFC 6750 error and no inner reason", (refusal) => {
    const reply = refusalReply(refusal);
    const [status, error] = expected[refusal.code];
    expect(reply.status).toBe(status);
    expect(reply.body === "" ? undefined : JSON.parse(reply.body).error).toBe(error);
    expect(JSON.stringify(reply)).not.toContain("secret-reason");
    const challenge = reply.headers["WWW-Authenticate"];
    if (status === 503) expect(reply.headers["Retry-After"]).toBe("1");
    else if (status === 429) expect([challenge, reply.headers["Retry-After"]]).toEqual([undefined, renewal]);
    else
      expect(challenge).toMatch(error === undefined ? /^DPoP algs="[^"]+"$/ : new RegExp(`^DPoP error="${error}", `));
  });

  test.each(Object.values(refusals))(
    "$code is told under Bearer too where it is taken, unless it is about a proof",
    (refusal) => {
      const challenge = refusalReply(refusal, { bearer: true, realm: "https://api.example" }).headers[
        "WWW-Authenticate"
      ];
      const [status, error] = expected[refusal.code];
      if (status === 503 || status === 429) return expect(challenge).toBeUndefined();
      // a client of RFC 9449 looks for these in the one challenge of its scheme
      if (error?.includes("dpop")) return expect(challenge).toMatch(/^DPoP error="[^"]+", (?!.*Bearer)/);
      expect(challenge).toMatch(/^Bearer \w+="[^"]+",.* DPoP /);
      if (error) expect(challenge?.match(new RegExp(`error="${error}"`, "g"))).toHaveLength(2);
    },
  );

  test("names the scopes that are needed", () => {
    expect(refusalReply(refusals.scope_insufficient).headers["WWW-Authenticate"]).toContain('scope="tickets:write"');
  });

  test("names all scopes that the operation needs wherever the challenge is about the token, and none where it is about a proof", () => {
    const needed = ["tickets:read", "tickets:write"];
    for (const refusal of Object.values(refusals)) {
      const { headers } = refusalReply(refusal, { bearer: true, scopes: ["tickets:list"], needed });
      const challenge = headers["WWW-Authenticate"] ?? "";
      const { aboutProof, scope, status } = refusalFaces[refusal.code];
      if (status === 503 || status === 429 || aboutProof) expect(challenge, refusal.code).not.toContain("scope=");
      else if (scope) expect(challenge, refusal.code).toContain('scope="tickets:write"');
      else expect(challenge.match(/scope="tickets:read tickets:write"/g), refusal.code).toHaveLength(2);
    }
  });

  test.prop([fc.string(), fc.string()])(
    "stays one well-formed header whatever a reason or scope holds",
    (why, scope) => {
      for (const refusal of [
        { code: "credentials_malformed", why },
        { code: "scope_insufficient", required: [scope], missing: [] },
      ] as const)
        expect(refusalReply(refusal).headers["WWW-Authenticate"]).toMatch(
          /^DPoP (?:\w+="[\x20\x21\x23-\x5b\x5d-\x7e]*"(?:, |$))+$/,
        );
    },
  );
});

const spent = { budget: "ledger", of: "agent", what: "calls", left: 0, renews_at: 1_785_546_000 };

describe("introspecting", () => {
  const evaluated = async (answer: () => Promise<ReturnType<typeof ok<object>> | ReturnType<typeof err<string>>>) => {
    const world = await createIssuer();
    const asked: string[] = [];
    const introspector = {
      introspect: async (token: string) => {
        asked.push(token);
        const said = await answer();
        const jti = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).jti;
        return said.ok ? ok({ jti, ...said.value } as Record<string, unknown>) : said;
      },
    };
    const token = world.token();
    const verified = await world.verifier({ introspector }).verify(world.request(token));
    expect(world.web.asked).not.toContain(world.list);
    return { code: verified.ok ? "accepted" : verified.error.code, asked, token };
  };

  test("asks the issuer for this very token and lets a live one in", async () => {
    const { code, asked, token } = await evaluated(async () => ok({ active: true }));
    expect([code, asked]).toEqual(["accepted", [token]]);
  });

  test.each([
    ["inactive", async () => ok({ active: false }), "session_over"],
    ["active in words", async () => ok({ active: "true" }), "session_over"],
    ["nothing of use", async () => ok({}), "session_over"],
    ["inactive for a budget alone", async () => ok({ active: false, error: "budget_spent", ...spent }), "budget_spent"],
    [
      "inactive for a cost that it wants",
      async () => ok({ active: false, error: "cost_required", budget: "b", currency: "EUR" }),
      "cost_required",
    ],
    [
      "inactive for a budget, half of it",
      async () => ok({ active: false, error: "budget_spent", ...spent, renews_at: "tomorrow" }),
      "session_over",
    ],
    [
      "inactive for a budget, in a name that would break a line of a log",
      async () => ok({ active: false, error: "budget_spent", ...spent, budget: "b\nforged" }),
      "session_over",
    ],
    [
      "active beside a spent budget's words",
      async () => ok({ active: true, error: "budget_spent", ...spent, jti: "another" }),
      "introspection_unavailable",
    ],
    ["about another token", async () => ok({ active: true, jti: "another" }), "introspection_unavailable"],
    ["not at all", async () => err("unavailable"), "introspection_unavailable"],
    ["with an exception", async () => Promise.reject(new Error("broken")), "introspection_unavailable"],
  ])("refuses when the answer is %s", async (_, answer, code) => {
    expect((await evaluated(answer)).code).toBe(code);
  });

  test("is not asked about a token that fails offline", async () => {
    const world = await createIssuer();
    const introspector = { introspect: () => Promise.reject(new Error("asked")) };
    const verified = await world
      .verifier({ introspector })
      .verify(world.request(world.token({ aud: "https://other.example" })));
    expect(verified).toMatchObject({ ok: false, error: { code: "token_invalid" } });
  });
});
