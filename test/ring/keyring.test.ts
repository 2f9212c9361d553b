import { beforeEach, describe, expect, it } from "vitest";
import { SigningKeyGone, signJwt } from "../../core/jose/sign.ts";
import { keyTimes, longestCacheSeconds } from "../../core/model/key-times.ts";
import type { KeyPurpose } from "../../core/model/ports.ts";
import { err, ok } from "../../core/model/result.ts";
import { createKeyring } from "../../core/ring/keyring.ts";
import type { Ring, RingKey, RingKeyState } from "../../core/ring/model.ts";
import type { HeldKey } from "../../core/ring/ports.ts";

const start = 1_800_000_000;
const time = { seconds: start };
let ring: Ring | undefined;
let reads = 0;
let broken = false;
const refused: string[] = [];
/** What KMS says of each key; a key that is not here must not be believed. */
const kms = new Map<string, HeldKey>();

const held = (kid: string, more: Partial<HeldKey> = {}): HeldKey => ({
  kid,
  alg: "RS256",
  jwk: { kid, kty: "RSA" },
  sign: async () => ({ signature: Buffer.from(kid), requestId: undefined }),
  ...more,
});
const key = (kid: string, state: RingKeyState, publishedAtSeconds = start - 100_000): RingKey => ({
  kid,
  keyArn: `arn:${kid}`,
  alg: "RS256",
  state,
  createdAtSeconds: publishedAtSeconds,
  publishedAtSeconds,
});
const ringOf = (...keys: RingKey[]): Ring => ({ purpose: "session", version: 7, keys, intents: [], switching: [] });
const create = () =>
  createKeyring({
    clock: { nowMillis: () => time.seconds * 1000 },
    rings: {
      read: async (_: KeyPurpose) => {
        reads += 1;
        if (broken) throw new Error("DynamoDB is away");
        return ring;
      },
    },
    holder: {
      hold: async (arn) => {
        const found = kms.get(arn);
        return found ? ok(found) : err("its policy allows too much");
      },
    },
    first: { session: [{ keyArn: "arn:first", alg: "RS256" }] },
    onRefused: ({ keyArn }, why) => refused.push(`${keyArn}: ${why}`),
  });
const kidsOf = async (keyring = create()) => (await keyring.keys("session")).map(({ kid }) => kid);
const current = async (keyring = create()) => (await keyring.signer("session").current(undefined)).kid;

beforeEach(() => {
  time.seconds = start;
  reads = 0;
  broken = false;
  refused.length = 0;
  kms.clear();
  for (const kid of ["first", "old", "now", "next", "new", "bad"]) kms.set(`arn:${kid}`, held(kid));
  ring = ringOf(
    key("old", "retired"),
    key("now", "active"),
    key("next", "published"),
    key("new", "created"),
    key("bad", "distrusted"),
  );
});

describe("a keyring", () => {
  it("verifies by what signs, will sign and signed, and by nothing unpublished or distrusted", async () => {
    expect(await kidsOf()).toEqual(["old", "now", "next"]);
    expect(await current()).toBe("now");
  });

  it("knows no key of another purpose or algorithm", async () => {
    const keyring = create();
    await expect(keyring.signer("session").current("ES256")).rejects.toThrow("no key of session/ES256");
    expect(await createKeyring({ ...emptyDeps }).keys("seal")).toEqual([]);
  });

  it("signs by no key published for less than the longest cache, whatever its row says", async () => {
    ring = ringOf(key("now", "active", start - longestCacheSeconds + 1));
    await expect(current()).rejects.toThrow("may sign now");
    time.seconds += 1;
    expect(await current()).toBe("now");
  });

  it("believes no row that dates a publication into the future", async () => {
    ring = ringOf(key("now", "active", start + 1));
    await expect(current()).rejects.toThrow("may sign now");
  });

  it("uses the stack's own key until the first ring is written, and never beside a ring", async () => {
    const written = ring;
    ring = undefined;
    expect([await kidsOf(), await current()]).toEqual([["first"], "first"]);
    ring = written;
    expect(await kidsOf()).not.toContain("first");
  });
});

describe("a key that the ring names", () => {
  it("and KMS does not bear out neither verifies nor signs, and keeps no other from doing so", async () => {
    kms.delete("arn:next");
    expect(await kidsOf()).toEqual(["old", "now"]);
    expect(refused).toEqual(["arn:next: its policy allows too much"]);
    kms.delete("arn:now");
    await expect(current()).rejects.toThrow("may sign now");
  });

  it("is refused when its thumbprint is another: the row was pointed at a stranger's key", async () => {
    kms.set("arn:now", held("thief"));
    expect(await kidsOf()).toEqual(["old", "next"]);
    await expect(current()).rejects.toThrow("may sign now");
  });

  it("is refused when its algorithm is another", async () => {
    kms.set("arn:now", held("now", { alg: "ES256" }));
    await expect(current()).rejects.toThrow("may sign now");
  });
});

describe("what was read of a ring", () => {
  it("is used for ten seconds and not one more, by any number of callers at once", async () => {
    const keyring = create();
    await Promise.all([kidsOf(keyring), current(keyring), current(keyring)]);
    time.seconds += keyTimes.ringCacheSeconds - 1;
    await current(keyring);
    expect(reads).toBe(1);
    time.seconds += 1;
    await current(keyring);
    expect(reads).toBe(2);
  });

  it("is not used by a sandbox that slept, nor when a clock goes back", async () => {
    const keyring = create();
    await current(keyring);
    ring = ringOf(key("next", "active"));
    time.seconds += 3_600;
    expect(await current(keyring)).toBe("next");
    time.seconds -= 7_200;
    await current(keyring);
    expect(reads).toBe(3);
  });

  it("is not used when the row cannot be read: nothing is signed, nothing believed, until it can", async () => {
    const keyring = create();
    await current(keyring);
    time.seconds += keyTimes.ringCacheSeconds;
    broken = true;
    await expect(current(keyring)).rejects.toThrow("DynamoDB is away");
    await expect(kidsOf(keyring)).rejects.toThrow("DynamoDB is away");
    broken = false;
    expect(await current(keyring)).toBe("now");
  });

  it("is read anew when its key turns out to be gone, and the token is made again whole", async () => {
    kms.set("arn:now", held("now", { sign: async () => Promise.reject(new SigningKeyGone("now")) }));
    const keyring = create();
    await kidsOf(keyring);
    ring = ringOf(key("now", "distrusted"), key("next", "active"));
    const signed = await signJwt(keyring.signer("session"), { typ: "at+jwt", joinId: "join" }, { sub: "ada" });
    expect(signed.kid).toBe("next");
    const [header = "", , signature = ""] = signed.token.split(".");
    expect(JSON.parse(Buffer.from(header, "base64url").toString())).toEqual({
      alg: "RS256",
      kid: "next",
      typ: "at+jwt",
    });
    expect(Buffer.from(signature, "base64url").toString()).toBe("next");
  });

  it("gives no second try by the key that is gone when the ring still names it", async () => {
    let tries = 0;
    const sign = async () => {
      tries += 1;
      throw new SigningKeyGone("now");
    };
    kms.set("arn:now", held("now", { sign }));
    await expect(signJwt(create().signer("session"), { typ: "at+jwt", joinId: "join" }, {})).rejects.toThrow(
      "may sign now",
    );
    expect(tries).toBe(1);
  });
});

const emptyDeps = {
  clock: { nowMillis: () => start * 1000 },
  rings: { read: async () => undefined },
  holder: { hold: async () => err("none") },
  first: {},
  onRefused: () => undefined,
};
