import { createHash } from "node:crypto";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { ocsfClasses } from "../../core/audit/classes.ts";
import { createRecorder } from "../../core/audit/ocsf.ts";
import { type AuditFacts, type AuditOperation, ocsfVersions } from "../../core/audit/record.ts";
import type { Denial } from "../../core/denial/denial.ts";
import { randomIds } from "../kit/keys.ts";
import { exampleForm } from "../kit/records.ts";
import { denials } from "../kit/samples/denials.ts";
import { full } from "./samples.ts";

const operations = Object.keys(ocsfClasses) as readonly AuditOperation[];
const recorders = ocsfVersions.map((ocsf) => createRecorder({ ...exampleForm, ocsf }, randomIds));

/** A text that must not be recorded; `parts` are what somebody could use. */
interface Secret {
  readonly text: string;
  readonly parts: readonly string[];
}

const url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const whole = (text: string): Secret => ({ text, parts: [text] });
const json = (members: object): string => url(Buffer.from(JSON.stringify(members)));
/** Bytes as random as real ones are, whose base64 therefore has upper and lower case; they do not shrink to zeros, and two of different lengths share no beginning. */
const bytes = (from: number, to = from) =>
  fc
    .tuple(fc.integer({ min: from, max: to }), fc.nat())
    .map(([length, seed]) => createHash("shake256", { outputLength: length }).update(`${length} ${seed}`).digest())
    .filter((some) => /[a-z].*[A-Z]|[A-Z].*[a-z]/.test(base64(some)));
const jwt = (typ: string, payload: object) =>
  bytes(64).map((signature): Secret => {
    const [head, body, end] = [json({ alg: "ES256", typ, kid: "k1" }), json(payload), url(signature)];
    return { text: `${head}.${body}.${end}`, parts: [head, body, end] };
  });
const pem = (label: string, size: number) =>
  bytes(size).map((der): Secret => {
    const lines = base64(der).match(/.{1,64}/g) ?? [];
    return { text: `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`, parts: lines };
  });

/** What shows by its shape that it is secret: recorded nowhere, not even where digests of our own may stand. */
const shaped: Readonly<Record<string, fc.Arbitrary<Secret>>> = {
  "a session token": jwt("lanyard-session+jwt", { sid: "A".repeat(22), jti: "B".repeat(22), act: { sub: "planner" } }),
  "an access token": jwt("at+jwt", { aud: "https://tickets.example", scope: "tickets:read" }),
  "an identity token": jwt("lanyard-identity+jwt", { sub: "spiffe://agents.example.com/agent/planner" }),
  "a DPoP proof": jwt("dpop+jwt", { htm: "POST", htu: "https://id.example.com/token", jti: "x" }),
  "a client assertion": jwt("JWT", { iss: "client", sub: "client", aud: "https://id.example.com" }),
  "a person's ID token": jwt("JWT", { iss: "https://idp.example", sub: "ada", email: "ada@example.com" }),
  "a web identity token": jwt("JWT", { iss: "https://x.tokens.sts.global.api.aws", sub: "arn:aws:iam::1:role/x" }),
  "an offer's handle": fc.tuple(bytes(16), bytes(32), fc.option(bytes(40, 200))).map(([root, secret, locator]) => {
    const hidden = [url(secret), locator ? url(locator) : ""];
    return { text: `lyo_${url(root)}.${hidden.join("")}`, parts: hidden.filter((part) => part !== "") };
  }),
  "an AWS session token": bytes(200, 700).map((some) => whole(`IQoJb3JpZ2luX2VjE${base64(some)}`)),
  "an evidence document in base64": bytes(60).map((some) =>
    whole(base64(Buffer.from(JSON.stringify({ accountId: "111122223333", signature: base64(some), more: "?>?>ÿÿÿ" })))),
  ),
  "a private key": pem("PRIVATE KEY", 138),
};

/** What looks like a digest of ours, or like half a word: recorded nowhere where a caller writes freely. */
const secrets: Readonly<Record<string, fc.Arbitrary<Secret>>> = {
  ...shaped,
  "an AWS secret access key": bytes(30).map((some) => whole(base64(some))),
  "an AWS secret access key as a URL carries it": bytes(30).map((some) => whole(encodeURIComponent(base64(some)))),
  "256 random bits": bytes(32).map((some) => whole(url(some))),
  "a locator or cursor": bytes(40, 120).map((some) => whole(url(some))),
  "an evidence document in CMS": bytes(480).map((some) => {
    const lines = base64(some).match(/.{64}/g) ?? [];
    return { text: lines.join("\n"), parts: lines };
  }),
  "an AWS access key id": fc
    .string({ unit: fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), minLength: 16, maxLength: 16 })
    .map((some) => whole(`AKIA${some}`)),
};

/** Every text of plain data, but those that say which of several shapes it has. */
function everywhere<T>(value: T, text: string): T {
  if (typeof value === "string") return text as T;
  if (Array.isArray(value)) return value.map((one) => everywhere(one, text)) as T;
  if (typeof value !== "object" || value === null) return value;
  const named = Object.entries(value).map(([name, one]) => [name, shapes.has(name) ? one : everywhere(one, text)]);
  return Object.fromEntries(named) as T;
}
const shapes: ReadonlySet<string> = new Set(["code", "kind", "who", "by"]);

const question = (text: string, free: boolean) =>
  ({
    action: "open",
    agent: "spiffe://agents.example.com/agent/planner",
    principal: { kind: "person", id: "p_abcdefghijklmnopqrstuvwxyz234567", groups: [] },
    grant: { resource: "https://tickets.example", scopes: ["tickets:read"], details: [] },
    depth: 0,
    assurance: "fresh",
    evidence: { type: "aws-sts-web-identity", facts: free ? {} : { tag: text } },
    nowSeconds: 1_785_542_400,
    asserted: { purpose: text },
  }) as unknown as NonNullable<AuditFacts["asked"]>[number];

/** A decision with a text wherever a caller, or who gives an order, writes freely. */
const told = (operation: AuditOperation, denial: Denial, text: string): AuditFacts => ({
  ...full(operation),
  userAgent: text,
  sourceIp: text,
  requestId: text,
  agent: `spiffe://agents.example.com/agent/${text}`,
  principal: full(operation).principal ?? "",
  offeredTo: text,
  receiver: text,
  revocation: text,
  requested: { resources: [text], scopes: [text] },
  policies: [text],
  purpose: text,
  reason: text,
  target: `session:${text}`,
  checks: [{ name: text, ok: false, detail: text }],
  asked: [question(text, true)],
  denial: everywhere(denial, text),
});

/** The same, and in what holds ids and digests of ours, or words of documents that we verified. */
const toldOfOurs = (operation: AuditOperation, denial: Denial, text: string): AuditFacts => ({
  ...told(operation, denial, text),
  target: `build:${text}`,
  principal: text,
  actors: [text],
  logins: [text],
  jti: text,
  jkt: text,
  build: text,
  evidence: { roleArn: text, [text]: "x" },
  evidenceId: text,
  grants: [{ resource: "https://tickets.example", scopes: [], details: [{ type: "x", customers: [text] }] }],
  changes: {
    added: [text],
    removed: [text],
    changed: [{ name: text, values: [{ path: text, before: text, after: [text] }] }],
  },
  registryDigest: text,
  asked: [question(text, false)],
});

/** A stretch of 20 characters of a part: of what is random 120 bits, of what is a claim what it says. */
const leaked = (body: string, { parts }: Secret): string | undefined =>
  parts.flatMap((part) => part.match(/.{20}/g) ?? []).find((stretch) => body.includes(stretch));

/** A secret with words around it; the words before it may be as long as where a record cuts a text. */
const around = fc.tuple(
  fc.oneof(
    fc.constantFrom("", "Bearer ", "token=", "(", "https://x.example/?t="),
    fc.constantFrom(150, 185, 270, 2_030, 16_350).map((n) => "word ".repeat(n / 5)),
  ),
  fc.constantFrom("", " thanks", ")", "&x=1", "\n"),
);
const allDenials = Object.values(denials);
const decision = fc.tuple(
  fc.constantFrom(...operations),
  fc.constantFrom(...allDenials),
  fc.constantFrom("allowed", "denied"),
);

describe("threat 25: a record holds no usable part", () => {
  const cases = [
    ...Object.entries(secrets).map(([name, made]) => [name, "where a caller writes freely", made, told] as const),
    ...Object.entries(shaped).map(([name, made]) => [name, "where ids of ours stand too", made, toldOfOurs] as const),
  ];
  for (const [name, where, made, facts] of cases)
    property.prop([made, around, decision], { numRuns: 12 })(
      `of ${name} ${where}`,
      (secret, [before, after], [operation, denial, outcome]) => {
        const text = `${before}${secret.text}${after}`;
        for (const record of recorders) {
          const { body } = record({ ...facts(operation, denial, text), outcome } as AuditFacts, "D".repeat(22));
          expect(leaked(body, secret)).toBeUndefined();
        }
      },
    );

  test("whatever is decided and whatever is refused: every operation, every code", () => {
    const [secret] = fc.sample(jwt("JWT", { email: "ada@example.com" }), { numRuns: 1, seed: 7 });
    if (!secret) throw new Error("no sample");
    for (const record of recorders)
      for (const [at, operation] of operations.entries())
        for (const denial of allDenials.filter((_, n) => n % operations.length === at || n === at)) {
          const { body } = record(toldOfOurs(operation, denial, secret.text), "D".repeat(22));
          expect(leaked(body, secret)).toBeUndefined();
          expect(body).toContain("[redacted]");
        }
  });
});
