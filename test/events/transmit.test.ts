import { decodeJwt, decodeProtectedHeader } from "jose";
import { describe, expect, test } from "vitest";
import type { Notice } from "../../core/events/messages.ts";
import { planNotices } from "../../core/events/plan-notices.ts";
import { readOutcome } from "../../core/events/push.ts";
import { transmit } from "../../core/events/transmit.ts";
import { err, ok } from "../../core/model/result.ts";
import { createEvents, issuer, now, receiver, revoked, session, uid } from "./samples.ts";

const sid = "s".repeat(22);
async function ready(...more: Parameters<typeof receiver>[1][]) {
  const events = createEvents([receiver("crm", more[0])], [session({ sid })]);
  events.tombstones.add(sid);
  const [notice] = await planNotices(revoked("session", sid), events.deps);
  if (!notice) throw new Error("no notice");
  return { ...events, notice };
}

describe("a notice", () => {
  test("is signed and pushed to its receiver's endpoint, under its audience", async () => {
    const { deps, notice, pushed, signed } = await ready();
    expect(await transmit(notice, deps)).toEqual({ kind: "done", why: "accepted" });
    expect(signed).toHaveLength(1);
    expect(signed[0]).toMatchObject({ iss: issuer, aud: "https://crm.example", iat: now, txn: uid });
    const [only] = pushed;
    expect([pushed.length, only?.endpoint, only?.authorization]).toEqual([1, "https://crm.example/events", undefined]);
    // RFC 8417 2.3; a receiver of the CAEP interoperability profile takes RS256 and need take nothing else
    expect(decodeProtectedHeader(only?.token ?? "")).toEqual({
      alg: "RS256",
      kid: "events-key",
      typ: "secevent+jwt",
    });
    expect(decodeJwt(only?.token ?? "")).toEqual(signed[0]);
  });

  test("sent twice is the same event byte for byte, though the clock went on", async () => {
    const { deps, notice, signed } = await ready();
    await transmit(notice, deps);
    const later = { ...deps, clock: { nowMillis: () => (now + 600) * 1000 } };
    await transmit(JSON.parse(JSON.stringify(notice)) as Notice, later);
    expect(JSON.stringify(signed[1])).toBe(JSON.stringify(signed[0]));
  });

  test("carries the header its receiver's secret holds, and waits for a person when there is none", async () => {
    const { deps, notice, pushed, secrets, signed } = await ready({ authorizationSecret: "crm" });
    expect(await transmit(notice, deps)).toEqual({ kind: "refused", why: "its secret is missing" });
    expect(signed).toEqual([]);
    secrets.set("crm", { origin: "https://crm.example", authorization: "Bearer abc" });
    await transmit(notice, deps);
    expect(pushed.map(({ authorization }) => authorization)).toEqual(["Bearer abc"]);
  });

  test.each([
    "https://collector.attacker.example/events",
    "https://crm.example.attacker.example/events",
    "https://sub.crm.example/events",
  ])("threat 46: takes no secret along to %s, to which the registry was made to point", async (endpoint) => {
    const { deps, notice, pushed, secrets, registry, signed } = await ready({ authorizationSecret: "crm" });
    secrets.set("crm", { origin: "https://crm.example", authorization: "Bearer abc" });
    registry.receivers = [receiver("crm", { endpoint, authorizationSecret: "crm" })];
    expect(await transmit(notice, deps)).toEqual({ kind: "refused", why: "its secret belongs to another origin" });
    expect([pushed, signed]).toEqual([[], []]);
  });

  test("goes where the registry says now, not where it said when the notice was written", async () => {
    const { deps, notice, pushed, registry } = await ready();
    registry.receivers = [receiver("crm", { endpoint: "https://moved.example/events", audience: "moved" })];
    await transmit(notice, deps);
    expect(pushed[0]?.endpoint).toBe("https://moved.example/events");
    registry.receivers = [];
    expect((await transmit(notice, deps)).kind).toBe("done");
    expect(pushed).toHaveLength(1);
  });

  test("threat 23: about what is not revoked is never signed", async () => {
    const { deps, notice, tombstones, signed } = await ready();
    tombstones.clear();
    expect(await transmit(notice, deps)).toEqual({ kind: "refused", why: "nothing of the kind is revoked" });
    expect(signed).toEqual([]);
  });

  test("of verification needs nothing revoked", async () => {
    const { deps, signed } = await ready();
    expect((await transmit({ receiver: "crm", uid, issuedAtSeconds: now }, deps)).kind).toBe("done");
    expect(Object.keys(signed[0]?.events ?? {})).toEqual([
      "https://schemas.openid.net/secevent/ssf/event-type/verification",
    ]);
  });

  test("is left for later when what is revoked cannot be read", async () => {
    const { deps, notice } = await ready();
    const unread = {
      ...deps,
      store: {
        ...deps.store,
        readLiveness: async () => ({
          complete: false,
          tombstones: new Set<string>(),
          epochs: new Map(),
        }),
      },
    };
    await expect(transmit(notice, unread)).rejects.toThrow("unread");
  });
});

describe("an answer", () => {
  test.each([
    [202, "", "done"],
    [500, "", "again"],
    [503, "", "again"],
    [429, "", "again"],
    [408, "", "again"],
    [425, "", "again"],
    [200, "<html>", "refused"],
    [204, "", "refused"],
    [401, "", "refused"],
    [403, "", "refused"],
    [404, "", "refused"],
    [410, "", "refused"],
    [0, "", "refused"],
  ])("of status %i %j is %s: only 202 is a receipt (RFC 8935 2.2)", (status, body, kind) => {
    expect(readOutcome(ok({ status, body })).kind).toBe(kind);
  });

  test.each([
    ['{"err":"invalid_issuer","description":"x"}', "status 400, invalid_issuer"],
    ['{"err":"invalid_audience"}', "status 400, invalid_audience"],
    ['{"err":"access_denied"}', "status 400, access_denied"],
    ['{"err":"<script>"}', "status 400, an unknown error"],
    ['{"err":7}', "status 400"],
    ['{"err":"invalid_key","err":"x"}', "status 400"],
    ["[".repeat(5_000), "status 400"],
    ["", "status 400"],
  ])("400 %s is refused, with no word of the receiver's own in it (RFC 8935 2.4)", (body, why) => {
    expect(readOutcome(ok({ status: 400, body }))).toEqual({ kind: "refused", why });
  });

  test("400 invalid_key comes again: the key is new, and the receiver's set of keys is not", () => {
    const answer = ok({ status: 400, body: '{"err":"invalid_key","description":"x"}' });
    expect(readOutcome(answer)).toEqual({ kind: "again", why: "status 400, invalid_key" });
    expect(readOutcome(ok({ ...answer.value, status: 401 })).kind).toBe("refused");
  });

  test.each([
    ["timeout", "again"],
    ["unreachable", "again"],
    ["too_large", "again"],
    ["redirect", "refused"],
    ["forbidden_url", "refused"],
  ] as const)("that never came, by %s, is %s", (why, kind) => {
    expect(readOutcome(err({ why, detail: "x" })).kind).toBe(kind);
  });
});
