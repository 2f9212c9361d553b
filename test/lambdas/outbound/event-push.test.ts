import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { limits } from "../../../core/model/limits.ts";
import { createPusher } from "../../../lambdas/aws/outbound/event-push.ts";
import { endsWithin } from "../../kit/patience.ts";
import { serve } from "../../kit/serve.ts";

/** A place that answers as told. */
async function receiver(answer: (response: ServerResponse) => void) {
  const { origin: url, asked: seen, close } = await serve((_, response) => answer(response));
  return { url, seen, close };
}
const status =
  (code: number, headers = {}) =>
  (response: ServerResponse) =>
    response.writeHead(code, headers).end();
const here = createPusher("http://127.0.0.1:4000");
/** The bound as a function has it would be waited for: half a second shows the same. */
const boundMillis = 500;
const bounded = createPusher("http://127.0.0.1:4000", boundMillis);

describe("a push (RFC 8935 section 2.1)", () => {
  test("is one POST of the token itself, by its own media type, asking for JSON", async () => {
    const { url, seen } = await receiver(status(202));
    expect(await here.push(`${url}/events`, "a.b.c", "Bearer x y")).toEqual({
      ok: true,
      value: { status: 202, body: "" },
    });
    expect(seen).toMatchObject([
      {
        method: "POST",
        target: "/events",
        body: "a.b.c",
        headers: {
          "content-type": "application/secevent+jwt",
          accept: "application/json",
          authorization: "Bearer x y",
          "content-length": "5",
        },
      },
    ]);
  });

  test("carries no Authorization where none is wanted", async () => {
    const { url, seen } = await receiver(status(202));
    await here.push(url, "a.b.c", undefined);
    expect(seen[0]?.headers).not.toHaveProperty("authorization");
  });

  test.each([301, 302, 303, 307, 308])("follows no redirect: %i leads past the registry's check", async (code) => {
    const elsewhere = await receiver(status(202));
    const { url } = await receiver(status(code, { location: elsewhere.url }));
    expect(await here.push(url, "a.b.c", "Bearer secret")).toMatchObject({ ok: false, error: { why: "redirect" } });
    expect(elsewhere.seen).toEqual([]);
  });

  test("reads an error's body up to its bound, and of other answers nothing", async () => {
    const said = JSON.stringify({ err: "invalid_key" });
    const small = await receiver((response) => void response.writeHead(400).end(said));
    expect(await here.push(small.url, "t", undefined)).toEqual({ ok: true, value: { status: 400, body: said } });
    const endless = await receiver((response) => {
      response.writeHead(400);
      const more = () => response.write("x".repeat(65_536), () => !response.destroyed && setImmediate(more));
      more();
    });
    const cut = await here.push(endless.url, "t", undefined);
    expect(cut.ok && cut.value.body.length).toBeLessThanOrEqual(limits.eventAnswerBytes);
    const large = await receiver((response) => void response.writeHead(202).end("x".repeat(1_000_000)));
    expect(await here.push(large.url, "t", undefined)).toEqual({ ok: true, value: { status: 202, body: "" } });
  });

  test("waits no longer than its bound for a receiver that says nothing", async () => {
    const { url } = await receiver(() => undefined);
    const pushed = endsWithin(boundMillis + 500, bounded.push(url, "t", undefined));
    expect(await pushed).toMatchObject({ ok: false, error: { why: "timeout", detail: `after ${boundMillis} ms` } });
  });

  test("of a receiver that drips its refusal ends with the same bound", async () => {
    const { url } = await receiver((response) => {
      response.writeHead(400);
      const drip = setInterval(() => response.write("x"), 200);
      response.on("close", () => clearInterval(drip));
    });
    const pushed = endsWithin(boundMillis + 500, bounded.push(url, "t", undefined));
    expect(await pushed).toMatchObject({ ok: false, error: { why: "timeout", detail: `after ${boundMillis} ms` } });
  });

  test("to nobody is a failure that passes", async () => {
    const { url, close } = await receiver(status(202));
    await close();
    expect(await here.push(url, "t", undefined)).toMatchObject({ ok: false, error: { why: "unreachable" } });
  });
});

describe("threat 31: nothing is pushed", () => {
  const deployed = createPusher("https://abc123.lambda-url.eu-west-1.on.aws");
  test("to this machine by a deployment that is not on it", async () => {
    const { url, seen } = await receiver(status(202));
    expect(await deployed.push(url, "t", undefined)).toMatchObject({ ok: false, error: { why: "forbidden_url" } });
    expect(seen).toEqual([]);
  });

  test.each([
    "http://crm.example/events",
    "https://169.254.169.254/latest/meta-data/",
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://10.0.0.1/events",
    "https://2130706433/",
    "https://user:secret@crm.example/events",
    "https://localhost/",
    "file:///etc/passwd",
    "not a url",
  ])("to %s", async (url) => {
    expect(await deployed.push(url, "t", undefined)).toMatchObject({ ok: false, error: { why: "forbidden_url" } });
  });
});
