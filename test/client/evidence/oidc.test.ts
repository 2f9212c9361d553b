import { describe, expect, it } from "vitest";
import { EvidenceError } from "../../../client/error.ts";
import { azureManagedIdentity } from "../../../client/evidence/oidc/azure-managed-identity.ts";
import { githubActions } from "../../../client/evidence/oidc/github-actions.ts";
import { googleMetadata } from "../../../client/evidence/oidc/google-metadata.ts";
import type { EvidenceSource } from "../../../client/evidence/platform/source.ts";
import { platform, tokenFor, wanted } from "../platform.ts";

const service = platform();
const resource = "api://lanyard.example";
const secret = "request-token-secret";

const github = (more: object = {}, hosts?: readonly string[]) =>
  githubActions({
    hosts: hosts ?? [service.host()],
    env: {
      ACTIONS_ID_TOKEN_REQUEST_URL: `${service.origin()}/124//idtoken/x?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret,
      ...more,
    },
  });
const google = () => googleMetadata({ endpoint: service.origin() });
const appService = (more: object = {}) =>
  azureManagedIdentity({
    resource,
    env: { IDENTITY_ENDPOINT: `${service.origin()}/msi/token`, IDENTITY_HEADER: secret, ...more },
  });
/** The instance metadata service's address is fixed: only its wire is played here. */
const instance = (clientId?: string) =>
  azureManagedIdentity({
    resource,
    env: {},
    ...(clientId === undefined ? {} : { clientId }),
    fetch: (url, init) => fetch(String(url).replace("http://169.254.169.254", service.origin()), init),
  });

interface Kind {
  readonly make: () => EvidenceSource;
  readonly audience: string;
  readonly answers: (token: string) => { body: string; headers?: Record<string, string> };
}
const kinds: readonly (readonly [string, Kind])[] = [
  [
    "GitHub Actions",
    {
      make: () => github(),
      audience: wanted.issuer,
      answers: (value) => ({ body: JSON.stringify({ count: 1, value }) }),
    },
  ],
  [
    "Google metadata",
    { make: google, audience: wanted.issuer, answers: (body) => ({ body, headers: { "metadata-flavor": "Google" } }) },
  ],
  [
    "Azure App Service",
    {
      make: () => appService(),
      audience: resource,
      answers: (token) => ({ body: JSON.stringify({ access_token: token, resource, token_type: "Bearer" }) }),
    },
  ],
  [
    "Azure instance metadata",
    {
      make: () => instance(),
      audience: resource,
      answers: (token) => ({ body: JSON.stringify({ access_token: token, expires_in: "86399", resource }) }),
    },
  ],
];

describe.each(kinds)("%s", (_name, { make, audience, answers }) => {
  const answer = (token: string, more: object = {}) => Object.assign(service.answer, answers(token), more);
  const failure = async () => {
    const cause = await make()
      .collect(wanted)
      .then(
        () => expect.fail("no failure"),
        (thrown: unknown) => thrown,
      );
    expect(cause).toBeInstanceOf(EvidenceError);
    return String(cause);
  };

  it("gives a token for the one audience, asked for anew each time", async () => {
    const [first, second] = [tokenFor(audience), tokenFor([audience], { jti: "2" })];
    answer(first);
    expect(await make().collect(wanted)).toEqual({ type: "oidc", token: first });
    answer(second);
    expect(await make().collect(wanted)).toEqual({ type: "oidc", token: second });
    expect(service.seen).toHaveLength(2);
  });

  it.each([
    ["somebody else", "sts.amazonaws.com"],
    ["us and somebody else", [audience, "sts.amazonaws.com"]],
    ["nobody", undefined],
    ["a list in a list", [[audience]]],
  ])("threat 4: never shows a token that is for %s", async (_case, aud) => {
    answer(tokenFor(aud));
    expect(await failure()).toContain("not shown");
  });

  it("follows no redirect, with what makes tokens in its headers", async () => {
    answer(tokenFor(audience), { status: 307, headers: { location: `${service.origin()}/elsewhere` } });
    expect(await failure()).toContain("answered 307");
    expect(service.seen).toHaveLength(1);
  });

  it("reads no endless answer", async () => {
    answer(tokenFor(audience, { pad: "x".repeat(70_000) }));
    expect(await failure()).toContain("more than 65536 bytes");
  });

  it.each([400, 401, 403, 404, 429, 500])(
    "names the status %i and repeats nothing that came with it",
    async (status) => {
      answer("", { status, body: `refused, ${secret}` });
      const told = await failure();
      expect(told).toContain(`answered ${status}`);
      expect(told).not.toContain(secret);
    },
  );

  it.each([
    "",
    "{}",
    "[]",
    "null",
    "not json",
    JSON.stringify({ value: 7, access_token: 7 }),
    "a.b.c",
    '{"value":"a.b"}',
  ])("takes no %j for a token", async (body) => {
    answer("", { body });
    const told = await failure();
    expect(told.length).toBeLessThan(250);
  });
});

describe("GitHub Actions", () => {
  it("asks with the job's request token for our issuer, and keeps what the address says besides", async () => {
    service.answer.body = JSON.stringify({ value: tokenFor(wanted.issuer) });
    await github().collect(wanted);
    const [asked] = service.seen;
    expect(asked?.path).toBe("/124//idtoken/x");
    expect(asked?.query).toEqual({ "api-version": "2.0", audience: wanted.issuer });
    expect(asked?.headers.authorization).toBe(`bearer ${secret}`);
  });

  it("has its own audience replaced, not added to", async () => {
    service.answer.body = JSON.stringify({ value: tokenFor(wanted.issuer) });
    const url = `${service.origin()}/x?audience=sts.amazonaws.com`;
    await github({ ACTIONS_ID_TOKEN_REQUEST_URL: url }).collect(wanted);
    expect(service.seen[0]?.search).toBe(`?audience=${encodeURIComponent(wanted.issuer)}`);
  });

  it.each([
    ["another host", "https://evil.example/x"],
    ["a host that only ends alike", "https://evilactions.githubusercontent.com/x"],
    ["a host below GitHub's", "https://a.b.actions.githubusercontent.com/x"],
    ["GitHub's name as user", "https://run.actions.githubusercontent.com@evil.example/x"],
    ["a user name", "https://u@run.actions.githubusercontent.com/x"],
    ["GitHub's host in clear", "http://run.actions.githubusercontent.com/x"],
    ["GitHub's host at another port", "https://run.actions.githubusercontent.com:8443/x"],
    ["this machine, unlisted", "http://127.0.0.1:1/x"],
    ["a file", "file:///etc/passwd"],
    ["no address", "run.actions.githubusercontent.com"],
  ])("never sends the request token to %s", async (_case, url) => {
    const asked: unknown[] = [];
    const env = { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret };
    const spy: typeof fetch = async (to) => {
      asked.push(to);
      return new Response("");
    };
    const source = githubActions({ env, fetch: spy });
    await expect(source.collect(wanted)).rejects.toThrow("not an address of GitHub's");
    expect(asked).toEqual([]);
  });

  it("asks github.com's own hosts by default", async () => {
    const asked: string[] = [];
    const env = {
      ACTIONS_ID_TOKEN_REQUEST_URL: "https://run-actions-1-azure-eastus.actions.githubusercontent.com/1//idtoken/2",
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret,
    };
    const answer: typeof fetch = async (to) => {
      asked.push(String(to));
      return Response.json({ value: tokenFor(wanted.issuer) });
    };
    await githubActions({ env, fetch: answer }).collect(wanted);
    expect(asked).toEqual([`${env.ACTIONS_ID_TOKEN_REQUEST_URL}?audience=${encodeURIComponent(wanted.issuer)}`]);
  });

  it.each([
    ["did not answer in 5000 ms", new DOMException("aborted", "TimeoutError")],
    ["cannot be reached", new TypeError(`fetch failed: ${secret}`)],
  ])("says that GitHub %s", async (told, cause) => {
    const env = {
      ACTIONS_ID_TOKEN_REQUEST_URL: "https://run.actions.githubusercontent.com/x",
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret,
    };
    const source = githubActions({ env, fetch: () => Promise.reject(cause) });
    await expect(source.collect(wanted)).rejects.toThrow(`run.actions.githubusercontent.com ${told}`);
  });

  it("asks none of github.com's hosts where an Enterprise Server's are listed", async () => {
    const url = "https://run.actions.githubusercontent.com/x";
    await expect(github({ ACTIONS_ID_TOKEN_REQUEST_URL: url }).collect(wanted)).rejects.toThrow("not an address");
  });

  it.each(["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"])(
    "says what is missing without %s",
    (name) => expect(github({ [name]: undefined }).collect(wanted)).rejects.toThrow("id-token: write"),
  );
});

describe("Google metadata", () => {
  it("asks for the machine's claims too, and says that it knows whom it asks", async () => {
    Object.assign(service.answer, { body: `${tokenFor(wanted.issuer)}\n`, headers: { "metadata-flavor": "Google" } });
    await google().collect(wanted);
    const [asked] = service.seen;
    expect(asked?.path).toBe("/computeMetadata/v1/instance/service-accounts/default/identity");
    expect(asked?.query).toEqual({ audience: wanted.issuer, format: "full" });
    expect(asked?.headers["metadata-flavor"]).toBe("Google");
  });

  it.each([{}, { "metadata-flavor": "google" }])(
    "takes no token from what does not answer as Google (%j)",
    async (headers) => {
      Object.assign(service.answer, { body: tokenFor(wanted.issuer), headers });
      await expect(google().collect(wanted)).rejects.toThrow("not Google's metadata server");
    },
  );

  it.each([
    "https://evil.example",
    "http://169.254.169.254.evil.example",
    "http://169.254.169.254@evil.example",
    "http://169.254.169.254/x",
    "http://metadata.google.internal.",
    "http://127.0.0.1",
  ])("has no metadata server at %s", (endpoint) => expect(() => googleMetadata({ endpoint })).toThrow(RangeError));

  it.each(["../../project", "a/b", "", "a?b", "a#b", "%2e%2e"])("has no service account %j", (serviceAccount) =>
    expect(() => googleMetadata({ serviceAccount })).toThrow(RangeError),
  );
});

describe("Azure managed identity", () => {
  const body = () => JSON.stringify({ access_token: tokenFor(resource) });
  it("asks App Service with its header, and the instance with Metadata", async () => {
    service.answer.body = body();
    await appService().collect(wanted);
    await instance("client-1").collect(wanted);
    const [app, machine] = service.seen;
    expect([app?.path, app?.query]).toEqual(["/msi/token", { "api-version": "2019-08-01", resource }]);
    expect([app?.headers["x-identity-header"], app?.headers.metadata]).toEqual([secret, undefined]);
    const query = { "api-version": "2018-02-01", resource, client_id: "client-1" };
    expect([machine?.path, machine?.query]).toEqual(["/metadata/identity/oauth2/token", query]);
    expect([machine?.headers["x-identity-header"], machine?.headers.metadata]).toEqual([undefined, "true"]);
  });

  it("takes the app's client id as audience where it is told to", async () => {
    service.answer.body = JSON.stringify({ access_token: tokenFor("8a7b") });
    const env = { IDENTITY_ENDPOINT: `${service.origin()}/msi/token`, IDENTITY_HEADER: secret };
    await expect(azureManagedIdentity({ resource, env }).collect(wanted)).rejects.toThrow("not shown");
    expect((await azureManagedIdentity({ resource, audience: "8a7b", env }).collect(wanted)).type).toBe("oidc");
  });

  it.each([
    "https://evil.example/msi/token",
    "http://evil.example/msi/token",
    "http://169.254.169.254.evil.example/",
    "http://localhost@evil.example/",
    "http://u:p@localhost/",
    "file:///msi/token",
    "msi/token",
  ])("never sends the identity header to %s", async (endpoint) => {
    await expect(appService({ IDENTITY_ENDPOINT: endpoint }).collect(wanted)).rejects.toThrow("not on this machine");
  });

  it.each([{ IMDS_ENDPOINT: "http://localhost" }, { IDENTITY_SERVER_THUMBPRINT: "x" }, { IDENTITY_HEADER: undefined }])(
    "says that it does not know Arc and Service Fabric (%j)",
    (more) => expect(appService(more).collect(wanted)).rejects.toThrow("not supported"),
  );
});
