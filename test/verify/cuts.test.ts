import { fc, test as property } from "@fast-check/vitest";
import { beforeEach, describe, expect, test } from "vitest";
import { limits } from "../../core/model/limits.ts";
import { subjects } from "../../core/model/subjects.ts";
import { cutName } from "../../core/status/cut-name.ts";
import { cutsClaims, cutsThatFit, cutsUri } from "../../core/verify/cuts/document.ts";
import { build, chain, login } from "./chain.ts";
import { ada, createIssuer, issuer, planner, researcher, type TestIssuer } from "./issuer.ts";

let world: TestIssuer;
beforeEach(async () => {
  world = await createIssuer();
});

/** What a token of planner and researcher for ada was issued under: deployment, principal, agents, login. */
const named = [
  subjects.deployment,
  subjects.principal(ada),
  subjects.agent(planner),
  subjects.agent(researcher),
  subjects.login(login),
];
const code = async (more: object = {}, verifier = world.verifier()): Promise<string> => {
  const verified = await verifier.verify(world.request(world.token({ ...chain, ...more })));
  return verified.ok ? "accepted" : verified.error.code;
};

describe("a cut", () => {
  test.each([
    ["deployment", subjects.deployment],
    ["principal", subjects.principal(ada)],
    ["agent", subjects.agent(planner)],
    ["agent", subjects.agent(researcher)],
    ["login", subjects.login(login)],
    ["build", subjects.build(build)],
  ])("of %s %s ends every token from before within the ttl, though no bit is set", async (subject, of) => {
    const verifier = world.verifier();
    const token = world.token(chain);
    const verify = () => verifier.verify(world.request(token));
    expect(await verify()).toMatchObject({ ok: true });
    world.raise(of);
    world.time.seconds += limits.statusListTtlSeconds;
    world.publishList();
    expect(await verify()).toEqual({ ok: false, error: { code: "session_cut", subject } });
    // remembered as verified, and held against the document anew each time
    expect(await verify()).toEqual({ ok: false, error: { code: "session_cut", subject } });
  });

  test("spares what was issued after it, also where it was lifted and comes again", async () => {
    const agent = subjects.agent(planner);
    world.raise(agent);
    expect(await code()).toBe("session_cut");
    expect(await code({ epochs: [0, 0, 1, 0, 0] })).toBe("accepted");
    world.raise(agent);
    expect(await code({ epochs: [0, 0, 1, 0, 0] }, world.verifier())).toBe("session_cut");
    expect(await code({ epochs: [0, 0, 2, 0, 0] }, world.verifier())).toBe("accepted");
  });

  test.each([
    ["another agent", subjects.agent(`${planner}2`)],
    ["the same agent as a principal", subjects.principal(planner)],
    ["another person", subjects.principal(`p_${"b".repeat(32)}`)],
    ["another login", subjects.login("m".repeat(22))],
    ["another build", subjects.build("sha256:beef")],
  ])("of %s changes nothing", async (_, of) => {
    world.raise(of);
    expect(await code()).toBe("accepted");
  });

  test("of an agent on its own account ends its work, by either of its names", async () => {
    const own = { sub: planner, client_id: planner, act: undefined, login: undefined, others: undefined, depth: 0 };
    expect(await code({ ...own, epochs: [0, 0, 0] })).toBe("accepted");
    world.raise(subjects.principal(planner));
    expect(await code({ ...own, epochs: [0, 0, 0] }, world.verifier())).toBe("session_cut");
    expect(await code({ ...own, epochs: [0, 1, 0] }, world.verifier())).toBe("accepted");
    world.raise(subjects.agent(planner));
    expect(await code({ ...own, epochs: [0, 1, 0] }, world.verifier())).toBe("session_cut");
  });

  test("does not concern a token without epochs, which the status list alone ends", async () => {
    for (const subject of named) world.raise(subject);
    const plain = { epochs: undefined, others: undefined };
    expect(await code(plain)).toBe("accepted");
    world.web.documents.delete(cutsUri(issuer));
    expect(await code(plain, world.verifier())).toBe("accepted");
    world.revoked.add(7);
    world.publishList();
    expect(await code(plain, world.verifier())).toBe("session_over");
  });

  property.prop([
    fc.array(fc.nat(2), { minLength: 5, maxLength: 5 }),
    fc.nat(2),
    fc.array(fc.tuple(fc.nat(5), fc.nat(2)), { maxLength: 8 }),
    fc.boolean(),
  ])(
    "threat 26: the verdict is never milder than bits and epochs: accepted only when neither refuses",
    async (epochs, ofBuild, cuts, bit) => {
      const world = await createIssuer();
      const all = [...named, subjects.build(build)];
      for (const [n, epoch] of cuts) world.cut.set(all[n] ?? "", epoch);
      world.publishCuts();
      if (bit) world.revoked.add(7);
      world.publishList();
      const under = [...epochs, ofBuild];
      const isCut = all.some((subject, n) => (world.cut.get(subject) ?? 0) > (under[n] ?? 0));
      const token = world.token({ ...chain, epochs, others: [[cutName(issuer, subjects.build(build)), ofBuild]] });
      const verified = await world.verifier().verify(world.request(token));
      expect(verified.ok ? "accepted" : verified.error.code).toBe(
        isCut ? "session_cut" : bit ? "session_over" : "accepted",
      );
    },
  );
});

describe("status lists still count beside the document", () => {
  test("a set bit refuses though nothing was cut, and whatever the document lacks", async () => {
    world.revoked.add(7);
    world.publishList();
    expect(await code()).toBe("session_over");
    // final, though the document cannot be had
    world.web.documents.delete(cutsUri(issuer));
    expect(await code({}, world.verifier())).toBe("session_over");
  });

  test("a document that overflowed leaves what it does not list to the bits, and refuses what it lists", async () => {
    world.raise(subjects.agent(researcher));
    world.publishCuts(world.signCuts({ overflow: true }));
    expect(await code()).toBe("session_cut");
    expect(await code({ epochs: [0, 0, 0, 1, 0] })).toBe("accepted");
    world.revoked.add(7);
    world.publishList();
    expect(await code({ epochs: [0, 0, 0, 1, 0] }, world.verifier())).toBe("session_over");
  });

  test("without a fresh list a token that is not cut is refused all the same", async () => {
    world.web.documents.delete(world.list);
    expect(await code()).toBe("status_unavailable");
  });
});

describe("a verifier without a fresh document refuses", () => {
  test.each(["timeout", "unreachable", "status", "too_large", "redirect"] as const)(
    "when fetching ends in %s",
    async (why) => {
      const verifier = world.verifier();
      expect(await code({}, verifier)).toBe("accepted");
      world.time.seconds += 5;
      // the list is held by another verifier's hand: only the document fails
      const get = world.web.get.bind(world.web);
      world.web.get = async (url, bounds) =>
        url === cutsUri(issuer) ? { ok: false, error: { why, detail: url } } : get(url, bounds);
      expect(await code({}, verifier)).toBe("cuts_unavailable");
      world.web.get = get;
      expect(await code({}, verifier)).toBe("cuts_unavailable");
      world.time.seconds += 1;
      expect(await code({}, verifier)).toBe("accepted");
    },
  );

  test("fetches it once for all who ask at one time, and once a ttl", async () => {
    const verifier = world.verifier();
    await Promise.all(Array.from({ length: 20 }, () => code({}, verifier)));
    await code({}, verifier);
    expect(world.web.asked.filter((url) => url === cutsUri(issuer))).toHaveLength(1);
  });

  const now = () => world.time.seconds;
  const name = "n".repeat(22);
  test.each<[string, () => string]>([
    ["is stale", () => world.signCuts({ iat: now() - 130, exp: now() - 10 })],
    ["is old, whatever its exp says", () => world.signCuts({ iat: now() - 120, exp: now() + 9_999 })],
    ["never expires", () => world.signCuts({ exp: undefined })],
    ["does not say when it was made", () => world.signCuts({ iat: undefined })],
    ["is made in the future", () => world.signCuts({ iat: now() + 60, exp: now() + 120 })],
    [
      "is of another issuer, or stage, whose key has the same kid",
      () => world.signCuts({ iss: "https://other.example" }),
    ],
    [
      "is of another issuer by address too",
      () => world.signCuts({ iss: "https://o.example", sub: "https://o.example/status/cuts" }),
    ],
    ["is of another address", () => world.signCuts({ sub: world.list })],
    ["names no issuer", () => world.signCuts({ iss: undefined })],
    ["names no address", () => world.signCuts({ sub: undefined })],
    ["is signed by a stranger", () => world.signCuts({}, world.foreign)],
    [
      "is signed by a stranger under the status key's kid",
      () => world.signCuts({}, world.foreign, { kid: world.status.jkt }),
    ],
    ["threat 3: is signed by the session key", () => world.signCuts({}, world.session)],
    ["has typ JWT", () => world.signCuts({}, world.status, { typ: "JWT" })],
    ["has the typ of a status list", () => world.signCuts({}, world.status, { typ: "statuslist+jwt" })],
    ["is a status list", () => world.signList()],
    ["is a status list at this address", () => world.signList({ sub: cutsUri(issuer), version: 1, cuts: {} })],
    ["is an access token", () => world.token({ sub: cutsUri(issuer), version: 1, cuts: {} })],
    ["has ttl 0", () => world.signCuts({ ttl: 0 })],
    ["has a ttl that is no number", () => world.signCuts({ ttl: "5" })],
    ["has no version", () => world.signCuts({ version: undefined })],
    ["has a version that is no count", () => world.signCuts({ version: -1 })],
    ["has no cuts", () => world.signCuts({ cuts: undefined })],
    ["has cuts that are a list", () => world.signCuts({ cuts: [[name, 1]] })],
    [
      "names a subject in fewer characters, so that several would be meant",
      () => world.signCuts({ cuts: { nnnn: 1 } }),
    ],
    ["names a subject in more characters", () => world.signCuts({ cuts: { [`${name}n`]: 1 } })],
    ["names a subject in other characters", () => world.signCuts({ cuts: { ["\u0000".repeat(22)]: 1 } })],
    ["has an epoch that is no count", () => world.signCuts({ cuts: { [name]: "1" } })],
    ["has a negative epoch", () => world.signCuts({ cuts: { [name]: -1 } })],
    ["has an epoch that is no number at all", () => world.signCuts({ cuts: { [name]: null } })],
    ["is too large", () => world.signCuts({ padding: "x".repeat(limits.cutsBytes) })],
    ["is no token", () => "<html>"],
  ])("that %s", async (_, sign) => {
    const document = sign();
    const verifier = world.verifier();
    world.publishCuts(document);
    expect(await code({}, verifier)).toBe("cuts_unavailable");
  });

  test("but takes one with claims that it does not know", async () => {
    world.publishCuts(world.signCuts({ later: { much: "more" } }));
    expect(await code()).toBe("accepted");
  });

  test("threat 3: and believes no document by a key that is not published for it", async () => {
    world.publishKeys(world.published(world.session, "at+jwt"), world.published(world.status, "statuslist+jwt"));
    expect(await code()).toBe("cuts_unavailable");
    expect(await code({ epochs: undefined, others: undefined }, world.verifier())).toBe("accepted");
  });

  test.each([
    ["signs access tokens too", ["at+jwt", "lanyard-cuts+jwt"]],
    ["signs what this version does not know too", ["statuslist+jwt", "lanyard-cuts+jwt", "at+jwt"]],
    ["signs nothing", []],
  ])("threat 3: nor by a key that %s", async (_, typs) => {
    world.publishKeys(world.published(world.session, "at+jwt"), world.published(world.status, typs));
    expect(await code()).toMatch(/^(cuts|status)_unavailable$/);
  });
});

test("a list is no document and a document no list, each at the other's address", async () => {
  world.publishList(world.signCuts({ sub: world.list, status_list: { bits: 1, lst: "eNrbuRgAAhcBXQ" } }));
  expect(await code()).toBe("status_unavailable");
});

test("a document holds as many cuts as fit into 64 kB with the largest signature, and our verifier reads it", async () => {
  const cuts = Array.from({ length: 4_000 }, (_, n) => ({
    name: cutName(issuer, `agent:${n}`),
    epoch: 10 ** (n % 15),
  }));
  const kept = cuts.slice(0, cutsThatFit(cuts));
  const claims = cutsClaims({ issuer, nowSeconds: world.time.seconds, version: 4_000, cuts: kept, overflow: true });
  const document = world.status.jws({ alg: "ES256", kid: world.status.jkt, typ: "lanyard-cuts+jwt" }, claims);
  // an RSA signature of 4,096 bits would be 598 characters longer
  expect(document.length + 598).toBeLessThanOrEqual(limits.cutsBytes);
  expect(kept.length).toBeGreaterThan(1_000);
  world.publishCuts(document);
  expect(await code()).toBe("accepted");
  const last = { ...chain, client_id: `${planner}x`, act: { sub: `${planner}x` }, login: undefined, epochs: [0, 0, 0] };
  world.publishCuts(world.signCuts({ cuts: { ...claims.cuts, [cutName(issuer, subjects.agent(`${planner}x`))]: 1 } }));
  expect(await code(last, world.verifier())).toBe("session_cut");
});
