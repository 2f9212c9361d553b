import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { detectEvidence, documentBytesMax } from "../../../bin/lanyard/attest/detect.ts";
import { explainEvidence, explainedTypes } from "../../../bin/lanyard/attest/explain.ts";
import { saidBy } from "../../../bin/lanyard/attest/said.ts";
import { cpuWatch } from "../../kit/patience.ts";
import { vectors } from "../../kit/vectors.ts";
import { explain, file, lanyard, vector } from "./explained.ts";

const clock = 1_785_542_400;
const nitro = vector("02-nitro/real/20240124-181425-go-nitro-attestation-debug.bin");
const pkcs7 = Buffer.from(vector("03-ec2-iid/real/taskcluster-iidverify.rsa2048").toString(), "base64");
const token = vectors<{ cases: { name: string; token: string }[] }>("oidc/cases.json").cases[0]?.token ?? "";
const pem = (label: string, der: Buffer) =>
  `-----BEGIN ${label}-----\n${der.toString("base64").replaceAll(/(.{64})/g, "$1\n")}\n-----END ${label}-----\n`;

describe("what a file holds is told by its shape", () => {
  const der = Buffer.from(vector("02-nitro/testroot/root.der"));
  it.each<[string, string | Uint8Array | object, string]>([
    ["Nitro as it is", nitro, "aws-nitro-enclave"],
    ["Nitro in hex", nitro.toString("hex"), "aws-nitro-enclave"],
    [
      "Nitro in hex, upper case and broken in lines",
      nitro
        .toString("hex")
        .toUpperCase()
        .replaceAll(/(.{60})/g, "$1\n"),
      "aws-nitro-enclave",
    ],
    ["Nitro in base64", nitro.toString("base64"), "aws-nitro-enclave"],
    ["Nitro in base64 lines", `${nitro.toString("base64").replaceAll(/(.{76})/g, "$1\r\n")}\n`, "aws-nitro-enclave"],
    ["Nitro in base64url", nitro.toString("base64url"), "aws-nitro-enclave"],
    ["Nitro in JSON", { document: nitro.toString("base64") }, "aws-nitro-enclave"],
    ["a whole request", { agent: "a", challenge: "c", evidence: { type: "oidc", token } }, "oidc"],
    ["EC2 as it is", pkcs7, "aws-ec2-instance-identity"],
    ["EC2 in base64", pkcs7.toString("base64"), "aws-ec2-instance-identity"],
    ["EC2 in hex", pkcs7.toString("hex"), "aws-ec2-instance-identity"],
    ["EC2 in PEM", pem("PKCS7", pkcs7), "aws-ec2-instance-identity"],
    ["EC2 in JSON", { pkcs7: pkcs7.toString("base64") }, "aws-ec2-instance-identity"],
    ["a token", `\n ${token}\n`, "oidc"],
    ["a token in JSON", { token }, "oidc"],
    ["a certificate", der, "spiffe-x509-svid"],
    ["a chain in PEM", pem("CERTIFICATE", der).repeat(2), "spiffe-x509-svid"],
    ["a signed request", { region: "eu-west-1", headers: {} }, "aws-sts-caller-identity"],
    ["a task's request", { region: "eu-west-1", headers: {}, cluster: "c" }, "ecs-task"],
  ])("%s", async (_name, content, type) => {
    expect((await explain(content)).told.type).toBe(type);
  });

  it("every form of a document is explained alike", async () => {
    const at = ["--at", "1706120100"];
    const forms = [nitro, nitro.toString("hex"), nitro.toString("base64"), nitro.toString("base64url")];
    const told = await Promise.all(
      forms.map(async (form, n) => lanyard("attest", "--json", ...at, "--explain", file(`f${n}`, form))),
    );
    expect(new Set(told.map(({ out }) => out.join())).size).toBe(1);
  });

  it("--type has the say, and a document that is no such thing is refused, not unknown", async () => {
    for (const type of explainedTypes) {
      const { code, told } = await explain("hello, world!", "--type", type);
      expect([code, told.type, told.accepted], type).toEqual([1, type, false]);
    }
    expect((await explain(token, "--type", "nonsense")).code).toBe(2);
  });
});

describe("exit codes and output", () => {
  it("--json prints exactly type, accepted, assurance, checks and facts, and nothing else", async () => {
    for (const path of [file("a", token), file("b", pkcs7)]) {
      const { out, err } = await lanyard("attest", "--explain", path, "--json");
      expect([out.length, err]).toEqual([1, []]);
      const told = JSON.parse(out[0] ?? "");
      expect(Object.keys(told)).toEqual(["type", "accepted", "assurance", "checks", "facts"]);
      for (const check of told.checks) expect(Object.keys(check)).toEqual(["name", "ok", "detail"]);
    }
  });

  it("ends with 0 when accepted, 1 when refused, 2 when not understood", async () => {
    const ends = async (...args: string[]) => (await lanyard("attest", ...args)).code;
    expect(await ends("--explain", file("good", pkcs7))).toBe(0);
    expect(await ends("--explain", file("bad", token))).toBe(1);
    for (const content of [
      "",
      "hello",
      "{}",
      "[]",
      "null",
      '{"type":7}',
      '{"type":"nonsense"}',
      new Uint8Array([0, 1]),
    ])
      expect(await ends("--explain", file("what", content)), String(content)).toBe(2);
    expect(await ends("--explain", file("long", new Uint8Array(documentBytesMax + 1)))).toBe(2);
    expect(await ends("--explain", file("t", token), "--at", "yesterday")).toBe(2);
    expect(await ends()).toBe(2);
  });

  it("tells a person what it says, what was checked, what was not, and what to do next", async () => {
    const shown = async (...args: string[]) => (await lanyard("attest", "--explain", ...args)).out.join("\n");
    const unkeyed = await shown(file("t", token), "--at", String(clock));
    expect(unkeyed).toMatch(/it says \(none of it proven\)\n +issuer +https:\/\/token\.actions/);
    expect(unkeyed).toMatch(/expires +2026-08-01T00:05:00Z \(in 5 minutes\)/);
    expect(unkeyed).toContain("next: give its issuer and keys");
    const old = await shown(file("n", nitro));
    expect(old).toMatch(/refused by path: .*expired\nnext: --at 2024-01-24T18:14:\d\dZ judges it/);
    const advised = /--at (\S+)/.exec(old)?.[1] ?? "";
    expect(await shown(file("n", nitro), "--at", advised)).toContain("refused by measured");
    expect(await shown(file("e", pkcs7))).toMatch(
      /\nnot checked\n.*\nfacts\n.*accepted, assurance document, with \d of/s,
    );
  });

  it("shows no control character of the document's to a terminal", async () => {
    const evil = { iss: "https://a.example\u001b[2J", sub: "x\u202ey\u0007", aud: "\u009b31m" };
    const forged = `${token.split(".")[0]}.${Buffer.from(JSON.stringify(evil)).toString("base64url")}.AAAA`;
    const { out } = await lanyard("attest", "--explain", file("evil", forged));
    expect(out.join("\n")).toContain("https://a.example?[2J");
    expect(out.join("\n")).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
  });

  it("prints no token, whole or in part that could be used, in either form", async () => {
    for (const flags of [[], ["--json"]]) {
      const { out } = await lanyard("attest", "--explain", file("t", token), ...flags);
      expect(out.join("\n")).not.toContain(token.split(".")[2]?.slice(0, 20));
      expect(out.join("\n")).not.toContain(token.split(".")[1]?.slice(0, 40));
    }
  });
});

describe("no bytes crash or stall it", () => {
  const evaluate = async (content: Uint8Array, forced?: string) => {
    const cpuMillis = cpuWatch();
    const evidence = detectEvidence(content, forced);
    if (evidence) {
      saidBy(evidence, clock);
      const told = await explainEvidence({ evidence, settings: {}, nowSeconds: clock });
      expect(told?.accepted ?? false).toBe(false);
    }
    expect(cpuMillis()).toBeLessThan(1_000);
  };

  property.prop([fc.uint8Array({ maxLength: 400 }), fc.constantFrom(undefined, ...explainedTypes)])(
    "whatever they are",
    evaluate,
  );
  property.prop([fc.string({ maxLength: 400, unit: "binary" })])("whatever text they are", (text) =>
    evaluate(Buffer.from(text)),
  );
  property.prop([
    fc.constantFrom(nitro, pkcs7, Buffer.from(token)),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
    fc.double({ min: 0.01, max: 1, noNaN: true }),
  ])("however a genuine document was damaged", (genuine, flips, part) => {
    const bytes = Buffer.from(genuine.subarray(0, Math.ceil(genuine.length * part)));
    for (const [at, value] of flips) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (value | 1);
    return evaluate(bytes);
  });
  const odd = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constant({ toString: 1, valueOf: 1 }), fc.constant(["\0"]));
  property.prop([
    fc.constantFrom(...explainedTypes),
    fc.dictionary(
      fc.constantFrom(
        "token",
        "document",
        "pkcs7",
        "chain",
        "signature",
        "headers",
        "region",
        "endpoint",
        "cluster",
        "lanyard-jkt",
        "instanceIdentity",
        "__proto__",
      ),
      odd,
    ),
    fc.dictionary(
      fc.constantFrom("authorization", "x-amz-date", "lanyard-challenge", "lanyard-jkt", "lanyard-issuer"),
      odd,
    ),
  ])("whatever members evidence has", (type, members, headers) =>
    evaluate(
      Buffer.from(JSON.stringify({ type, ...members, ...(Object.keys(headers).length > 0 ? { headers } : {}) })),
    ),
  );
  property.prop([fc.dictionary(fc.constantFrom("iss", "sub", "aud", "iat", "exp", "https://sts.amazonaws.com/"), odd)])(
    "whatever a token claims",
    (claims) =>
      evaluate(Buffer.from(`${token.split(".")[0]}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.AA`)),
  );
  it("an account in a token that is no text, and cannot be made into one", async () => {
    const iss = "https://11111111-2222-3333-4444-555555555555.tokens.sts.global.api.aws";
    const claims = { iss, "https://sts.amazonaws.com/": { aws_account: { toString: 1, valueOf: 1 } } };
    await evaluate(
      Buffer.from(`${token.split(".")[0]}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.AA`),
    );
  });
  it.each<[string, string | Uint8Array]>([
    ["brackets", "[".repeat(documentBytesMax)],
    ["nested objects", '{"a":'.repeat(50_000)],
    ["nested CBOR arrays", new Uint8Array(documentBytesMax).fill(0x81).fill(0x84, 0, 1)],
    ["nested CBOR tags", new Uint8Array(documentBytesMax).fill(0xd2)],
    ["a CBOR length of 2^63", Buffer.from("845b7fffffffffffffff", "hex")],
    ["nested DER", Buffer.concat(Array.from({ length: 60_000 }, () => Buffer.from([0x30, 0x80])))],
    ["beginnings of certificates", "-----BEGIN CERTIFICATE-----".repeat(9_000)],
    ["one certificate without end", `-----BEGIN CERTIFICATE-----${"A".repeat(260_000)}`],
    ["a thousand certificates", "-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----".repeat(4_000)],
    ["dots", "a.".repeat(130_000)],
    ["blanks", `${" ".repeat(262_000)}x`],
    ["hexadecimal digits", "a".repeat(documentBytesMax - 1)],
    ["a token of the largest size", `${"A".repeat(130_000)}.${"A".repeat(130_000)}.A`],
    ["a token of objects", `e30.${Buffer.from('{"a":'.repeat(2_000)).toString("base64url")}.A`],
  ])("as many %s as fit", async (_name, content) => evaluate(Buffer.from(content)));
});
