import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { checkChallenge, createChallenge } from "../../core/attest/challenge.ts";
import { limits } from "../../core/model/limits.ts";
import { randomIds } from "../kit/keys.ts";
import { toRecord } from "../kit/records.ts";
import { testMacs } from "../kit/world/attests.ts";

const start = 1_785_542_400;
const world = (issuer = "https://one.example", macs = testMacs()) => {
  const time = { seconds: start };
  return { time, macs, issuer, ids: randomIds, toRecord, clock: { nowMillis: () => time.seconds * 1000 } };
};
const why = async (challenge: string, deps: Parameters<typeof checkChallenge>[1]) => {
  const result = await checkChallenge(challenge, deps);
  return result.ok ? "ok" : result.error.code === "challenge_invalid" && result.error.why;
};

describe("challenges", () => {
  test.prop([fc.integer({ min: -10, max: 200 })])("hold for a minute, a few seconds ahead at most", async (age) => {
    const deps = world();
    const challenge = await createChallenge(deps);
    deps.time.seconds += age;
    const wanted = age <= limits.challengeLifeSeconds && age >= -5 ? "ok" : "expired";
    expect(await why(challenge, deps)).toBe(wanted);
  });

  it("are made by one instance and checked by another, without being stored", async () => {
    const one = world();
    expect(await why(await createChallenge(one), world(one.issuer, one.macs))).toBe("ok");
  });

  it("are never the same twice and fit an STS tag value", async () => {
    const deps = world();
    const made = await Promise.all(Array.from({ length: 50 }, () => createChallenge(deps)));
    expect(new Set(made).size).toBe(50);
    for (const challenge of made) expect(challenge).toMatch(/^[\w.:/=+@-]{1,256}$/);
  });

  it("carry a replay entry of their own that outlives them", async () => {
    const deps = world();
    const [a, b] = [await createChallenge(deps), await createChallenge(deps)];
    const [first, again, other] = [
      await checkChallenge(a, deps),
      await checkChallenge(a, deps),
      await checkChallenge(b, deps),
    ];
    if (!first.ok || !again.ok || !other.ok) throw new Error("expected good challenges");
    expect(again.value.replayEntry).toEqual(first.value.replayEntry);
    expect(other.value.replayEntry.key).not.toBe(first.value.replayEntry.key);
    expect(first.value.replayEntry.expiresAtSeconds).toBeGreaterThan(start + limits.challengeLifeSeconds);
  });

  it("of another deployment, or of another key, are foreign", async () => {
    const ours = world();
    const challenge = await createChallenge(ours);
    expect(await why(challenge, world("https://two.example", ours.macs))).toBe("foreign");
    expect(await why(challenge, world())).toBe("foreign");
  });

  it("cannot be given a later time or another random part", async () => {
    const deps = world();
    const [id, second, tag] = (await createChallenge(deps)).split(".");
    deps.time.seconds += 100;
    expect(await why(`${id}.${Number(second) + 100}.${tag}`, deps)).toBe("foreign");
    deps.time.seconds -= 100;
    expect(await why(`${randomIds.id()}.${second}.${tag}`, deps)).toBe("foreign");
  });

  it("have one spelling: the unused bits of their tag count", async () => {
    const deps = world();
    const challenge = await createChallenge(deps);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const respelled = challenge.slice(0, -1) + alphabet[alphabet.indexOf(challenge.at(-1) ?? "") ^ 1];
    expect(Buffer.from(respelled.slice(-43), "base64url")).toEqual(Buffer.from(challenge.slice(-43), "base64url"));
    expect(await why(respelled, deps)).toBe("foreign");
  });

  it("derive no key for a time a stranger chose", async () => {
    const deps = world();
    const tag = "A".repeat(43);
    for (const second of [1_000_000_000, start - 61, start + 6, 9_999_999_999])
      expect(await why(`${randomIds.id()}.${second}.${tag}`, deps)).toBe("expired");
    expect(deps.macs.asked).toEqual([]);
  });

  test.prop([fc.string({ unit: "binary", maxLength: 300 })])(
    "are refused, never thrown at, whatever the text",
    async (text) => {
      expect(await why(text, world())).toBe("malformed");
    },
  );
});
