import { generateKeyPairSync } from "node:crypto";
import { chmodSync, rmSync } from "node:fs";
import { fc, test as property } from "@fast-check/vitest";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { spiffeWorkloadJwt, spiffeWorkloadX509 } from "../../../client/evidence/spiffe-workload-api.ts";
import { workloadTarget } from "../../../client/evidence/workload-api/address.ts";
import { jwtSvidsIn, x509SvidsIn } from "../../../client/evidence/workload-api/messages.ts";
import { verifyX509Svid } from "../../../core/attest/methods/spiffe-x509-svid/attestor.ts";
import { readSpiffeBundle } from "../../../core/keys/spiffe-bundle.ts";
import { issue } from "../../kit/evidence/certificates.ts";
import { tokenFor, wanted } from "../platform.ts";
import { type FakeWorkloadApi, fakeWorkloadApi, field, response } from "./workload-api.ts";

let api: FakeWorkloadApi;
beforeEach(async () => {
  api = await fakeWorkloadApi();
});
afterEach(() => api.close());

const one = "spiffe://one.example/ns/billing";
const two = "spiffe://one.example/ns/admin";
const root = issue({ subject: "root", ca: true });
const intermediate = issue({ subject: "inter", ca: true, pathLength: 0 }, root);
const svidOf = (spiffeId: string, hint = "") => {
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const der = Buffer.concat([issue({ uris: [spiffeId], key }, intermediate).der, intermediate.der]);
  return [
    [1, spiffeId],
    [2, der],
    [3, key.privateKey.export({ type: "pkcs8", format: "der" })],
    [4, root.der],
    ...(hint === "" ? [] : ([[5, hint]] as const)),
  ] as const;
};
const judged = (evidence: { readonly type: string }) => {
  const keys = [{ use: "x509-svid", kty: "EC", x5c: [root.der.toString("base64")] }];
  const bundle = readSpiffeBundle(Buffer.from(JSON.stringify({ keys })));
  if (!bundle.ok) throw new Error(bundle.error.why);
  const domain = { kind: "trusted-issuer", name: "one", purpose: "spiffe", issuer: "spiffe://one.example" } as const;
  return verifyX509Svid(evidence, {
    ...wanted,
    nowSeconds: 1_785_542_400,
    bundle: bundle.value,
    domain: { ...domain, algorithms: ["ES256"] },
  });
};
const x509 = (more: object = {}) => spiffeWorkloadX509({ address: api.address, ...more }).collect(wanted);
const jwt = (more: object = {}) => spiffeWorkloadJwt({ address: api.address, ...more }).collect(wanted);

describe("the Workload API", () => {
  it.each(["unix", "tcp"] as const)(
    "hands out an X.509-SVID by %s that the attestor accepts, and its key stays",
    async (by) => {
      api.close();
      api = await fakeWorkloadApi(by);
      api.x509 = () => response(svidOf(one), svidOf(two));
      const evidence = await x509();
      expect(judged(evidence)).toEqual({ ok: true, value: { facts: { spiffeId: one, trustDomain: "one.example" } } });
      expect(api.asked).toEqual([{ method: "FetchX509SVID", header: ["true"], request: "" }]);
    },
  );

  it("is asked with its header by every call, also where the server does not demand it", async () => {
    api.demandsHeader = false;
    api.x509 = () => response(svidOf(one));
    api.jwt = () =>
      response([
        [1, one],
        [2, tokenFor(wanted.issuer)],
      ]);
    await x509();
    await jwt();
    expect(api.asked.map(({ header }) => header)).toEqual([["true"], ["true"]]);
  });

  it("makes a JWT-SVID for our issuer alone", async () => {
    api.jwt = () =>
      response([
        [1, one],
        [2, tokenFor([wanted.issuer])],
      ]);
    expect(await jwt({ spiffeId: one })).toEqual({ type: "spiffe-jwt-svid", token: tokenFor([wanted.issuer]) });
    const request = Buffer.concat([field(1, wanted.issuer), field(2, one)]).toString("latin1");
    expect(api.asked).toEqual([{ method: "FetchJWTSVID", header: ["true"], request }]);
  });

  it("is found by the environment", async () => {
    api.x509 = () => response(svidOf(one));
    const env = { SPIFFE_ENDPOINT_SOCKET: api.address };
    expect((await spiffeWorkloadX509({ env }).collect(wanted)).type).toBe("spiffe-x509-svid");
    expect(() => spiffeWorkloadX509({ env: {} })).toThrow(RangeError);
  });

  it("hands out several SVIDs, of which the default, the wanted identity or the first of a hint is shown", async () => {
    api.x509 = () => response(svidOf(one), svidOf(two, "admin"), svidOf(one, "admin"));
    const shown = async (more: object) => {
      const judgement = judged(await x509(more));
      return judgement.ok && judgement.value.facts.spiffeId;
    };
    expect(await shown({})).toBe(one);
    expect(await shown({ spiffeId: two })).toBe(two);
    expect(await shown({ hint: "admin" })).toBe(two);
    expect(await shown({ hint: "admin", spiffeId: one })).toBe(one);
  });
});

describe("threat 4: nothing is shown", () => {
  it.each([
    ["another audience", () => tokenFor("https://other.example"), "not shown"],
    ["ours and another audience", () => tokenFor([wanted.issuer, "https://other.example"]), "not shown"],
    ["no token", () => "hello", "no JWT"],
    ["a token that is too long", () => `${tokenFor(wanted.issuer)}${"x".repeat(20_000)}`, "no JWT"],
  ])("when the JWT-SVID is for %s", async (_what, token, why) => {
    api.jwt = () =>
      response([
        [1, one],
        [2, token()],
      ]);
    await expect(jwt()).rejects.toThrow(why);
  });

  it("of another identity when the wanted one is missing", async () => {
    api.x509 = () => response(svidOf(one));
    api.jwt = () =>
      response([
        [1, one],
        [2, tokenFor(wanted.issuer)],
      ]);
    for (const ask of [() => x509({ spiffeId: two }), () => x509({ hint: "admin" }), () => jwt({ spiffeId: two })])
      await expect(ask()).rejects.toThrow("no SVID, or not the one that is wanted");
  });

  it.each([
    ["no SVID", () => Buffer.alloc(0), "no SVID"],
    ["a key of another SVID", () => response([...svidOf(one).slice(0, 2), ...svidOf(one).slice(2)]), "do not fit"],
    ["no key", () => response(svidOf(one).slice(0, 2)), "has no key"],
    [
      "half a certificate",
      () =>
        response([
          [1, one],
          [2, Buffer.from("3082ffff00", "hex")],
        ]),
      "certificates in DER",
    ],
    [
      "what is no certificate",
      () =>
        response([
          [1, one],
          [2, Buffer.from("3003020100", "hex")],
        ]),
      "no certificate",
    ],
    [
      "six certificates",
      () =>
        response([
          [1, one],
          [2, Buffer.concat(Array(6).fill(root.der))],
        ]),
      "1 to 5 certificates",
    ],
    ["another format", () => Buffer.from("0aff", "hex"), "own format"],
    ["33 SVIDs", () => response(...Array(33).fill([[1, one]])), "more than 32"],
    [
      "two megabytes",
      () =>
        response([
          [1, one],
          [2, Buffer.alloc(2_000_000)],
        ]),
      "RESOURCE_EXHAUSTED",
    ],
  ])("when the answer holds %s", async (_what, answer, why) => {
    api.x509 = answer;
    await expect(x509()).rejects.toThrow(why);
  });

  it("when the server refuses, and its text is not told", async () => {
    for (const ask of [x509, jwt]) {
      const error: unknown = await ask().catch((thrown: unknown) => thrown);
      expect(String(error)).toContain("PERMISSION_DENIED");
      expect(String(error)).not.toContain("secret");
    }
    api.x509 = () => status.INVALID_ARGUMENT;
    await expect(x509()).rejects.toThrow("INVALID_ARGUMENT");
  });

  it("when the socket is missing or may not be opened", async () => {
    await expect(x509({ address: `unix://${api.folder}/none.sock` })).rejects.toThrow("UNAVAILABLE");
    if (process.getuid?.() !== 0) {
      chmodSync(api.folder, 0);
      await expect(x509()).rejects.toThrow("UNAVAILABLE");
      chmodSync(api.folder, 0o700);
    }
    rmSync(api.folder, { recursive: true });
    await expect(jwt()).rejects.toThrow("UNAVAILABLE");
  });
});

describe("an address of a Workload API", () => {
  it.each([
    ["unix:///run/spire/api.sock", "unix:/run/spire/api.sock"],
    ["unix:/run/spire/api.sock", "unix:/run/spire/api.sock"],
    ["tcp://127.0.0.1:8000", "ipv4:127.0.0.1:8000"],
    ["tcp://[::1]:8000", "ipv6:[::1]:8000"],
  ])("is %s", (address, target) => expect(workloadTarget(address)).toBe(target));

  it.each([
    "",
    "/run/api.sock",
    "unix://host/run/api.sock",
    "unix:run/api.sock",
    "unix:///run/api.sock?x",
    "unix:///a#b",
    "unix:////a",
    "tcp://localhost:8000",
    "tcp://10.0.0.1:8000",
    "tcp://127.0.0.1",
    "tcp://127.0.0.1:0",
    "tcp://127.0.0.1:65536",
    "tcp://127.0.0.1:8000/a",
    "tcp://user@127.0.0.1:8000",
    "tcp://127.1:80",
    "https://127.0.0.1:8000",
    "dns:example.com",
    "tcp://127.0.0.1:80\n",
    "unix:///a\0b",
  ])("is not %j", (address) => expect(() => workloadTarget(address)).toThrow(RangeError));
});

property.prop([fc.uint8Array({ maxLength: 300 })])(
  "whatever bytes are answered, they are read or refused, and never more",
  (bytes) => {
    for (const read of [x509SvidsIn, jwtSvidsIn])
      try {
        expect(read(bytes).length).toBeLessThanOrEqual(32);
      } catch (error) {
        expect((error as Error).name).toBe("EvidenceError");
      }
  },
);
