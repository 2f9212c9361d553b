import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { compressed } from "../../lambdas/http/compressed.ts";
import type { UrlEvent } from "../../lambdas/http/url-event.ts";

const body = "eyJhbGciOiJFUzI1NiJ9.".repeat(100);
const event = (encoding?: string, name = "accept-encoding"): UrlEvent => ({
  headers: encoding === undefined ? {} : { [name]: encoding },
  requestContext: { domainName: "127.0.0.1:1", requestId: "r", http: { method: "GET", path: "/status/1" } },
});
const result = (more = {}) => ({
  statusCode: 200,
  headers: { "content-type": "application/statuslist+jwt" },
  body,
  ...more,
});

describe("a public document", () => {
  test.each(["gzip", "GZIP", "br, gzip", "br;q=1.0, gzip;q=0.5, *;q=0.1"])(
    "is packed for a caller that takes %s",
    (sent) => {
      const packed = compressed(event(sent), result());
      expect(packed.headers).toMatchObject({ "content-encoding": "gzip", vary: "accept-encoding" });
      expect(packed.isBase64Encoded).toBe(true);
      expect(gunzipSync(Buffer.from(packed.body, "base64")).toString()).toBe(body);
    },
  );

  test("is packed whatever case the header's name is in", () => {
    expect(compressed(event("gzip", "Accept-Encoding"), result()).isBase64Encoded).toBe(true);
  });

  test.each([undefined, "", "identity", "br", "gzip;q=0", "gzip; q=0.0", "x-gzip-not", "gzip;q=nonsense"])(
    "goes as it is to a caller that sent %j, and says that it depends on that",
    (sent) => {
      expect(compressed(event(sent), result())).toEqual({
        ...result(),
        headers: { "content-type": "application/statuslist+jwt", vary: "accept-encoding" },
      });
    },
  );

  test("goes as it is when it is small, a refusal or the answer to HEAD", () => {
    for (const more of [{ body: "{}" }, { statusCode: 404 }, { body: "" }])
      expect(compressed(event("gzip"), result(more))).not.toHaveProperty("isBase64Encoded");
  });
});
