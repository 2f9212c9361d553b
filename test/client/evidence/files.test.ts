import { execFileSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { gitlabToken } from "../../../client/evidence/oidc/gitlab-token.ts";
import { projectedToken } from "../../../client/evidence/oidc/projected-token.ts";
import { spiffeJwtSvid } from "../../../client/evidence/spiffe-jwt-svid.ts";
import { spiffeX509Svid } from "../../../client/evidence/spiffe-x509-svid.ts";
import { verifyX509Svid } from "../../../core/attest/methods/spiffe-x509-svid/attestor.ts";
import { readSpiffeBundle } from "../../../core/keys/spiffe-bundle.ts";
import { limits } from "../../../core/model/limits.ts";
import { issue, type TestCertificate } from "../../kit/evidence/certificates.ts";
import { tokenFor, wanted } from "../platform.ts";

const folder = mkdtempSync(join(tmpdir(), "lanyard-evidence-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

describe.each([
  ["oidc", (path: string) => projectedToken({ path })],
  ["spiffe-jwt-svid", (path: string) => spiffeJwtSvid({ path })],
])("a token in a file, as %s", (type, source) => {
  it("is read anew for each attestation, since the platform renews it", async () => {
    const path = file(`${type}.token`, `${tokenFor([wanted.issuer])}\n`);
    const evidence = source(path);
    expect(await evidence.collect(wanted)).toEqual({ type, token: tokenFor([wanted.issuer]) });
    const renewed = tokenFor([wanted.issuer], { jti: "2" });
    file(`${type}.token`, renewed);
    expect(await evidence.collect(wanted)).toEqual({ type, token: renewed });
  });

  it.each([
    ["the cluster's API server", "https://kubernetes.default.svc.cluster.local"],
    ["AWS", ["sts.amazonaws.com"]],
    ["us and another", [wanted.issuer, "https://other.example"]],
  ])("threat 4: is not shown when it is for %s", async (_case, aud) => {
    await expect(source(file("foreign", tokenFor(aud))).collect(wanted)).rejects.toThrow("not shown");
  });

  it.each([
    ["empty", ""],
    ["no token", "hello"],
    ["two tokens", `${tokenFor(wanted.issuer)}\n${tokenFor(wanted.issuer)}`],
    ["a token that is no JSON inside", "YQ.YQ.YQ"],
  ])("is refused when the file is %s", async (_case, text) => {
    await expect(source(file("bad", text)).collect(wanted)).rejects.toThrow("no JWT");
  });

  it("is refused, and read no further, when the file is too long, missing, a folder or a pipe", async () => {
    const long = file("long", "x".repeat(limits.tokenBytes + 1));
    await expect(source(long).collect(wanted)).rejects.toThrow("longer than");
    await expect(source(join(folder, "absent")).collect(wanted)).rejects.toThrow("ENOENT");
    await expect(source(folder).collect(wanted)).rejects.toThrow("no file");
    execFileSync("mkfifo", [join(folder, "pipe")]);
    await expect(source(join(folder, "pipe")).collect(wanted)).rejects.toThrow("no file");
    rmSync(join(folder, "pipe"));
  });
});

it("a projected token may be for the audience its issuer is registered with", async () => {
  const path = file("audience", tokenFor("lanyard"));
  await expect(projectedToken({ path }).collect(wanted)).rejects.toThrow("not shown");
  expect((await projectedToken({ path, audience: "lanyard" }).collect(wanted)).type).toBe("oidc");
});

it("a GitLab job's token is the variable its pipeline names, and no other", async () => {
  const env = { LANYARD_TOKEN: tokenFor(wanted.issuer), CI_JOB_JWT: tokenFor("https://gitlab.com") };
  expect(await gitlabToken({ variable: "LANYARD_TOKEN", env }).collect(wanted)).toEqual({
    type: "oidc",
    token: env.LANYARD_TOKEN,
  });
  await expect(gitlabToken({ variable: "CI_JOB_JWT", env }).collect(wanted)).rejects.toThrow("not shown");
  await expect(gitlabToken({ variable: "ABSENT", env }).collect(wanted)).rejects.toThrow("no ID token called ABSENT");
});

describe("an X.509-SVID in files", () => {
  const now = 1_785_542_400;
  const spiffeId = "spiffe://one.example/ns/billing";
  const root = issue({ subject: "root", ca: true });
  const intermediate = issue({ subject: "inter", ca: true, pathLength: 0 }, root);
  const keys = {
    "P-256": generateKeyPairSync("ec", { namedCurve: "P-256" }),
    "P-384": generateKeyPairSync("ec", { namedCurve: "P-384" }),
    RSA: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  };
  const pem = (...chain: readonly TestCertificate[]) =>
    chain
      .map(({ der }) => `-----BEGIN CERTIFICATE-----\n${der.toString("base64")}\n-----END CERTIFICATE-----\n`)
      .join("");
  const keyPem = (key: KeyObject) => key.export({ type: "pkcs8", format: "pem" }) as string;
  const leafOf = (key: (typeof keys)["P-256"]) => issue({ uris: [spiffeId], key }, intermediate);
  const lay = (certificates: string, key: string) => {
    const directory = mkdtempSync(join(folder, "svid-"));
    writeFileSync(join(directory, "svid.pem"), certificates);
    writeFileSync(join(directory, "svid_key.pem"), key, { mode: 0o600 });
    return directory;
  };
  const bundle = () => {
    const x5c = [root.der.toString("base64")];
    const read = readSpiffeBundle(Buffer.from(JSON.stringify({ keys: [{ use: "x509-svid", kty: "EC", x5c }] })));
    if (!read.ok) throw new Error(read.error.why);
    return read.value;
  };
  const evaluate = (evidence: { readonly type: string }, over: object = {}) =>
    verifyX509Svid(evidence, {
      ...wanted,
      ...over,
      nowSeconds: now,
      bundle: bundle(),
      domain: {
        kind: "trusted-issuer",
        name: "one",
        purpose: "spiffe",
        issuer: "spiffe://one.example",
        algorithms: ["ES256"],
      },
    });

  it.each(Object.entries(keys))(
    "is proven by a signature of its %s key that the attestor accepts",
    async (_name, key) => {
      const directory = lay(pem(leafOf(key), intermediate), keyPem(key.privateKey));
      const evidence = await spiffeX509Svid({ directory }).collect(wanted);
      expect(evaluate(evidence)).toEqual({ ok: true, value: { facts: { spiffeId, trustDomain: "one.example" } } });
      for (const other of [{ challenge: "c" }, { jkt: "j" }, { issuer: "https://other.example" }])
        expect(evaluate(evidence, other)).toMatchObject({ ok: false, error: { check: "binding" } });
      expect(JSON.stringify(evidence)).not.toContain("PRIVATE");
    },
  );

  it("waits while the helper is between writing the certificate and its key", async () => {
    const { "P-256": key } = keys;
    const directory = lay(pem(leafOf(key), intermediate), "-----BEGIN PRIVATE KEY-----\nhalf");
    const evidence = spiffeX509Svid({ directory }).collect(wanted);
    setTimeout(() => writeFileSync(join(directory, "svid_key.pem"), keyPem(key.privateKey)), 120);
    expect(evaluate(await evidence).ok).toBe(true);
  });

  const fitting = () => pem(leafOf(keys["P-256"]), intermediate);
  it.concurrent.each<[string, () => [string, string], string]>([
    ["a key of another SVID", () => [fitting(), keyPem(keys["P-384"].privateKey)], "do not fit"],
    ["no certificate", () => ["", keyPem(keys["P-256"].privateKey)], "1 to 5 certificates"],
    ["six certificates", () => [fitting().repeat(3), keyPem(keys["P-256"].privateKey)], "1 to 5 certificates"],
    [
      "nonsense for a certificate",
      () => ["-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n", ""],
      "no certificate",
    ],
    ["nonsense for a key", () => [fitting(), "key"], "no private key"],
    ["an endless certificate file", () => ["x".repeat(70_000), ""], "longer than"],
  ])("is refused when its files hold %s", async (_case, files, why) => {
    const directory = lay(...files());
    await expect(spiffeX509Svid({ directory }).collect(wanted)).rejects.toThrow(why);
  });
});
