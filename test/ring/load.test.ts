import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { JwtVerifier } from "aws-jwt-verify";
import { SimpleJwksCache, SimplePenaltyBox } from "aws-jwt-verify/jwk";
import { createRemoteJWKSet, decodeProtectedHeader, exportJWK, type JWK, jwtVerify } from "jose";
import { afterEach, expect, it, vi } from "vitest";
import { createDiscoveryEndpoint } from "../../core/endpoints/discovery.ts";
import { signJwt } from "../../core/jose/sign.ts";
import { keyTimes, longestCacheSeconds } from "../../core/model/key-times.ts";
import type { SigningAlgorithm } from "../../core/model/ports.ts";
import { ok } from "../../core/model/result.ts";
import { type Call, tokenTyp } from "../../core/model/wire.ts";
import { createKeyring } from "../../core/ring/keyring.ts";
import type { FirstKeys, KeyHolder } from "../../core/ring/ports.ts";
import { createIssuerKeys } from "../../core/verify/issuer-keys.ts";
import { serve } from "../kit/serve.ts";
import { startSeconds } from "../kit/world/ground.ts";
import { rings, type TestRing } from "../kit/world/rings.ts";
import { createWorld } from "../kit/world/world.ts";
import { broken } from "./rules.ts";

const algorithms = ["ES256", "RS256"] as const;
const issuer = "https://abc123.lambda-url.eu-west-1.on.aws";
const audience = "https://tickets.example";
const stepSeconds = 20;

/** Real key pairs behind the ring's keys: what verifiers check is a signature, not a promise. */
function realKeys(ring: TestRing): KeyHolder {
  const pairs = new Map<string, Promise<{ privateKey: KeyObject; jwk: JWK }>>();
  const pairOf = (arn: string, alg: SigningAlgorithm) => {
    const made = pairs.get(arn) ?? makePair(alg);
    pairs.set(arn, made);
    return made;
  };
  return {
    async hold(keyArn, purpose, alg) {
      const found = await ring.holder.hold(keyArn, purpose, alg);
      if (!found.ok) return found;
      const { privateKey, jwk } = await pairOf(keyArn, alg);
      const { kid } = found.value;
      return ok({
        kid,
        alg,
        jwk: { ...jwk, kid, alg, use: "sig" },
        async sign(input, joinId) {
          await found.value.sign(input, joinId);
          const key = alg === "ES256" ? { key: privateKey, dsaEncoding: "ieee-p1363" as const } : privateKey;
          return { signature: sign("sha256", input, key), requestId: undefined };
        },
      });
    },
  };
}

async function makePair(alg: SigningAlgorithm) {
  const { privateKey, publicKey } =
    alg === "ES256"
      ? generateKeyPairSync("ec", { namedCurve: "P-256" })
      : generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { privateKey, jwk: await exportJWK(publicKey) };
}

afterEach(() => void vi.useRealTimers());

it("rotates many times, and once in an emergency, while clients that cache accept every token", async () => {
  let answer: () => Promise<string> = async () => "";
  const server = await serve(async () => ({ headers: { "content-type": "application/json" }, body: await answer() }));
  const jwksUri = `${server.origin}/jwks.json`;
  // verifiers take their caches' time from Date and setTimeout; sockets keep their own
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"], now: startSeconds * 1000 });
  const pace = { periodSeconds: 3_000, publishWaitSeconds: longestCacheSeconds, longestCacheSeconds };
  const { ring } = await createWorld([], rings({ algorithms, pace }));
  const clock = { nowMillis: () => Date.now() };
  const holder = realKeys(ring);
  const first: FirstKeys = {
    session: algorithms.map((alg, i) => ({ keyArn: `arn:key/${i + 1}`, alg })),
  };
  const keyring = () =>
    createKeyring({
      clock,
      holder,
      first,
      rings: { read: async (purpose) => ring.rows.get(purpose) },
      onRefused: (_, why) => {
        throw new Error(why);
      },
    });
  const [issuers, publishers] = [
    [keyring(), keyring(), keyring()],
    [keyring(), keyring()],
  ];

  // discovery, two sandboxes of it, behind a cache that keeps each answer as long as it may
  const endpoints = publishers.map((ownKeys) =>
    createDiscoveryEndpoint({
      issuer,
      ownKeys: {
        keys: async (purpose) => (purpose === "session" ? ownKeys.keys(purpose) : []),
        sequence: async () => 0,
      },
      urls: async () => undefined,
      lists: { read: async () => undefined, open: async () => [], cuts: async () => undefined },
      detailsTypes: async () => [],
      cardKeys: async () => undefined,
    }),
  );
  let cached = { body: "", until: 0 };
  let fetches = 0;
  answer = async () => {
    fetches += 1;
    if (Date.now() < cached.until) return cached.body;
    const call = { method: "GET", path: "/.well-known/jwks.json", url: "", body: "", dpop: [], requestId: "" };
    const reply = await endpoints[fetches % 2]?.({ ...call, contentType: undefined } as Call);
    const age = Number(/max-age=(\d+)/.exec(reply?.headers?.["Cache-Control"] ?? "")?.[1]);
    expect(age).toBe(keyTimes.jwksMaxAgeSeconds);
    cached = { body: reply?.body ?? "", until: Date.now() + age * 1000 };
    return cached.body;
  };

  const plain = async () => Buffer.from(await (await fetch(jwksUri)).arrayBuffer());
  const clients: Record<string, (token: string) => Promise<unknown>> = {};
  for (let i = 0; i < 3; i++) {
    const remote = createRemoteJWKSet(new URL(jwksUri));
    clients[`jose ${i}`] = (token) => jwtVerify(token, remote, { issuer, audience });
    const strict = createRemoteJWKSet(new URL(jwksUri), { cooldownDuration: keyTimes.joseCacheSeconds * 1000 });
    clients[`jose that waits for its cache to end ${i}`] = (token) => jwtVerify(token, strict, { issuer, audience });
    const jwksCache = new SimpleJwksCache({
      fetcher: { fetch: async () => (await plain()).buffer as ArrayBuffer },
      penaltyBox: new SimplePenaltyBox({ waitSeconds: keyTimes.awsJwtVerifyPenaltySeconds }),
    });
    const verifier = JwtVerifier.create({ issuer, audience, jwksUri }, { jwksCache });
    clients[`aws-jwt-verify ${i}`] = (token) => verifier.verify(token);
  }
  const own = createIssuerKeys({
    issuer,
    clock,
    fetcher: {
      get: async (url) => {
        const metadata = Buffer.from(JSON.stringify({ issuer, jwks_uri: `${issuer}/.well-known/jwks.json` }));
        return ok(url.endsWith("jwks.json") ? { body: await plain(), maxAgeSeconds: 60 } : { body: metadata });
      },
    },
  });
  clients.ours = async (token) => {
    const { alg = "", kid } = decodeProtectedHeader(token);
    const key = await own.lookup(tokenTyp.access)({ alg, kid });
    if (!key.ok) throw new Error(key.error.detail);
    await jwtVerify(token, key.value, { issuer, audience });
  };

  const failures: string[] = [];
  const kids = new Set<string>();
  const alive: { token: string; kid: string; until: number }[] = [];
  let suspects: readonly string[] = [];
  let verified = 0;
  const verify = (token: string) =>
    Promise.all(
      Object.entries(clients).map(([name, check]) =>
        check(token).then(
          () => (verified += 1),
          (cause) => failures.push(`${ring.time.seconds} ${name}: ${String(cause)}`),
        ),
      ),
    );
  for (let step = 0; step < 900; step++) {
    vi.advanceTimersByTime(stepSeconds * 1000);
    ring.time.seconds = Math.floor(Date.now() / 1000);
    if (step % 3 === 0) await ring.run();
    if (step === 749) ring.order("emergency");
    if (step === 750) suspects = ring.inState("distrusted").map(({ kid }) => kid);
    for (const alg of algorithms) {
      const now = ring.time.seconds;
      const claims = { iss: issuer, aud: audience, sub: "ada", iat: now, exp: now + 900 };
      const signer = issuers[step % 3]?.signer("session");
      if (!signer) throw new Error("no issuer");
      const { token, kid } = await signJwt(signer, { typ: tokenTyp.access, alg, joinId: "join" }, claims);
      kids.add(kid);
      await verify(token);
      alive.push({ token, kid, until: now + 900 });
    }
    // an older token, as good as on its first day unless its key fell
    const old = alive[Math.floor(alive.length / 2)];
    if (old && !suspects.includes(old.kid)) await verify(old.token);
    while ((alive[0]?.until ?? Number.POSITIVE_INFINITY) <= ring.time.seconds + stepSeconds) alive.shift();
  }
  expect(failures.slice(0, 5)).toEqual([]);
  expect(ring.inState("distrusted")).toHaveLength(2);
  // the stack's two keys, which sign again after the emergency, and those of four periods of each algorithm
  expect(kids.size).toBeGreaterThanOrEqual(10);
  expect(verified).toBeGreaterThan(20_000);
  expect(broken(ring)).toEqual([]);
});
