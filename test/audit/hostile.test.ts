import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { fc, test as property } from "@fast-check/vitest";
import { SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import type { AuditFacts } from "../../core/audit/record.ts";
import { toRecord } from "../kit/records.ts";
import { classNames, validIn } from "./bundles.ts";
import { full, operations } from "./samples.ts";

const valid = validIn("1.9.0");
const event = (facts: AuditFacts) => JSON.parse(toRecord(facts, "DDDDDDDDDDDDDDDDDDDDDD").body);

describe("threat 25: nothing secret reaches the log", () => {
  /** Where a caller's own words can end up. */
  const smuggled = (secret: string): AuditFacts => ({
    ...full("session.redeem"),
    outcome: "denied",
    userAgent: `curl ${secret}`,
    sourceIp: secret,
    requestId: secret,
    agent: `spiffe://x/agent/${secret}`,
    purpose: `please use ${secret} thanks`,
    reason: secret,
    target: `session:${secret}`,
    offeredTo: secret,
    policies: [secret],
    requested: { resources: [`https://x.example/?t=${secret}`], scopes: [secret] },
    denial: { code: "parameter_invalid", name: secret, why: `not ${secret}` },
  });
  const leaks = (secret: string): boolean => toRecord(smuggled(secret), "id").body.includes(secret.slice(0, 60));

  test("no token of ours: JWT, offer handle, bare 256-bit secret", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwt = await new SignJWT({ sub: "x" }).setProtectedHeader({ alg: "ES256" }).sign(privateKey);
    const handle = `lyo_${randomBytes(16).toString("base64url")}.${randomBytes(32).toString("base64url")}`;
    expect(leaks(jwt)).toBe(false);
    const record = toRecord(smuggled(handle), "id").body;
    expect(record).not.toContain(handle.split(".")[1]);
  });

  test("no key: PEM, private JWK member, AWS secret key or session token", () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    expect(toRecord(smuggled(pem), "id").body).not.toContain(pem.split("\n")[1]);
    expect(leaks(privateKey.export({ format: "jwk" }).d ?? "")).toBe(false);
    expect(leaks(randomBytes(30).toString("base64"))).toBe(false);
    expect(leaks(randomBytes(300).toString("base64"))).toBe(false);
  });

  property.prop([fc.uint8Array({ minLength: 32, maxLength: 400 }), fc.string({ maxLength: 40 })], { numRuns: 200 })(
    "no JWT of whatever header, wherever it stands in a text",
    (bytes, around) => {
      const header = Buffer.from(JSON.stringify({ alg: "ES256", kid: around })).toString("base64url");
      const signature = Buffer.from(bytes).toString("base64url");
      const body = toRecord({ ...full("attest"), purpose: `x ${header}.e30.${signature} y` }, "id").body;
      expect(body).not.toContain(header);
    },
  );

  test("what is no secret stays readable: ids, ARNs, digests, plain words", () => {
    const facts = full("revoke");
    const body = toRecord(facts, "id").body;
    for (const kept of [facts.jkt, facts.build, facts.principal, facts.agent, facts.reason, facts.target])
      expect(body).toContain(kept);
    expect(body).not.toContain("[redacted]");
  });

  test("the operator's role and a build's digest stay readable, however long and mixed they are", () => {
    const arn = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_AdministratorAccess_0123456789abcdef/ada";
    const target = `build:${createHash("sha256").update("code").digest("base64")}`;
    const e = event({ ...full("revoke"), target, operator: { arn, uniqueId: "AROAEXAMPLEEXAMPLE:ada" } });
    expect(e.unmapped.lanyard).toMatchObject({ operator_arn: arn, target });
    expect(e.entity).toEqual({ uid: target, type: "build" });
  });
});

describe("threat 34: the record of one refused request is small, whatever was sent", () => {
  const long = "x".repeat(4_000);
  const many = Array.from({ length: 200 }, (_, i) => `${long}${i}`);
  test.each<[string, Partial<AuditFacts>]>([
    ["scopes", { requested: { resources: many, scopes: many }, denial: { code: "scope_unknown", scopes: many } }],
    ["a name", { denial: { code: "parameter_invalid", name: long, why: long } }],
    ["an audience", { offeredTo: long, denial: { code: "offer_target_unknown", audience: long } }],
    [
      "its own words",
      { purpose: long, userAgent: long, requestId: long, agent: long, denial: { code: "dpop_invalid", why: long } },
    ],
    [
      "evidence",
      {
        evidence: Object.fromEntries(many.map((text) => [text, text])),
        checks: many.map((name) => ({ name, ok: false, detail: name })),
      },
    ],
  ])("%s", (_, facts) => {
    for (const operation of operations) {
      const { body } = toRecord({ ...full(operation), outcome: "denied", ...facts }, "id");
      expect(Buffer.byteLength(body)).toBeLessThan(24_000);
      expect(valid(classNames[JSON.parse(body).class_uid] ?? "", JSON.parse(body))).toBe("");
    }
  });
});

test("an event stays small enough for the outbox and the bus, whatever is written into it", () => {
  const long = "word ".repeat(200_000);
  const lists = Array.from({ length: 5_000 }, () => long);
  const facts: AuditFacts = {
    ...full("session.open"),
    operator: { arn: "arn:aws:iam::1:user/o", uniqueId: "AIDA" },
    purpose: long,
    userAgent: long,
    requested: { resources: lists, scopes: lists },
    denial: { code: "scope_unknown", scopes: lists.slice(0, 2) },
  };
  const { body } = toRecord(facts, "id");
  expect(Buffer.byteLength(body)).toBeLessThan(150_000);
  expect(JSON.parse(body).metadata.is_truncated).toBe(true);
  expect(valid("authorize_session", JSON.parse(body))).toBe("");
  expect(JSON.parse(toRecord(full("session.open"), "id").body).metadata).not.toHaveProperty("is_truncated");
});
