import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EvidenceError, LanyardError } from "../../client/error.ts";
import { advices, type LanyardErrorCode, retryableCodes } from "../../client/error-codes.ts";
import { KeptKeyError, keptKey } from "../../client/kept-key.ts";
import { AccessError } from "../../client/resource/access-error.ts";
import { createDetailsCheck } from "../../client/resource/details-check.ts";
import { createResourceServer } from "../../client/verify.ts";
import { outcomeOf } from "../kit/outcome.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/client.md"), "utf8");
const codes = Object.keys(advices) as LanyardErrorCode[];
const guard = createResourceServer({ issuer: "https://id.example", resource: "https://api.example", mode: "offline" });

test("every code stands in docs/client.md, with whether to try again and what to do, and no other does", () => {
  const rows = page.split("\n").flatMap((line) => {
    const [, code, , again, advice] = /^\| `([a-z_]+)` \| (.*?) \| (yes|no) \| (.*) \|$/.exec(line) ?? [];
    return code === undefined ? [] : [[code, again, advice]];
  });
  expect(rows).toEqual(codes.map((code) => [code, retryableCodes.has(code) ? "yes" : "no", advices[code]]));
});

test.each([
  ["a source of evidence", new EvidenceError("no document"), "EvidenceError", "evidence_failed"],
  ["a kept key", new KeptKeyError("no file"), "KeptKeyError", "kept_key_failed"],
  ["an agent", new LanyardError("session_over", "session"), "LanyardError", "session_over"],
])("%s throws one of the family, with its code and what to do", (_, error, name, code) => {
  expect(error).toBeInstanceOf(LanyardError);
  expect(error).toMatchObject({ name, code, advice: advices[error.code], retryable: false });
  expect(error.message).toContain(error.advice);
});

test("a kept key's file that cannot be used is refused by that error", async () => {
  await expect(keptKey("/nowhere/key.pem")).rejects.toMatchObject({ name: "KeptKeyError", code: "kept_key_failed" });
});

test("a guard throws what to answer, and why for the log", async () => {
  const request = { method: "GET", url: "/", headers: { authorization: "Bearer x" } };
  const outcome = await outcomeOf(guard.authenticate(request));
  expect(outcome).toMatchObject({
    ok: false,
    error: {
      ...{ name: "AccessError", code: "bearer_not_accepted", status: 401, retryable: false },
      refusal: { code: "bearer_not_accepted" },
      reply: { status: 401, headers: { "WWW-Authenticate": expect.stringContaining("DPoP") } },
    },
  });
  expect(!outcome.ok && outcome.error).toBeInstanceOf(LanyardError);
});

test("threat 40: a check of details that is forgotten about lets nobody in: it throws", () => {
  const check = createDetailsCheck([]);
  expect(() => check([{ type: "unknown" }], {})).toThrow(AccessError);
  expect(() => check([], {})).not.toThrow();
});

test("an error's text is one line, bounded, whatever a token or a server put into it", () => {
  const reply = { status: 401, headers: {}, body: "" } as const;
  const error = new AccessError(
    { code: "status_uri_foreign", uri: `https://x\r\nforged: line ${"y".repeat(9_999)}` },
    reply,
  );
  expect(error.message).not.toMatch(/[\r\n]/);
  expect(error.message.length).toBeLessThan(500);
});
