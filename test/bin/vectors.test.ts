import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { type Outcome, outcomesOf } from "../../scripts/vectors/document.ts";

const script = new URL("../../scripts/vectors.ts", import.meta.url).pathname;
const own = new URL("../vectors/", import.meta.url).pathname;

function run(...args: readonly string[]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
  const lines = stdout.trimEnd().split("\n");
  return { lines, last: lines.at(-1), stdout, stderr, status };
}

/** A folder with a copy of one of ours, to be spoilt. */
function copyOf(topic: string): string {
  const folder = join(mkdtempSync(join(tmpdir(), "lanyard-vectors-")), topic);
  cpSync(join(own, topic), folder, { recursive: true });
  return folder;
}

/** Rewrites a manifest of a copy. */
function rewrite<T>(folder: string, file: string, change: (content: T) => unknown): void {
  const path = join(folder, file);
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, "utf8")) as T)));
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

/** What `--json` prints. */
interface Report {
  readonly documents: readonly { file: string; expected: string; outcome: string; reason: string; passed?: boolean }[];
}

interface Entry {
  readonly file: string;
  expected: string;
}

describe("npm run vectors", () => {
  it("tries every document of the repository, and each comes out as its note says", () => {
    const { lines, last, status } = run();
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
    ])
      expect(lines.filter((line) => line.includes(topic)).length, topic).toBeGreaterThan(5);
  });

  it("tries as many documents as the manifests name, and none twice", () => {
    const { documents } = JSON.parse(run("--json").stdout) as { documents: readonly { file: string }[] };
    const entries = (file: string) => JSON.parse(readFileSync(join(own, file), "utf8"));
    const nitro = entries("02-nitro/manifest.json").length + entries("02-nitro/mutants-manifest.json").length;
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
  ])("fails exactly one document by a note %s", (_name, from, to) => {
    const folder = copyOf("02-nitro");
    rewrite<Entry[]>(folder, "manifest.json", (entries) => {
      const entry = entries.find((e) => e.expected === from && !e.file.includes("debug"));
      if (entry) entry.expected = to;
      return entries;
    });
    const { lines, last, status } = run(folder);
    expect(lines.filter((line) => line.startsWith("FAIL"))).toHaveLength(1);
    expect(last).toMatch(/^\d+ passed, 1 failed$/);
    expect(status).toBe(1);
  });

  it("fails a document of which one byte was changed", () => {
    const folder = copyOf("02-nitro");
    const [good] = (JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as Entry[]).filter(
      (e) => e.expected === "valid",
    );
    const path = join(folder, good?.file ?? "");
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const { last, status, lines } = run(folder);
    expect(lines.find((line) => line.startsWith("FAIL"))).toMatch(/ valid +invalid +signature: /);
    expect(last).toMatch(/, 1 failed$/);
    expect(status).toBe(1);
  });

  it("fails what a manifest names and cannot be read, or may not be: a note reads its own folder alone", () => {
    const folder = copyOf("spiffe");
    rewrite<{ cases: Entry[] }>(folder, "bundle-cases.json", ({ cases }) => ({
      cases: [
        ...cases,
        { file: "absent.json", expected: "invalid" },
        { file: "../../etc/passwd", expected: "invalid" },
      ],
    }));
    const { lines, last, status } = run(folder);
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
  ])("fails a manifest %s that reads %s: documents nobody tried are not passed over", (name, text) => {
    const folder = mkdtempSync(join(tmpdir(), "lanyard-vectors-"));
    writeFileSync(join(folder, name), text);
    const { last, status } = run(folder);
    expect(last).toBe("0 passed, 1 failed");
    expect(status).toBe(1);
  });

  it("prints ? for documents without a note, with what they come to, and counts them as neither", () => {
    const folder = mkdtempSync(join(tmpdir(), "lanyard-vectors-"));
    mkdirSync(join(folder, "deeper"));
    const real = "02-nitro/real/20230928-110827-aws-nitro-enclave-attestation.bin";
    cpSync(join(own, real), join(folder, "deeper/document.bin"));
    const now = run(folder);
    expect(now.lines).toHaveLength(2);
    expect(now.lines[0]).toMatch(/^\? .*deeper\/document\.bin +\? +invalid +aws-nitro-enclave: refused by path: /);
    expect([now.last, now.status]).toEqual(["0 passed, 0 failed", 0]);
    const then = run("--at", "1695899307", join(folder, "deeper/document.bin"));
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
  ])("fails one odd case of %s/%s alone, and tries every other", (topic, file, list) => {
    const folder = copyOf(topic);
    const before = run(join(folder, file));
    rewrite<Record<string, unknown[]> | unknown[]>(folder, file, (content) => {
      const cases = Array.isArray(content) ? content : (content[list ?? ""] ?? []);
      cases.splice(1, 0, { name: "the odd one", expected: 7 });
      return content;
    });
    const { lines, last, status } = run(join(folder, file));
    expect(lines.filter((line) => line.startsWith("FAIL"))).toEqual([
      expect.stringMatching(/#2 the odd one .* no case: /),
    ]);
    expect([last, status]).toEqual([before.last?.replace(" 0 failed", " 1 failed"), 1]);
  });

  it("fails whatever it was given and cannot read, each file by itself and with the reason", () => {
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
    const { lines, status } = run(folder);
    const failed = lines.filter((line) => line.startsWith("FAIL"));
    for (const [file, , why] of [...given, ["link", "", "neither a file nor a folder"], ["7/8/9", "", "deeper than"]])
      expect(
        failed.filter((line) => line.includes(`/${file} `) && line.includes(`${why}`)),
        `${file}`,
      ).toHaveLength(1);
    expect(failed).toHaveLength(given.length + 2);
    expect(status).toBe(1);
  });

  it("judges access tokens by the verifier of resource servers: a stranger's good token is policy, let in by nobody", () => {
    const { documents } = JSON.parse(run("--json", join(own, "jwt-attacks/cases.json")).stdout) as Report;
    const named = (id: string) => documents.find(({ file }) => file.includes(`#${id} `));
    expect(named("baseline-01")).toMatchObject({ outcome: "policy", reason: "claims_invalid: sid", passed: true });
    expect(named("time-29")).toMatchObject({ outcome: "policy", passed: true });
    // what must be refused was seen before any member of ours was missed
    const attacks = documents.filter(({ expected }) => expected.startsWith("reject"));
    expect(attacks.length).toBeGreaterThan(100);
    for (const { reason, file } of attacks.filter(({ file }) => !file.includes("subject-13")))
      expect(reason, file).not.toMatch(/^claims_invalid: (sid|root|depth|assurance|cnf|status)/);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["an attack that is called good", { id: "key-injection-05", expected: "accept" }, "invalid"],
    ["a good token that is called an attack", { id: "baseline-01", expected: "reject" }, "policy"],
    ["what is no token at all", { id: "baseline-01", expected: "accept", token: "a.b.c" }, "invalid"],
  ])("fails %s, since the resource server says otherwise", (_what, { id, ...change }, outcome) => {
    const folder = copyOf("jwt-attacks");
    rewrite<{ cases: Record<string, unknown>[] }>(folder, "cases.json", (note) => ({
      ...note,
      cases: note.cases.filter((one) => one.id === id).map((one) => ({ ...one, ...change })),
    }));
    const { lines, last } = run(join(folder, "cases.json"));
    expect(lines[0]).toMatch(new RegExp(`^FAIL .* ${outcome} `));
    expect(last).toBe("0 passed, 1 failed");
  });

  it.each([
    ["nonce-wrong", /dpop_nonce|proof_nonce_required/],
    ["nonce-missing-when-required", /proof_nonce_required/],
    ["jkt-mismatch", /proof_key_mismatch/],
    ["replay", /proof_replayed/],
    ["bearer-scheme-with-bound-token", /bearer_not_accepted/],
    ["ath-missing", /proof_invalid/],
  ])("hands %s what its note asks, which is refused", (name, why) => {
    const { documents } = JSON.parse(run("--json", join(own, "dpop/dpop-cases.json")).stdout) as Report;
    const one = documents.find(({ file }) => file.endsWith(`#${name}`));
    expect(one).toMatchObject({ outcome: "invalid", passed: true, reason: expect.stringMatching(why) });
  });

  it("hands an enclave's document the challenge its note names, in a member or in words", () => {
    const outcomes = ["11", "22"].map((byte) => {
      const folder = copyOf("02-nitro");
      rewrite<Record<string, unknown>[]>(folder, "mutants-manifest.json", (entries) => {
        const one = entries.find(({ file }) => `${file}`.includes("B01-good"));
        const file = "testroot/B01-good.bin";
        // its own nonce is thirty-two times 0x11
        const expected = byte === "11" ? "valid" : "policy-reject";
        return [
          { ...one, file, expected, challenge: Buffer.alloc(32, byte, "hex").toString("latin1") },
          { ...one, file, expected, reason: `its nonce is not the challenge 0x${byte}*32` },
          { ...one, file, expected: "valid", reason: "no challenge was given out" },
          { ...one, file, expected: "invalid", trust_root: "aws" },
          { ...one, file, expected: "invalid", verify_clock: "2036-01-01T01:00:00Z" },
        ];
      });
      return run(join(folder, "mutants-manifest.json")).last;
    });
    expect(outcomes).toEqual(["5 passed, 0 failed", "5 passed, 0 failed"]);
  });

  it("hands an instance's document the one beside it, which must be what is signed", () => {
    const folder = copyOf("03-ec2-iid");
    const signed = Buffer.from(readFileSync(join(folder, "testca/T01-good-no-certs.pkcs7.b64"), "utf8"), "base64");
    const text = signed.toString("latin1");
    const document = text.slice(text.indexOf("{"), text.indexOf("}") + 1);
    writeFileSync(join(folder, "same.document"), document);
    writeFileSync(join(folder, "other.document"), document.replace("1", "2"));
    rewrite<Record<string, unknown>[]>(folder, "testca-manifest.json", ([good]) => [
      { ...good, document: "same.document" },
      { ...good, document: "other.document", expected: "invalid" },
      { ...good, document: "absent.document" },
    ]);
    const { lines } = run(join(folder, "testca-manifest.json"));
    expect(lines.map((line) => line.slice(0, 4))).toEqual(["ok  ", "ok  ", "FAIL", "2 pa"]);
    expect(lines[1]).toContain("not what is signed");
    expect(lines[2]).toContain("cannot be read");
  });

  it("hands a token of a federated trust domain its own bundle, and no token another's", async () => {
    const folder = copyOf("spiffe");
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const key = { ...(await exportJWK(publicKey)), kid: "far", use: "jwt-svid" };
    writeFileSync(join(folder, "test-bundle.far.example.json"), JSON.stringify({ keys: [key] }));
    const token = (domain: string) =>
      new SignJWT({ sub: `spiffe://${domain}/x`, aud: "agents.example.com", exp: 1_785_542_500 })
        .setProtectedHeader({ alg: "ES256", kid: "far" })
        .sign(privateKey);
    const cases = [
      { name: "far", token: await token("far.example"), expected: "valid" },
      { name: "for somebody else", token: await token("far.example"), expected: "invalid", audience: "other" },
      { name: "after its time", token: await token("far.example"), expected: "invalid", now: 1_785_549_999 },
      { name: "near", token: await token("example.org"), expected: "invalid" },
    ];
    rewrite<object>(folder, "jwt-svid-cases.json", (note) => ({
      ...note,
      federated_bundle: "test-bundle.far.example.json",
      cases,
    }));
    expect(run(join(folder, "jwt-svid-cases.json")).last).toBe("4 passed, 0 failed");
  });

  it("fails an empty folder: nothing was tried", () => {
    const { last, status } = run(mkdtempSync(join(tmpdir(), "lanyard-vectors-")));
    expect([last, status]).toEqual(["0 passed, 1 failed", 1]);
  });

  it("takes one manifest by its path", () => {
    const { lines, last, status } = run(join(own, "03-ec2-iid/testca-manifest.json"));
    expect(last).toBe(`${lines.length - 1} passed, 0 failed`);
    expect(lines.length).toBe(
      JSON.parse(readFileSync(join(own, "03-ec2-iid/testca-manifest.json"), "utf8")).length + 1,
    );
    expect(status).toBe(0);
  });

  it("tells what it is for, and ends with 2 when it was not given right", () => {
    expect(run("--help")).toMatchObject({ status: 0, stderr: "" });
    expect(run("--help").stdout).toContain("N passed, N failed");
    for (const args of [["--sideways"], [join(own, "nowhere")], ["--at", "yesterday", own]])
      expect(run(...args)).toMatchObject({ status: 2, stdout: "" });
  });
});
