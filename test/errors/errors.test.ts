import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createRefusalAggregate } from "../../core/audit/aggregate.ts";
import { deny } from "../../core/audit/deny.ts";
import type { Denial } from "../../core/denial/denial.ts";
import { explainDenial } from "../../core/denial/explain.ts";
import { denialTable } from "../../core/denial/table.ts";
import { denialReply, denialToWire } from "../../core/denial/wire.ts";
import { errorsPage } from "../../scripts/errors/page.ts";
import { randomIds } from "../kit/keys.ts";
import { toRecord } from "../kit/records.ts";
import { denials } from "../kit/samples/denials.ts";

const all = Object.values(denials);
const root = join(import.meta.dirname, "../..");

describe("docs/errors.md", () => {
  it("is what `node scripts/errors.ts` makes of the table", () => {
    expect(readFileSync(join(root, "docs/errors.md"), "utf8")).toBe(errorsPage());
  });
});

describe("the table of denials", () => {
  it("names each code once: of two subjects that share a name the later would hide the earlier", () => {
    const folder = join(root, "core/denial/table");
    const sources = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
    const codes = sources.flatMap((source) =>
      [...source.matchAll(/readonly code: "([a-z_]+)"/g)].map(([, code]) => code),
    );
    expect(codes.length).toBeGreaterThan(70);
    expect(Object.keys(denialTable).sort()).toEqual(codes.sort());
    expect(all.map(({ code }) => code).sort()).toEqual(codes);
  });

  it("answers what is no form as the standards' endpoints must (RFC 6749 5.2)", () => {
    const sent = { code: "content_type_unsupported", contentType: "application/json" } as const;
    expect(denialToWire({ ...sent, wanted: "form" })).toMatchObject({ status: 400, error: "invalid_request" });
    expect(denialToWire(sent)).toMatchObject({ status: 415, error: "invalid_request" });
  });

  it("sends no header whose value the facts do not give", () => {
    const { scheme: _, ...bare } = denials.client_unauthenticated;
    expect(denialToWire(denials.client_unauthenticated).headers).toEqual({
      "WWW-Authenticate": 'Basic realm="lanyard"',
    });
    expect(denialToWire(bare)).not.toHaveProperty("headers");
  });
});

describe("a refusal on the wire", () => {
  it.each(all.map((denial) => [denial.code, denial] as const))("%s is a whole OAuth error answer", (_, denial) => {
    const { status, headers, body } = denialReply(denial);
    const { error, error_description: description, ...more } = JSON.parse(body);
    // what a program may act on beside the error: how young a sign-in has to be (as RFC 9470 3 names it)
    const waits = { approval_pending: 900, approval_polled_early: 890 }[denial.code as string];
    const waiting = waits && { auth_req_id: "ap_1", interval: 5, expires_in: waits };
    const wanted = denial.code === "sign_in_insufficient" && {
      max_age: 300,
      acr_values: "urn:example:gold urn:example:silver",
    };
    expect(more).toEqual(waiting || wanted || (denial.code.startsWith("person_token_b") ? { max_age: 0 } : {}));
    expect([400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 501, 503]).toContain(status);
    // RFC 6749 5.2: the characters of both members
    expect(error).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
    expect(description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
    expect(description).not.toContain("inner reason");
    if (status === 503 || status === 429) expect(headers?.["Retry-After"]).toBe("1");
    // of a person who must sign in anew (RFC 9470 3), and of every other caller
    const unproved = denial.code === "approver_login_old" ? "insufficient_user_authentication" : "invalid_client";
    if (status === 401) expect(error).toBe(unproved);
  });

  it("of an agent that does not exist, of evidence that is wrong and of a rule that missed look the same", () => {
    const faces = (["agent_unknown", "selector_mismatch", "evidence_invalid", "evidence_of_another_key"] as const).map(
      (code) => JSON.stringify(denialReply(denials[code])),
    );
    expect(new Set(faces).size).toBe(1);
  });
});

describe("a refusal in the audit", () => {
  const untold: readonly Denial["code"][] = ["dpop_nonce_required", "approval_pending"];
  const recorded = all.filter(({ code }) => !untold.includes(code));
  /** What is written of a refusal, before its caller is authenticated and after. */
  const recordsOf = async (denial: Denial): Promise<readonly string[]> => {
    const written: string[] = [];
    const outbox = { put: async (record: { body: string }) => void written.push(record.body) };
    const clock = { nowMillis: () => 1_785_542_400_000 };
    const deps = {
      clock,
      ids: randomIds,
      toRecord,
      outbox,
      aggregate: createRefusalAggregate({ outbox, ids: randomIds, toRecord, clock }),
    };
    const facts = { operation: "request", timeMillis: 1_785_542_400_000, requestId: "r" } as const;
    for (const authenticated of [true, false]) await deny(deps, denial, { facts, authenticated });
    return written;
  };

  it.each([
    ["an honest caller is only told its first nonce", "dpop_nonce_required"],
    ["a caller waits for people, who were asked on record", "approval_pending"],
  ] as const)("is not written where %s", async (_, code) => {
    expect(await recordsOf(denials[code])).toEqual([]);
  });

  it.each(recorded.map((denial) => [denial.code, denial] as const))("%s explains itself", async (_, denial) => {
    const written = await recordsOf(denial);
    // past its rate, a caller's refusals are aggregated whoever it is
    expect(written).toHaveLength(denial.code === "rate_exceeded" ? 1 : 2);
    for (const body of written) {
      const event = JSON.parse(body);
      const { rule, missing } = explainDenial(denial);
      expect(event.status_code).toBe(denial.code);
      expect(event.unmapped.lanyard.denial).toMatchObject({ code: denial.code });
      expect(event.unmapped.lanyard.denial_rule).toBe(rule);
      expect(event.unmapped.lanyard.denial_missing.length).toBeGreaterThan(0);
      expect(event.status_detail).toBe(event.unmapped.lanyard.denial_missing);
      expect(missing).not.toContain("undefined");
    }
  });

  it("keeps apart what its caller cannot tell apart", () => {
    const invalidClient = all.filter((denial) => denialToWire(denial).error === "invalid_client");
    const reasons = invalidClient.map((denial) => JSON.stringify([denial.code, explainDenial(denial)]));
    expect(new Set(reasons).size).toBe(invalidClient.length);
  });

  it("holds no secret, even where a caller hid one in what was missing", () => {
    const token = `eyJhbGciOiJFUzI1NiJ9.${"a".repeat(40)}.${"b".repeat(40)}`;
    const denial = { code: "parameter_invalid", name: "scope", why: `not ${token}` } as const;
    const record = toRecord(
      { operation: "request", outcome: "denied", timeMillis: 1, requestId: "r", denial },
      randomIds.id(),
    );
    expect(record.body).not.toContain("eyJhbGci");
    expect(JSON.parse(record.body).status_detail).toContain("[redacted]");
  });
});
