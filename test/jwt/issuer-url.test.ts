import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { issuerName, keysUrl, trustedUrl } from "../../core/keys/issuer-url.ts";

const onAws = "https://abc123.lambda-url.eu-west-1.on.aws";
const embedded = "http://127.0.0.1:4600";

describe("URLs of trusted issuers", () => {
  it.each([
    "https://login.example.com",
    "https://login.example.com/",
    "https://login.example.com/tenant/v2.0",
    "https://login.example.com/tenant/.well-known/openid-configuration",
    "https://11111111-2222-3333-4444-555555555555.tokens.sts.global.api.aws",
    "https://xn--bcher-kva.example",
  ])("accepts %s", (url) => {
    expect(trustedUrl(url, onAws).ok).toBe(true);
  });

  it.each([
    "",
    "login.example.com",
    "//login.example.com",
    "http://login.example.com",
    "HTTPS://login.example.com",
    "ftp://login.example.com",
    "file:///etc/passwd",
    "data:application/json,{}",
    "https://",
    "https:///jwks",
    "https://login.example.com:443",
    "https://login.example.com:8443",
    "https://user@login.example.com",
    "https://user:pass@login.example.com",
    "https://login.example.com@evil.example",
    "https://login.example.com?x",
    "https://login.example.com#x",
    "https://login.example.com\\@evil.example",
    "https://login.example.com/\n",
    "https://login.example.com/a b",
    "https://LOGIN.example.com",
    "https://login.example.com.",
    "https://login..example.com",
    "https://-login.example.com",
    "https://login%2eexample.com",
    "https://bücher.example",
    "https://login.example.com/../x",
    "https://login.example.com/a/%2e%2e/x",
    "https://localhost",
    "https://a.localhost",
    "https://single",
    "https://printer.local",
    "https://metadata.google.internal",
    "https://1.0.0.127.in-addr.arpa",
    "https://127.0.0.1",
    "https://127.1",
    "https://2130706433",
    "https://0x7f000001",
    "https://0x7f.0.0.1",
    "https://169.254.169.254",
    "https://10.0.0.1",
    "https://[::1]",
    "https://[fd00:ec2::254]",
    `https://${"a".repeat(64)}.example`,
    `https://login.example.com/${"a".repeat(2048)}`,
    "http://127.0.0.1:4600",
  ])("refuses %s", (url) => {
    expect(trustedUrl(url, onAws).ok).toBe(false);
  });

  it("threat 31: accepts a loopback issuer only where our own issuer is one", () => {
    for (const url of ["http://127.0.0.1:4601", "http://127.0.0.1:4601/.well-known/openid-configuration"]) {
      expect(trustedUrl(url, embedded).ok).toBe(true);
      expect(trustedUrl(url, onAws).ok).toBe(false);
      expect(trustedUrl(url, "https://127.0.0.1:4600").ok).toBe(false);
      expect(trustedUrl(url, "http://127.0.0.1.evil.example:4600").ok).toBe(false);
      expect(trustedUrl(url, "http://localhost:4600").ok).toBe(false);
    }
  });

  it.each([
    "http://127.0.0.1",
    "http://127.0.0.1:0",
    "http://127.0.0.1:99999",
    "http://localhost:4601",
    "http://127.0.0.2:4601",
    "http://127.0.0.1:4601@evil.example",
    "http://127.0.0.1:4601?x",
    "http://169.254.169.254:80",
    "https://127.0.0.1:4601",
  ])("threat 31: refuses %s on a laptop too", (url) => {
    expect(trustedUrl(url, embedded).ok).toBe(false);
  });

  test.prop([fc.oneof(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.string())])(
    "never accepts what a URL parser would change",
    (url) => {
      const result = trustedUrl(url, onAws);
      if (!result.ok) return;
      expect(result.value.href.replace(/\/$/, "")).toBe(url.replace(/\/$/, ""));
      expect(result.value.protocol).toBe("https:");
      expect(result.value.port + result.value.username + result.value.search + result.value.hash).toBe("");
    },
  );
});

describe("issuers that nobody fetches from, since their keys are elsewhere", () => {
  it.each([
    "https://kubernetes.default.svc.cluster.local",
    "https://kubernetes.default.svc",
    "https://single",
    "https://gitlab.example.com:8443",
    "https://keycloak.corp/realms/main",
    "https://api.internal:6443",
    "https://10.1.2.3/_services/token",
    "https://[fd00::1]:6443",
    "https://idp.example.com/tenant:a/v2.0/",
  ])("may be named %s", (url) => {
    expect(issuerName(url).ok).toBe(true);
  });

  it.each([
    "",
    "http://kubernetes.default.svc",
    "https://",
    "https://user@kubernetes.default.svc",
    "https://api.internal:443",
    "https://api.internal:0",
    "https://api.internal:99999",
    "https://API.internal",
    "https://api.internal/?x",
    "https://api.internal/#x",
    "https://api.internal/a/../b",
    "https://api.internal/a b",
    "https://010.1.2.3",
    "https://127.1",
    "https://[fd00:0::1]",
    "https://[::FFFF:1]",
    "https://b\u00fccher.corp",
    `https://api.internal/${"x".repeat(512)}`,
  ])("are not named %s: one issuer, one text", (url) => {
    expect(issuerName(url).ok).toBe(false);
  });

  test.prop([fc.webUrl({ validSchemes: ["https"], withQueryParameters: true, withFragments: true })])(
    "whatever is taken is its own normal form",
    (url) => {
      const taken = issuerName(url);
      if (taken.ok) expect([taken.value.href, taken.value.href.slice(0, -1)]).toContain(url);
    },
  );
});

describe("where keys stand", () => {
  it.each([
    "https://login.microsoftonline.com/t/discovery/v2.0/keys?appid=66666666-7777-4888-8999-000000000000",
    "https://contoso.b2clogin.com/contoso.onmicrosoft.com/discovery/v2.0/keys?p=b2c_1_signin",
    "https://login.example.com/jwks",
  ])("may carry a query: %s", (url) => {
    expect(keysUrl(url, onAws).ok).toBe(true);
  });

  it.each([
    "https://169.254.169.254/?x=1",
    "https://metadata.google.internal/keys?x=1",
    "https://login.example.com:8443/keys?x=1",
    "https://login.example.com/keys?",
    "https://login.example.com/keys?a#b",
    "https://login.example.com/keys?a?b",
    "https://login.example.com/keys?a=b c",
    "https://login.example.com/a/../keys?x=1",
    "https://login.example.com?x=1@evil.example",
    "http://127.0.0.1:80/keys?x=1",
    `https://login.example.com/keys?${"x".repeat(1_025)}`,
  ])("are not fetched from %s", (url) => {
    expect(keysUrl(url, onAws).ok).toBe(false);
  });
});
