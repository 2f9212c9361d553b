import type { ServerResponse } from "node:http";
import { beforeEach, describe, expect, test } from "vitest";
import { limits } from "../../../core/model/limits.ts";
import { createStsRelay } from "../../../lambdas/aws/outbound/sts-relay.ts";
import { endsWithin } from "../../kit/patience.ts";
import { serve } from "../../kit/serve.ts";
import type { Listening } from "../../kit/wire/server.ts";

let answer: (response: ServerResponse) => void;
let sts: Listening;
beforeEach(async () => {
  sts = await serve((_, response) => answer(response));
});
const send = () =>
  createStsRelay(sts.origin).send({ host: "sts.eu-west-1.amazonaws.com", headers: { "x-a": "1" }, body: "Action=x" });

describe("the way to STS", () => {
  test("posts to / with the host that was signed, and what core gave it", async () => {
    answer = (response) => response.writeHead(403, { "content-type": "text/xml" }).end("<no/>");
    const sent = await send();
    expect(sent).toMatchObject({ ok: true, value: { status: 403, contentType: "text/xml" } });
    expect(sent.ok && Buffer.from(sent.value.body).toString()).toBe("<no/>");
    expect(sts.asked).toMatchObject([
      {
        method: "POST",
        target: "/",
        headers: {
          host: "sts.eu-west-1.amazonaws.com",
          "x-a": "1",
          "content-length": "8",
          "accept-encoding": "identity",
        },
        body: "Action=x",
      },
    ]);
  });

  test.each([301, 302, 303, 307, 308])("does not follow a %s", async (status) => {
    answer = (response) => response.writeHead(status, { location: `${sts.origin}/elsewhere` }).end();
    expect(await send()).toMatchObject({ ok: false, error: { why: "redirect" } });
    expect(sts.asked).toHaveLength(1);
  });

  test("stops reading at the bound, however much there is", async () => {
    answer = (response) => {
      response.writeHead(200, { "content-type": "text/xml" });
      const more = () => {
        if (!response.destroyed) response.write("x".repeat(65_536), more);
      };
      more();
    };
    expect(await send()).toMatchObject({ ok: false, error: { why: "too_large" } });
  });

  test("reads nothing compressed", async () => {
    answer = (response) => response.writeHead(200, { "content-encoding": "gzip" }).end("bomb");
    expect(await send()).toMatchObject({ ok: false, error: { why: "status" } });
  });

  test("waits no longer than its bound for an answer that drips", async () => {
    let drip: NodeJS.Timeout | undefined;
    answer = (response) => {
      response.writeHead(200);
      drip = setInterval(() => response.write(" "), 100);
    };
    const sent = await endsWithin(limits.stsTimeoutMillis + 1_000, send());
    clearInterval(drip);
    expect(sent).toMatchObject({ ok: false, error: { why: "timeout" } });
  });

  test("says unreachable when nobody listens", async () => {
    const relay = createStsRelay("http://127.0.0.1:1");
    const sent = await relay.send({ host: "sts.eu-west-1.amazonaws.com", headers: {}, body: "" });
    expect(sent).toMatchObject({ ok: false, error: { why: "unreachable" } });
  });

  test.each(["http://sts.example.com", "http://localhost:1", "ftp://127.0.0.1"])(
    "is not laid to %s, where anybody could answer",
    (url) => {
      expect(() => createStsRelay(url)).toThrow("must be https");
    },
  );
});
