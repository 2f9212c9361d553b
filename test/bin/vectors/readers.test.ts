import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { copyOf, own, rewrite, run } from "./ground.ts";

/** What `--json` prints. */
interface Report {
  readonly documents: readonly { file: string; expected: string; outcome: string; reason: string; passed?: boolean }[];
}

describe("npm run vectors", () => {
  it("evaluates access tokens by the verifier of resource servers: a stranger's good token is policy, let in by nobody", async () => {
    const { documents } = JSON.parse((await run("--json", join(own, "jwt-attacks/cases.json"))).stdout) as Report;
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
  ])("fails %s, since the resource server says otherwise", async (_what, { id, ...change }, outcome) => {
    const folder = copyOf("jwt-attacks");
    rewrite<{ cases: Record<string, unknown>[] }>(folder, "cases.json", (note) => ({
      ...note,
      cases: note.cases.filter((one) => one.id === id).map((one) => ({ ...one, ...change })),
    }));
    const { lines, last } = await run(join(folder, "cases.json"));
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
  ])("hands %s what its note asks, which is refused", async (name, why) => {
    const { documents } = JSON.parse((await run("--json", join(own, "dpop/dpop-cases.json"))).stdout) as Report;
    const one = documents.find(({ file }) => file.endsWith(`#${name}`));
    expect(one).toMatchObject({ outcome: "invalid", passed: true, reason: expect.stringMatching(why) });
  });

  it("hands an enclave's document the challenge its note names, in a member or in words", async () => {
    const outcomes = ["11", "22"].map(async (byte) => {
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
      return (await run(join(folder, "mutants-manifest.json"))).last;
    });
    expect(await Promise.all(outcomes)).toEqual(["5 passed, 0 failed", "5 passed, 0 failed"]);
  });

  it("hands an instance's document the one beside it, which must be what is signed", async () => {
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
    const { lines } = await run(join(folder, "testca-manifest.json"));
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
    expect((await run(join(folder, "jwt-svid-cases.json"))).last).toBe("4 passed, 0 failed");
  });

  it("fails an empty folder: nothing was tried", async () => {
    const { last, status } = await run(mkdtempSync(join(tmpdir(), "lanyard-vectors-")));
    expect([last, status]).toEqual(["0 passed, 1 failed", 1]);
  });

  it("takes one manifest by its path", async () => {
    const { lines, last, status } = await run(join(own, "03-ec2-iid/testca-manifest.json"));
    expect(last).toBe(`${lines.length - 1} passed, 0 failed`);
    expect(lines.length).toBe(
      JSON.parse(readFileSync(join(own, "03-ec2-iid/testca-manifest.json"), "utf8")).length + 1,
    );
    expect(status).toBe(0);
  });

  it("tells what it is for, and ends with 2 when it was not given right", async () => {
    expect(await run("--help")).toMatchObject({ status: 0, stderr: "" });
    expect((await run("--help")).stdout).toContain("N passed, N failed");
    for (const args of [["--sideways"], [join(own, "nowhere")], ["--at", "yesterday", own]])
      expect(await run(...args)).toMatchObject({ status: 2, stdout: "" });
  });
});
