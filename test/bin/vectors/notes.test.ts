import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Outcome, outcomesOf } from "../../../scripts/vectors/document.ts";
import { copyOf, own, rewrite, run } from "./ground.ts";

interface Entry {
  readonly file: string;
  expected: string;
}

describe("a note's word", () => {
  it.each<[string, readonly string[], string?]>([
    ["valid", ["valid"]],
    ["accept, without pollution", ["valid"]],
    ["invalid (methods are case sensitive)", ["invalid"]],
    ["policy-reject", ["policy"]],
    ["either", ["valid", "invalid", "policy"]],
    ["valid-if-rsa1024-allowed", ["valid", "invalid", "policy"]],
    ["either", ["invalid"], "invalid"],
    ["splendid", ["invalid"]],
    ["", ["invalid"]],
  ])("%j allows %j", (said, outcomes, decided) => {
    expect(outcomesOf(said, decided as Outcome | undefined)).toEqual(outcomes);
  });
});

describe("npm run vectors", () => {
  it("tries every document of the repository, and each comes out as its note says", async () => {
    const { lines, last, status } = await run();
    expect(lines.filter((line) => line.startsWith("FAIL"))).toEqual([]);
    const notOurs = lines.filter((line) => line.startsWith("n/a")).length;
    expect(last).toBe(`${lines.length - 1 - notOurs} passed, 0 failed, ${notOurs} n/a`);
    expect(status).toBe(0);
    for (const topic of [
      "02-nitro/real/",
      "02-nitro/mutants/",
      "02-nitro/testroot/",
      "03-ec2-iid/real/",
      "03-ec2-iid/testca/",
      "sts-web-identity/tokens.json#",
      "sts-caller-identity/raw-requests.json#",
      "sts-caller-identity/responses.json#",
      "sts-caller-identity/arn-cases.json#",
      "oidc/cases.json#",
      "spiffe/jwt-svid-cases.json#",
      "spiffe/go-spiffe/",
      "spiffe/go-spiffe-x509svid/",
      "jwt-attacks/cases.json#",
      "dpop/dpop-cases.json#",
      "status/status-list.json#",
      "wycheproof/json_web_signature_test.json#",
      "wycheproof-ecdsa/ecdsa_secp256r1_sha256_test.json#",
      "wycheproof-signatures/ecdsa_secp384r1_sha384_test.json#",
      "wycheproof-signatures/hmac_sha256_test.json#",
      "cedar/tests/",
      "oauth/token-exchange-cases.json#",
    ])
      expect(lines.filter((line) => line.includes(topic)).length, topic).toBeGreaterThan(5);
  });

  it("tries as many documents as the manifests name, and none twice", async () => {
    const { documents } = JSON.parse((await run("--json")).stdout) as { documents: readonly { file: string }[] };
    const entries = (file: string) => JSON.parse(readFileSync(join(own, file), "utf8"));
    const measured = readdirSync(join(own, "02-nitro/evervault-specs")).length;
    const nitro =
      entries("02-nitro/manifest.json").length + entries("02-nitro/mutants-manifest.json").length + measured;
    const instances =
      entries("03-ec2-iid/real-manifest.json").length + entries("03-ec2-iid/testca-manifest.json").length;
    const count = (topic: string) => documents.filter(({ file }) => file.includes(topic)).length;
    expect(count("02-nitro/")).toBe(nitro);
    expect(count("03-ec2-iid/")).toBe(instances);
    expect(count("sts-web-identity/tokens.json")).toBe(entries("sts-web-identity/tokens.json").cases.length);
    expect(count("jwt-attacks/")).toBe(entries("jwt-attacks/cases.json").cases.length);
    const files = documents
      .map(({ file }) => file)
      .filter((file) => file.includes("-nitro/") || file.includes("-iid/"));
    expect(new Set(files).size).toBe(nitro + instances);
  });

  it.each([
    ["that asks for the refusal of a good document", "valid", "invalid"],
    ["that asks for the acceptance of a spoilt one", "invalid", "valid"],
    ["with a word nobody knows, which asks for a refusal", "valid", "splendid"],
  ])("fails exactly one document by a note %s", async (_name, from, to) => {
    const folder = copyOf("02-nitro");
    rewrite<Entry[]>(folder, "manifest.json", (entries) => {
      const entry = entries.find((e) => e.expected === from && !e.file.includes("debug"));
      if (entry) entry.expected = to;
      return entries;
    });
    const { lines, last, status } = await run(folder);
    expect(lines.filter((line) => line.startsWith("FAIL"))).toHaveLength(1);
    expect(last).toMatch(/^\d+ passed, 1 failed$/);
    expect(status).toBe(1);
  });

  it("fails a document of which one byte was changed", async () => {
    const folder = copyOf("02-nitro");
    const [good] = (JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as Entry[]).filter(
      (e) => e.expected === "valid",
    );
    const path = join(folder, good?.file ?? "");
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const { last, status, lines } = await run(folder);
    expect(lines.find((line) => line.startsWith("FAIL"))).toMatch(/ valid +invalid +signature: /);
    expect(last).toMatch(/, 1 failed$/);
    expect(status).toBe(1);
  });

  it("fails what a manifest names and cannot be read, or may not be: a note reads its own folder alone", async () => {
    const folder = copyOf("spiffe");
    rewrite<{ cases: Entry[] }>(folder, "bundle-cases.json", ({ cases }) => ({
      cases: [
        ...cases,
        { file: "absent.json", expected: "invalid" },
        { file: "../../etc/passwd", expected: "invalid" },
      ],
    }));
    const { lines, last, status } = await run(folder);
    expect(lines.filter((line) => line.startsWith("FAIL"))).toEqual([
      expect.stringContaining("cannot be read"),
      expect.stringContaining("outside its folder"),
    ]);
    expect(last).toMatch(/, 2 failed$/);
    expect(status).toBe(1);
  });

  it.each([
    ["tokens.json", "{"],
    ["tokens.json", '{"cases":[]}'],
    ["manifest.json", '[{"file":"a.bin"}]'],
  ])("fails a manifest %s that reads %s: documents nobody tried are not passed over", async (name, text) => {
    const folder = mkdtempSync(join(tmpdir(), "lanyard-vectors-"));
    writeFileSync(join(folder, name), text);
    const { last, status } = await run(folder);
    expect(last).toBe("0 passed, 1 failed");
    expect(status).toBe(1);
  });

  it("prints ? for documents without a note, with what they come to, and counts them as neither", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lanyard-vectors-"));
    mkdirSync(join(folder, "deeper"));
    const real = "02-nitro/real/20230928-110827-aws-nitro-enclave-attestation.bin";
    cpSync(join(own, real), join(folder, "deeper/document.bin"));
    const now = await run(folder);
    expect(now.lines).toHaveLength(2);
    expect(now.lines[0]).toMatch(/^\? .*deeper\/document\.bin +\? +invalid +aws-nitro-enclave: refused by path: /);
    expect([now.last, now.status]).toEqual(["0 passed, 0 failed", 0]);
    const then = await run("--at", "1695899307", join(folder, "deeper/document.bin"));
    expect(then.lines[0]).toMatch(/^\? .*document\.bin +\? +valid +aws-nitro-enclave: accepted/);
    expect([then.last, then.status]).toEqual(["0 passed, 0 failed", 0]);
  });

  it.each([
    ["sts-web-identity", "tokens.json", "cases"],
    ["oidc", "cases.json", "cases"],
    ["spiffe", "jwt-svid-cases.json", "cases"],
    ["spiffe", "spiffe-id-cases.json", "valid"],
    ["sts-caller-identity", "raw-requests.json", "cases"],
    ["sts-caller-identity", "arn-cases.json", "canonical"],
    ["jwt-attacks", "cases.json", "cases"],
    ["dpop", "dpop-cases.json", "cases"],
    ["status", "status-list.json", "negative_lists"],
    ["wycheproof-ecdsa", "ecdsa_secp256r1_sha256_test.json", "testGroups"],
    ["02-nitro", "mutants-manifest.json", undefined],
    ["03-ec2-iid", "testca-manifest.json", undefined],
  ])("fails one odd case of %s/%s alone, and tries every other", async (topic, file, list) => {
    const folder = copyOf(topic);
    const before = await run(join(folder, file));
    rewrite<Record<string, unknown[]> | unknown[]>(folder, file, (content) => {
      const cases = Array.isArray(content) ? content : (content[list ?? ""] ?? []);
      cases.splice(1, 0, { name: "the odd one", expected: 7 });
      return content;
    });
    const { lines, last, status } = await run(join(folder, file));
    expect(lines.filter((line) => line.startsWith("FAIL"))).toEqual([
      expect.stringMatching(/#2 the odd one .* no case: /),
    ]);
    expect([last, status]).toEqual([before.last?.replace(" 0 failed", " 1 failed"), 1]);
  });

  it("fails whatever it was given and cannot read, each file by itself and with the reason", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lanyard-vectors-"));
    cpSync(join(own, "status"), join(folder, "status"), { recursive: true });
    const given: readonly (readonly [file: string, content: string | Uint8Array, why: string])[] = [
      ["noise", new Uint8Array([0, 255, 7, 7]), "no document that is known here"],
      ["long.bin", new Uint8Array(300_000), "longer than 262144 bytes"],
      ["manifest.json", "[]", "empty list of cases"],
      ["dpop-cases.json", '{"cases":[{"name":"of another shape"}]}', "no manifest known here"],
      ["other_test.json", '{"schema":"aead_test_schema_v1.json","testGroups":[]}', "no manifest known here"],
      ["jwt-svid-cases.json", "{", "is no JSON"],
      ["status/new-cases.json", '{"cases":[]}', "no document that is known here"],
      ["status/left.bin", "nobody names it", "no document that is known here"],
    ];
    for (const [file, content] of given) writeFileSync(join(folder, file), content);
    writeFileSync(join(folder, "SOURCE.md"), "prose is no document");
    writeFileSync(join(folder, "status/keys.json"), '{"keys":[]}');
    symlinkSync("/nowhere", join(folder, "link"));
    mkdirSync(join(folder, "1/2/3/4/5/6/7/8/9"), { recursive: true });
    writeFileSync(join(folder, "1/2/3/4/5/6/7/8/9/deep.bin"), "too deep");
    const { lines, status } = await run(folder);
    const failed = lines.filter((line) => line.startsWith("FAIL"));
    for (const [file, , why] of [...given, ["link", "", "neither a file nor a folder"], ["7/8/9", "", "deeper than"]])
      expect(
        failed.filter((line) => line.includes(`/${file} `) && line.includes(`${why}`)),
        `${file}`,
      ).toHaveLength(1);
    expect(failed).toHaveLength(given.length + 2);
    expect(status).toBe(1);
  });
});
