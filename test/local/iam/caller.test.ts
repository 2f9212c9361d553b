import { Sha256 } from "@aws-crypto/sha256-js";
import { fc, test } from "@fast-check/vitest";
import { SignatureV4 } from "@smithy/signature-v4";
import { beforeEach, describe, expect, it } from "vitest";
import { type Callers, type Credentials, openCallers, type SignedRequest } from "../../../local/emulator/iam/caller.ts";

const roleArn = "arn:aws:iam::111122223333:role/worker";
const nowMillis = Date.parse("2026-11-24T00:00:00Z");
const host = "127.0.0.1:4000";

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly query?: Record<string, string>;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly atMillis?: number;
  readonly service?: string;
}

async function sign(credentials: Credentials, asked: Asked = {}): Promise<SignedRequest> {
  const { method = "POST", path = "/", query = {}, body = "{}", headers = {}, service = "kms" } = asked;
  const signer = new SignatureV4({ credentials, region: "eu-west-1", service, sha256: Sha256 });
  const request = {
    method,
    protocol: "http:",
    hostname: "127.0.0.1",
    port: 4000,
    path,
    query,
    body,
    headers: { host, ...headers },
  };
  const signed = await signer.sign(request, { signingDate: new Date(asked.atMillis ?? nowMillis) });
  const search = Object.entries(query).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  );
  const target = search.length === 0 ? path : `${path}?${search.join("&")}`;
  const lower = Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), value]);
  return { method, target, headers: Object.fromEntries(lower) as SignedRequest["headers"], body: Buffer.from(body) };
}

describe("signatures", () => {
  let callers: Callers;
  let credentials: Credentials;
  beforeEach(() => {
    callers = openCallers(() => nowMillis);
    credentials = callers.issue({ roleArn, sessionName: "s", tags: {} });
  });
  const codeOf = (request: SignedRequest) => {
    const result = callers.verify(request);
    return "code" in result ? result.code : undefined;
  };

  it("tell the role, service and Region of a good one", async () => {
    const result = callers.verify(await sign(credentials));
    expect(result).toMatchObject({ caller: { roleArn }, service: "kms", region: "eu-west-1" });
  });

  it.each([
    ["a path with escapes", { path: "/a%20b/%C3%A9" }],
    ["a query with odd letters", { query: { "b c": "d&e=f", a: "*~'()" } }],
    ["an empty body", { method: "GET", body: "" }],
    ["header values with spaces", { headers: { "x-amz-meta": "a   b " } }],
  ])("accept %s", async (_name, asked) => {
    expect(codeOf(await sign(credentials, asked))).toBeUndefined();
  });

  test.prop([
    // the SDK's own signer loses a parameter of that name
    fc.dictionary(
      fc.string({ minLength: 1, unit: "grapheme-ascii" }).filter((name) => name !== "__proto__"),
      fc.string(),
      { maxKeys: 4 },
    ),
    fc.string(),
  ])("agree with the SDK's signer on any query and body", async (query, body) => {
    expect(codeOf(await sign(credentials, { query, body }))).toBeUndefined();
  });

  it.each<[string, (request: SignedRequest) => SignedRequest]>([
    ["a changed body", (request) => ({ ...request, body: Buffer.from('{"KeyId":"another"}') })],
    ["a changed path", (request) => ({ ...request, target: "/elsewhere" })],
    ["an added query", (request) => ({ ...request, target: "/?a=b" })],
    ["another method", (request) => ({ ...request, method: "PUT" })],
    ["another host", (request) => ({ ...request, headers: { ...request.headers, host: "127.0.0.1:4001" } })],
    [
      "another service in the scope",
      (request) => ({
        ...request,
        headers: { ...request.headers, authorization: String(request.headers.authorization).replace("/kms/", "/sts/") },
      }),
    ],
    [
      "one wrong digit",
      (request) => ({
        ...request,
        headers: {
          ...request.headers,
          authorization: String(request.headers.authorization).replace(/.$/, (last) => (last === "0" ? "1" : "0")),
        },
      }),
    ],
    [
      "a body hash that was signed for another body",
      (request) => ({ ...request, body: Buffer.from("x"), headers: { ...request.headers } }),
    ],
  ])("refuse %s", async (_name, change) => {
    expect(codeOf(change(await sign(credentials)))).toBe("InvalidSignatureException");
  });

  it("refuse a secret that is not the key's own", async () => {
    const stolenId = { ...credentials, secretAccessKey: "guessed" };
    expect(codeOf(await sign(stolenId))).toBe("InvalidSignatureException");
  });

  it("refuse an access key or session token that was never given out", async () => {
    expect(codeOf(await sign({ ...credentials, accessKeyId: "ASIAUNKNOWN" }))).toBe("UnrecognizedClientException");
    expect(codeOf(await sign({ ...credentials, sessionToken: "another" }))).toBe("UnrecognizedClientException");
  });

  it("refuse one role's key with another role's session token", async () => {
    const other = callers.issue({ roleArn: `${roleArn}2`, sessionName: "s", tags: {} });
    expect(codeOf(await sign({ ...credentials, sessionToken: other.sessionToken }))).toBe(
      "UnrecognizedClientException",
    );
  });

  it.each([-6 * 60_000, 6 * 60_000])("refuse a request %i ms off the clock", async (offMillis) => {
    expect(codeOf(await sign(credentials, { atMillis: nowMillis + offMillis }))).toBe("InvalidSignatureException");
  });

  test.prop([fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 0, max: 24 })), { minLength: 1, maxLength: 40 })])(
    "are each checked by the key of their own day and service, whatever was signed before by the same credentials",
    async (asked) => {
      let atMillis = nowMillis;
      const book = openCallers(() => atMillis);
      const own = book.issue({ roleArn, sessionName: "s", tags: {} });
      for (const [day, number] of asked) {
        atMillis = nowMillis + day * 86_400_000;
        const request = await sign(own, { atMillis, service: `service${number}` });
        expect(book.verify(request)).toMatchObject({ service: `service${number}` });
        const moved = String(request.headers.authorization).replace(`/service${number}/`, "/kms/");
        const headers = { ...request.headers, authorization: moved };
        expect(book.verify({ ...request, headers })).toMatchObject({ code: "InvalidSignatureException" });
      }
    },
  );

  it("go on for as long as the platform renews the credentials, and always claim half a day more", async () => {
    let atMillis = nowMillis;
    const book = openCallers(() => atMillis);
    const own = book.issue({ roleArn, sessionName: "s", tags: {} });
    for (const days of [0, 1, 400]) {
      atMillis = nowMillis + days * 86_400_000;
      const expiresAtMillis = atMillis + 43_200_000;
      expect(book.verify(await sign(own, { atMillis }))).toMatchObject({ caller: { expiresAtMillis } });
    }
  });

  it("refuse a request that is not signed at all, or half", async () => {
    const request = await sign(credentials);
    expect(codeOf({ ...request, headers: { host } })).toBe("MissingAuthenticationTokenException");
    expect(codeOf({ ...request, headers: { ...request.headers, authorization: "Bearer x" } })).toBe(
      "IncompleteSignatureException",
    );
  });
});
