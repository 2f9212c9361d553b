import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { copyOf, folderWith, rewrite, tried } from "../readers.ts";
import type { Change } from "./mutants.ts";

/** The case of this name, or the example of this title. */
// biome-ignore lint/suspicious/noExplicitAny: each note has its own shape, which its reader knows
const of = (list: any[], name: string) => list.find((one) => (one.name ?? one.title).includes(name));

const exchanges: [string, string] = ["oauth", "token-exchange-cases.json"];
const events: [string, string] = ["ssf", "ssf-caep-examples.json"];
const messages: [string, string] = ["oauth", "rfc-messages.json"];
const measured: [string, string] = [
  "02-nitro",
  "evervault-specs/beta__valid_attestation_doc_in_cert_der_encoding_time_sensitive.json",
];

describe("a reader of requests, events and measurements", () => {
  it.each<[[string, string], string, Change, RegExp]>([
    [
      exchanges,
      "a good request called refused",
      (n) => Object.assign(of(n.cases, "good"), { expect: "invalid_target" }),
      /^good: error: answered 200, not invalid_target/,
    ],
    [
      exchanges,
      "another error",
      (n) => Object.assign(of(n.cases, "resource relative"), { expect: "invalid_scope" }),
      /^resource relative: error: answered invalid_target, not invalid_scope/,
    ],
    [
      exchanges,
      "a role that nobody plays",
      (n) => Object.assign(of(n.cases, "good").form, { subject_token: "<stranger>" }),
      /^good: error: nobody here plays <stranger>/,
    ],
    [
      exchanges,
      "a word that nobody knows",
      (n) => Object.assign(of(n.cases, "good"), { expect: "splendid" }),
      /good: error: no case: expect: no answer is called so/,
    ],
    [
      events,
      "a member that our events never have",
      (n) => Object.assign(Object.values(of(n.examples, "Verification SET").json.events)[0] as object, { odd: 1 }),
      /Verification SET: policy: no member of ours: odd/,
    ],
    [
      events,
      "the subject as sub, which SSF forbids",
      (n) => Object.assign(of(n.examples, "Required claims").json, { sub: "somebody" }),
      /Required claims.*: policy: it has sub or exp/,
    ],
    [
      events,
      "a configuration under other names",
      (n) => delete of(n.examples, "Transmitter Configuration").json.jwks_uri,
      /Configuration Response: invalid: jwks_uri is no member of theirs/,
    ],
    [
      events,
      "a block of nothing known",
      (n) => n.examples.push({ title: "Example: News", json: { news: 1 } }),
      /Example: News: error: no block that is known here/,
    ],
    [events, "a block of no shape", (n) => n.examples.push({ name: "odd", title: 7 }), /odd: error: no case: title/],
    [
      messages,
      "another key's thumbprint",
      (n) => Object.assign(n.rfc7638_thumbprint, { thumbprint: "x" }),
      /rfc7638_thumbprint jwk: invalid: NzbLsXh8/,
    ],
    [
      messages,
      "a proof at another time",
      (n) => Object.assign(n.rfc9449.clock, { token: 1 }),
      /rfc9449 token_request_proof: invalid: dpop_invalid/,
    ],
    [
      messages,
      "a proof for another token",
      (n) => Object.assign(n.rfc9449, { access_token: "another" }),
      /rfc9449 resource_request_proof: invalid: dpop_invalid/,
    ],
    [
      messages,
      "an access token without client_id",
      (n) => delete n.rfc9068.claims.client_id,
      /rfc9068 claims: invalid: token_invalid: claim: client_id is missing/,
    ],
    [
      messages,
      "an inactive answer that says more",
      (n) => Object.assign(n.rfc7662.inactive, { sub: "x" }),
      /rfc7662 inactive: invalid: 200/,
    ],
    [
      messages,
      "a section that nobody knows",
      (n) => Object.assign(n, { rfc1: { request: {} } }),
      /rfc1 request: error: no message that is known here/,
    ],
    [
      measured,
      "another measurement",
      (n) => Object.assign(n.pcrs, { pcr2: "00".repeat(48) }),
      /invalid: selector_mismatch: pcr2/,
    ],
    [
      measured,
      "a match called none",
      (n) => Object.assign(n, { shouldPcrsMatch: false }),
      /valid: measured as pcr0, pcr1, pcr2, pcr8 say/,
    ],
    [
      measured,
      "a document that is not there",
      (n) => Object.assign(n, { file: "test-data/beta/other.crt" }),
      /error: certs\/evervault-other\.crt cannot be read/,
    ],
    [
      measured,
      "a certificate without a document",
      (n) => Object.assign(n, { file: undefined, attestationDoc: "test-data/none" }),
      /error: no document here is from test-data\/none/,
    ],
  ])("fails one case of %s alone: %s", async ([topic, file], _what, change, why) => {
    const folder = copyOf(topic);
    expect((await tried(join(folder, file))).failed).toEqual([]);
    rewrite(folder, file, change);
    expect((await tried(join(folder, file))).why).toEqual([expect.stringMatching(why)]);
  });
});

describe("blocks of SSF", () => {
  const one = (block: object) =>
    tried(join(folderWith({ "ssf-caep-examples.json": { examples: [{ title: "", ...block }] } })));

  it("find our transmitter's configuration by the issuer alone, with a path and without", async () => {
    const request = (path: string) => ({ text: `GET ${path} HTTP/1.1\nHost: tr.example.com\n` });
    for (const path of ["/.well-known/ssf-configuration", "/.well-known/ssf-configuration/issuer1"])
      expect(await one(request(path))).toMatchObject({ passed: 1, failed: [] });
    expect((await one(request("/.well-known/ssf-configuration?x"))).failed).toHaveLength(1);
  });

  it("with a header of another typ fail, and one by another algorithm is not ours", async () => {
    expect((await one({ json: { typ: "JWT", alg: "RS256" } })).failed).toHaveLength(1);
    expect((await one({ json: { typ: "secevent+jwt", alg: "RS256" } })).trials[0]).toMatchObject({ outcome: "valid" });
    expect((await one({ json: { typ: "secevent+jwt", alg: "HS256" } })).trials[0]).toMatchObject({ outcome: "policy" });
  });

  it("about the management of streams are n/a, which we have not", async () => {
    const { trials } = await one({ title: "Example: Delete Stream Request", text: "DELETE /ssf/stream HTTP/1.1\n" });
    expect(trials[0]).toMatchObject({ outcome: "n/a" });
  });
});

describe("measurements of a document that nobody collected", () => {
  it("are n/a for the one that is known to be missing", async () => {
    const file = "beta__valid_attestation_doc_in_cert_time_sensitive.json";
    const note = {
      file: "test-data/beta/debug-mode-cert-containing-attestation-doc-18-1-23.pem",
      pcrs: {},
      isAttestationDocValid: true,
      shouldPcrsMatch: true,
    };
    expect((await tried(folderWith({ [file]: note }))).trials).toEqual([expect.objectContaining({ outcome: "n/a" })]);
    expect((await tried(folderWith({ [file]: { ...note, file: "test-data/other.pem" } }))).failed).toHaveLength(1);
  });
});

describe("blocks of drafts", () => {
  const repo = "oauth-wg/oauth-identity-chaining";
  const tryBlocks = (...examples: readonly object[]) => tried(folderWith({ "draft-examples.json": { examples } }));
  const x = "MXfMrj_tgPJHxkfmDAx0m74E-T-DuLYCNdmuqtpfP_E";
  const y = "YX82bI52OPBED1h_1HpsxAyWzrQ7DChAAVX9Q9E8uYQ";

  it("are tried where we read such a thing, n/a where not, and fail of a draft that nobody knows", async () => {
    const head = "POST /token HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\n";
    const { trials } = await tryBlocks(
      { repo, json: { kty: "EC", crv: "P-256", x, y } },
      { repo, json: { kty: "EC", crv: "P-256", x } },
      { repo, text: `${head}grant_type=client_credentials` },
      { repo, text: 'GET /bundle.json HTTP/1.1\nHost: a.example\n\n{"keys":7}' },
      { repo, json: { typ: "other" } },
      { repo: "somebody/else", json: { typ: "other" } },
      { repo: 7 },
    );
    expect(trials.map(({ outcome, passed }) => [outcome, passed])).toEqual([
      ["valid", true],
      ["invalid", false],
      ["policy", true],
      ["invalid", false],
      ["n/a", undefined],
      ["error", false],
      ["error", false],
    ]);
  });
});
