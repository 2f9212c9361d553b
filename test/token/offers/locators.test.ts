import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { newOfferHandle, offerParts } from "../../../core/caller/offer-handle.ts";
import { locatorDay, openLocator, sealLocator } from "../../../core/caller/offer-locator.ts";
import { limits } from "../../../core/model/limits.ts";
import { loginsOf } from "../../../core/model/login.ts";
import type { Session } from "../../../core/model/session.ts";
import { queryFor } from "../../../core/session/liveness.ts";
import { randomIds } from "../../kit/keys.ts";
import { id, session } from "../../lambdas/samples.ts";

const secrets = new Map<number, string>();
/** Days that were asked for. */
const asked: number[] = [];
const secretOf = async (day: number) => {
  asked.push(day);
  const secret = secrets.get(day) ?? randomIds.secret();
  secrets.set(day, secret);
  return secret;
};
const clockAt = (seconds: number) => ({ nowMillis: () => seconds * 1000 });

/** A handle for an offer of that session, made then. */
async function handleFor(from: Session, atSeconds: number) {
  const daySecret = await secretOf(locatorDay(clockAt(atSeconds)));
  return newOfferHandle(from.root, randomIds, (secret) => sealLocator(from, { root: from.root, secret }, daySecret))
    .handle;
}
/** Root, secret and locator. */
const partsOf = (handle: string): readonly [root: string, secret: string, sealed: string] => [
  handle.slice(4, 26),
  handle.slice(27, 70),
  handle.slice(70),
];
const openedAt = async (handle: string, atSeconds: number) => {
  const parts = offerParts(handle);
  return parts && openLocator(parts, secretOf, clockAt(atSeconds));
};

/** A session somewhere in a tree, with whatever may end it. */
const anySession = fc
  .record({
    above: fc.integer({ min: 0, max: 6 }),
    names: fc.array(fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/), { minLength: 7, maxLength: 7 }),
    logins: fc.integer({ min: 0, max: 2 }),
    builds: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ above, names, logins, builds }) => {
    const actors = names.slice(0, above + 1).map((name) => `spiffe://acme.example/agent/${name}`);
    const root = id();
    const others = [
      ...Array.from({ length: logins }, () => `login:${id()}`),
      ...Array.from({ length: builds }, () => `build:sha256:${"0".repeat(64)}`),
    ];
    const subjects = ["deployment", ...actors.map((one) => `agent:${one}`), ...others];
    return session({
      root,
      sid: above === 0 ? root : id(),
      anc: Array.from({ length: Math.max(0, above - 1) }, id),
      depth: above,
      actors,
      epochs: Object.fromEntries(subjects.map((name) => [name, 0])),
    });
  });

const day = 86_400;
beforeEach(() => {
  secrets.clear();
  asked.length = 0;
});

describe("an offer's handle", () => {
  it("names to us, as long as an offer lives, whatever can end its session, on either side of midnight", async () => {
    const life = fc.integer({ min: 0, max: limits.offerLifeMaxSeconds });
    const around = fc.integer({ min: 20_000 * day - 1_200, max: 20_000 * day + 1_200 });
    await fc.assert(
      fc.asyncProperty(anySession, around, life, async (from, madeAt, after) => {
        const read = await openedAt(await handleFor(from, madeAt), madeAt + after);
        const whole = queryFor({ ...from, principalId: from.principal.id, logins: loginsOf(from.epochs) });
        expect(read?.session).toEqual(whole.session);
        expect(new Set(read?.tombstones)).toEqual(new Set(whole.tombstones));
        const names = new Set([...whole.subjects, ...Object.keys(from.epochs)]);
        names.delete("deployment");
        expect(new Set(read?.subjects)).toEqual(names);
      }),
    );
  });

  it("threat 17: shows the root to whoever reads it, and nothing else but how long the chain is, roughly", async () => {
    await fc.assert(
      fc.asyncProperty(anySession, async (from) => {
        const handle = await handleFor(from, 0);
        const [shown, , sealed] = partsOf(handle);
        expect(handle.split(".")).toHaveLength(2);
        expect(shown).toBe(from.root);
        const readable = Buffer.from(sealed, "base64url").toString("latin1");
        const names = [...from.actors, from.principal.id, ...Object.keys(from.epochs), ...from.anc];
        for (const name of from.depth === 0 ? names : [...names, from.sid]) {
          expect(handle).not.toContain(name);
          expect(readable).not.toContain(name);
        }
        expect((Buffer.from(sealed, "base64url").length - 16) % 256).toBe(0);
      }),
    );
  });

  it("threat 17: is another each time, in all that is sealed", async () => {
    const from = session();
    const [one, other] = [await handleFor(from, 0), await handleFor(from, 0)].map((handle) => partsOf(handle)[2]);
    expect(one?.length).toBe(other?.length);
    expect(one?.slice(0, 40)).not.toBe(other?.slice(0, 40));
  });

  it("threat 17: says nothing once anything of it is changed, or part of it stands in another handle", async () => {
    await fc.assert(
      fc.asyncProperty(anySession, fc.nat(), fc.integer({ min: 1, max: 255 }), async (from, at, flip) => {
        const [root, secret, sealed] = partsOf(await handleFor(from, 0));
        const bytes = Buffer.from(sealed, "base64url");
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ flip;
        const another = partsOf(await handleFor(session(), 0));
        for (const wrong of [
          [root, secret, bytes.toString("base64url")],
          [root, secret, sealed.slice(0, -4)],
          [root, secret, "A"],
          [root, another[1], sealed],
          [another[0], secret, sealed],
          [root, secret, another[2]],
          [root, secret, ""],
        ])
          expect(await openedAt(`lyo_${wrong[0]}.${wrong[1]}${wrong[2]}`, 0)).toBeUndefined();
      }),
    );
  });

  it("is none with a part more, or a longer one than we seal", async () => {
    const handle = await handleFor(session(), 0);
    expect(offerParts(`${handle}.AAAA`)).toBeUndefined();
    expect(offerParts(`${handle}${"A".repeat(4_000)}`)).toBeUndefined();
    expect(offerParts(`${handle}=`)).toBeUndefined();
  });

  it("says nothing of a chain that is too long for it, and stays a handle", async () => {
    const actors = Array.from({ length: 40 }, (_, i) => `spiffe://acme.example/agent/${"n".repeat(40)}-${i}`);
    const handle = await handleFor(session({ actors }), 0);
    expect(handle).toMatch(/^lyo_[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}$/);
    expect(await openedAt(handle, 0)).toBeUndefined();
  });

  it("says nothing to a deployment, or on a day, with another secret", async () => {
    const handle = await handleFor(session(), day);
    expect(await openedAt(handle, 3 * day)).toBeUndefined();
    secrets.clear();
    expect(await openedAt(handle, day)).toBeUndefined();
  });

  it("asks for no day's secret but those in which a living offer can have been made", async () => {
    const handle = await handleFor(session(), 5 * day);
    asked.length = 0;
    await openedAt(handle.slice(0, -8), 5 * day + 60);
    expect(asked).toEqual([5, 4]);
    asked.length = 0;
    await openedAt(handle.slice(0, -8), 5 * day + limits.offerLifeMaxSeconds);
    expect(asked).toEqual([5]);
  });
});
