import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import { tickets } from "../kit/registry.ts";
import { createDeployment, type Deployment, urls } from "./deployment.ts";

let cloud: Deployment;
let waits: number[];
beforeEach(async () => {
  cloud = await createDeployment();
  waits = [];
  // the pauses are counted, not waited for
  const real = globalThis.setTimeout;
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((run: () => void, millis = 0) => {
    if (millis >= 1_000) waits.push(millis);
    return real(run, millis >= 1_000 ? 0 : millis);
  }) as typeof setTimeout);
});
afterEach(() => void vi.restoreAllMocks());

const grants = [{ resource: tickets, scopes: ["tickets:read"] }];
const open = () => cloud.agent("researcher").open({ grants });
const busy = (retryAfter: string | undefined, status = 503, body = '{"error":"temporarily_unavailable"}') =>
  new Response(body, { status, headers: retryAfter === undefined ? {} : { "retry-after": retryAfter } });
/** Answers the first calls to an address itself. */
const intercept = (url: string, times: number, answer: () => Response) => {
  let left = times;
  cloud.intercept.answer = (sent) => (sent.url === url && left-- > 0 ? answer() : undefined);
};

describe("a server that cannot decide now and says when to come back", () => {
  test.each([
    ["the token endpoint", urls.token, undefined],
    ["the token endpoint, in the platform's own words", urls.token, "Service Unavailable"],
    ["attestation", urls.attest, undefined],
  ])("is asked again by %s, after the pause it asked for", async (_who, url, body) => {
    intercept(url, 3, () => busy("2", 503, body));
    expect((await open()).sid).toBeTruthy();
    expect(waits).toEqual([2_000, 2_000, 2_000]);
  });

  test("is shown a new proof each time: a used one would be refused as a replay", async () => {
    intercept(urls.token, 2, () => busy("1"));
    await open();
    const ids = cloud.sentTo(urls.token).map(({ headers }) => decodeUnverified(headers.get("dpop") ?? "")?.payload.jti);
    expect(new Set(ids).size).toBe(3);
  });

  test("is shown a new challenge each time it attests", async () => {
    intercept(urls.attest, 2, () => busy("1"));
    await open();
    expect(cloud.sentTo(`${urls.attest.replace(/\/$/, "")}/challenge`)).toHaveLength(3);
  });

  test("is given up after four tries, with what it said", async () => {
    intercept(urls.token, 99, () => busy("1"));
    await expect(open()).rejects.toMatchObject({ code: "unavailable", retryable: true, retryAfterSeconds: 1 });
    expect(cloud.sentTo(urls.token)).toHaveLength(4);
  });
});

test.each([
  ["says 503 and not when", () => busy(undefined)],
  ["says 503 and a date", () => busy("Mon, 30 Nov 2026 08:00:00 GMT")],
  ["says a longer pause than a caller would wait", () => busy("3600")],
  ["is overrun", () => busy("1", 429)],
  ["failed", () => busy("1", 500)],
])("a server that %s is not asked again: that is the caller's to judge", async (_what, answer) => {
  intercept(urls.token, 99, answer);
  await expect(open()).rejects.toMatchObject({ retryable: true });
  expect(cloud.sentTo(urls.token)).toHaveLength(1);
  expect(waits).toEqual([]);
});
