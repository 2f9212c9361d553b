import { deflateSync, gzipSync } from "node:zlib";
import { beforeEach, describe, expect, test } from "vitest";
import { limits } from "../../core/model/limits.ts";
import { createIssuerKeys } from "../../core/verify/issuer-keys.ts";
import { statusListClaims } from "../../core/verify/status/list.ts";
import { verifyStatusList } from "../../core/verify/status/source.ts";
import { MemoryWeb } from "../kit/memory/web.ts";
import vectors from "../vectors/status/status-list.json" with { type: "json" };
import { createIssuer, issuer, type TestIssuer } from "./issuer.ts";

let world: TestIssuer;
beforeEach(async () => {
  world = await createIssuer();
});

const evaluated = async (verifier = world.verifier(), more: object = {}): Promise<string> => {
  const verified = await verifier.verify(world.request(world.token(more)));
  return verified.ok ? "accepted" : verified.error.code;
};
const reference = (idx: unknown, uri = world.list) => ({ status: { status_list: { idx, uri } } });

const gzipped = gzipSync(Buffer.alloc(8_192)).toString("base64url");

describe("the standard's signed lists", () => {
  const { now, uri, jwks, cases } = vectors.tokens;
  const keysOf = (keys: readonly object[]) => {
    const web = new MemoryWeb();
    web.put("https://id.example/.well-known/oauth-authorization-server", {
      issuer: "https://id.example",
      jwks_uri: "https://id.example/jwks",
    });
    web.put("https://id.example/jwks", { keys: keys.map((key) => ({ ...key, lanyard_typ: "statuslist+jwt" })) });
    return createIssuerKeys({ issuer: "https://id.example", fetcher: web, clock: { nowMillis: () => now * 1000 } });
  };

  test.each(cases)("evaluates $name as $expected: $why", async ({ token, expected }) => {
    const list = await verifyStatusList(token, uri, { keys: keysOf(jwks.keys), now });
    // a list without exp is left to the verifier; ours dies within two minutes, so one that never does is refused
    expect(list.ok).toBe(expected === "valid");
  });
});

describe("a revocation", () => {
  test("counts as soon as the list held has outlived its ttl", async () => {
    const verifier = world.verifier();
    expect(await evaluated(verifier)).toBe("accepted");
    world.revoked.add(7);
    world.time.seconds += 5;
    world.publishList();
    expect(await evaluated(verifier)).toBe("session_over");
  });

  test("of a neighbour changes nothing", async () => {
    world.revoked.add(6).add(8);
    world.publishList();
    expect(await evaluated()).toBe("accepted");
  });

  test("threat 26: is not undone by an older list that is still signed and unexpired", async () => {
    const verifier = world.verifier();
    const old = world.signList();
    world.time.seconds += 30;
    world.revoked.add(7);
    world.publishList();
    expect(await evaluated(verifier)).toBe("session_over");
    world.time.seconds += 30;
    world.publishList(old);
    expect(await evaluated(verifier)).toBe("status_unavailable");
    // a verifier that never saw the newer one has the list's own end to go by
    world.time.seconds += 60;
    expect(await evaluated(world.verifier())).toBe("status_unavailable");
  });
});

describe("a verifier without a fresh list refuses", () => {
  test.each(["timeout", "unreachable", "status", "too_large", "redirect"] as const)(
    "when fetching ends in %s",
    async (why) => {
      const verifier = world.verifier();
      expect(await evaluated(verifier)).toBe("accepted");
      world.time.seconds += 5;
      world.web.failure = why;
      expect(await evaluated(verifier)).toBe("status_unavailable");
      world.web.failure = undefined;
      // the failure is remembered for a second, so that an outage is not made worse
      expect(await evaluated(verifier)).toBe("status_unavailable");
      world.time.seconds += 1;
      world.publishList();
      expect(await evaluated(verifier)).toBe("accepted");
    },
  );

  test.each([
    ["is stale", () => world.signList({ iat: world.time.seconds - 130, exp: world.time.seconds - 10 })],
    [
      "is old, whatever its exp says",
      () => world.signList({ iat: world.time.seconds - 120, exp: world.time.seconds + 9999 }),
    ],
    ["never expires", () => world.signList({ exp: undefined })],
    ["does not say when it was made", () => world.signList({ iat: undefined })],
    ["is made in the future", () => world.signList({ iat: world.time.seconds + 60, exp: world.time.seconds + 120 })],
    ["is another list's", () => world.signList({ sub: `${issuer}/status/1785540000-1` })],
    ["names no address", () => world.signList({ sub: undefined })],
    ["is signed by a stranger", () => world.signList({}, world.foreign)],
    [
      "is signed by a stranger under the status key's kid",
      () => world.signList({}, world.foreign, { kid: world.status.jkt }),
    ],
    ["threat 3: is signed by the session key", () => world.signList({}, world.session)],
    ["has typ JWT", () => world.signList({}, world.status, { typ: "JWT" })],
    ["has ttl 0", () => world.signList({ ttl: 0 })],
    ["has a negative ttl", () => world.signList({ ttl: -5 })],
    ["has a ttl that is no number", () => world.signList({ ttl: "5" })],
    ["has no list", () => world.signList({ status_list: undefined })],
    ["has bits of 3", () => world.signList({ status_list: { bits: 3, lst: "eNpjBAAAAgAC" } })],
    [
      "is a bomb",
      () =>
        world.signList({
          status_list: { bits: 1, lst: deflateSync(Buffer.alloc(1_000_000), { level: 9 }).toString("base64url") },
        }),
    ],
    ["is packed as gzip", () => world.signList({ status_list: { bits: 1, lst: gzipped } })],
    ["is an access token", () => world.token()],
    ["is no token", () => "<html>"],
  ])("when the list %s", async (_, list) => {
    world.publishList(list());
    expect(await evaluated()).toBe("status_unavailable");
  });

  test("and does not believe a ttl of a day beyond two minutes", async () => {
    const verifier = world.verifier();
    world.publishList(world.signList({ ttl: 86_400, exp: world.time.seconds + 90_000 }));
    expect(await evaluated(verifier)).toBe("accepted");
    world.revoked.add(7);
    world.time.seconds += 121;
    world.publishList();
    expect(await evaluated(verifier)).toBe("session_over");
  });
});

describe("the reference in the token", () => {
  test.each([
    ["of another host", "https://evil.example/status/1"],
    ["that only starts like the issuer", `${issuer}.evil.example/status/1`],
    ["with the issuer as user name", "https://abc123.lambda-url.eu-west-1.on.aws@evil.example/status/1"],
    ["beside the lists", `${issuer}/.well-known/jwks.json`],
    ["that climbs", `${issuer}/status/../admin`],
    ["with an encoded climb", `${issuer}/status/%2e%2e%2fadmin`],
    ["with a query", `${issuer}/status/1?time=0`],
    ["with a fragment", `${issuer}/status/1#x`],
    ["with a deeper path", `${issuer}/status/1/2`],
    ["without a list", `${issuer}/status/`],
    ["of a file", "file:///etc/passwd"],
    ["of the metadata service", "http://169.254.169.254/latest/meta-data/"],
  ])("is never fetched when it is an address %s", async (_, uri) => {
    expect(await evaluated(world.verifier(), reference(7, uri))).toBe("status_uri_foreign");
    expect(world.web.asked.every((url) => url.startsWith(`${issuer}/.well-known/`))).toBe(true);
  });

  test.each([65_536, 2 ** 40, -1, 0.5, "7", null, undefined, [7]])(
    "with index %j is refused, never valid",
    async (idx) => {
      expect(await evaluated(world.verifier(), reference(idx))).toBe("status_index_invalid");
    },
  );

  test("is looked up only for a token that is valid so far", async () => {
    await evaluated(world.verifier(), { aud: "https://other.example" });
    await world.verifier().verify(world.request(world.token(), { dpop: [] }));
    expect(world.web.asked).not.toContain(world.list);
  });
});

describe("fetching", () => {
  test("is done once, however many requests come at one moment", async () => {
    const verifier = world.verifier();
    let open: () => void = () => undefined;
    world.web.gate = new Promise((resolve) => {
      open = resolve;
    });
    const all = Promise.all(Array.from({ length: 50 }, () => evaluated(verifier)));
    open();
    expect(new Set(await all)).toEqual(new Set(["accepted"]));
    expect(world.web.asked.filter((url) => url === world.list)).toHaveLength(1);
    expect(world.web.asked).toHaveLength(3);
  });

  test.each(["the issuer's keys", "the list"])("of %s is tried anew when the refusal said it may be", async (what) => {
    const verifier = world.verifier();
    const urls = [...world.web.documents.keys()].filter((url) => (url === world.list) === (what === "the list"));
    const pages = urls.map((url) => [url, world.web.documents.get(url)] as const);
    for (const url of urls) world.web.documents.delete(url);
    expect(await evaluated(verifier)).toMatch(/_unavailable$/);
    for (const [url, page] of pages) if (page) world.web.documents.set(url, page);
    expect(await evaluated(verifier)).toMatch(/_unavailable$/);
    world.time.seconds += limits.retryAfterSeconds;
    expect(await evaluated(verifier)).toBe("accepted");
  });

  test("is repeated behind the answer past half the ttl, so that requests need not wait", async () => {
    const verifier = world.verifier();
    await evaluated(verifier);
    world.time.seconds += 3;
    world.revoked.add(7);
    world.publishList();
    expect(await evaluated(verifier)).toBe("accepted");
    await expect.poll(() => evaluated(verifier)).toBe("session_over");
    expect(world.web.asked.filter((url) => url === world.list)).toHaveLength(2);
  });

  test("a list fetched slowly is fresh from when it was asked for, not from when it came", async () => {
    const verifier = world.verifier();
    expect(await evaluated(verifier)).toBe("accepted");
    world.time.seconds += 5;
    world.publishList();
    let open: () => void = () => undefined;
    world.web.gate = new Promise((resolve) => {
      open = resolve;
    });
    const slow = evaluated(verifier);
    while (world.web.asked.filter((url) => url === world.list).length < 2) await new Promise((r) => setTimeout(r, 1));
    world.time.seconds += 4;
    open();
    expect(await slow).toBe("accepted");
    world.revoked.add(7);
    world.time.seconds += 1;
    world.publishList();
    expect(await evaluated(verifier)).toBe("session_over");
  });

  test("lists are signed anew each minute and stay within what a token may be", () => {
    const worst = Array.from({ length: 65_536 }, (_, idx) => idx).filter(
      (idx) => (idx * 2_654_435_761) % 4_294_967_296 > 2 ** 31,
    );
    const claims = statusListClaims({ issuer, list: "1785540000-0", revoked: worst, nowSeconds: world.time.seconds });
    world.publishList(world.status.jws({ alg: "ES256", kid: world.status.jkt, typ: "statuslist+jwt" }, claims));
    return expect(evaluated()).resolves.toMatch(/^accepted|session_over$/);
  });
});
