import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFetcher } from "../../lambdas/aws/fetcher.ts";

const bounds = { maxBytes: 1_000, timeoutMillis: 300 };
const routes: Record<string, (response: ServerResponse) => void> = {
  "/ok": (r) => r.writeHead(200, { "cache-control": "public, max-age=120" }).end("{}"),
  "/plain": (r) => r.end("x"),
  "/large": (r) => r.end("x".repeat(1_001)),
  "/exact": (r) => r.end("x".repeat(1_000)),
  "/endless": (r) => {
    r.writeHead(200);
    const timer = setInterval(() => r.write("x".repeat(500)), 5);
    r.on("close", () => clearInterval(timer));
  },
  "/bomb": (r) => r.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("x".repeat(500_000))),
  "/silent": () => {},
  "/drip": (r) => {
    r.writeHead(200);
    const timer = setInterval(() => r.write("x"), 50);
    r.on("close", () => clearInterval(timer));
  },
  "/moved": (r) => r.writeHead(302, { location: "/ok" }).end(),
  "/gone": (r) => r.writeHead(404).end("x".repeat(5_000)),
  "/reset": (r) => r.destroy(),
  "/age": (r) => r.writeHead(200, { "cache-control": "s-max-age=9, xmax-age=5" }).end("{}"),
};

let base: string;
const server = createServer((request, response) => routes[request.url ?? ""]?.(response));
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});
const embedded = createFetcher("http://127.0.0.1:4000");

describe("the fetcher", () => {
  test("brings a document and how long it may be kept", async () => {
    const fetched = await embedded.get(`${base}/ok`, bounds);
    expect(fetched).toMatchObject({ ok: true, value: { maxAgeSeconds: 120 } });
    const plain = await embedded.get(`${base}/plain`, bounds);
    expect(plain.ok && Buffer.from(plain.value.body).toString()).toBe("x");
    expect(plain.ok && "maxAgeSeconds" in plain.value).toBe(false);
    const other = await embedded.get(`${base}/age`, bounds);
    expect(other.ok && "maxAgeSeconds" in other.value).toBe(false);
  });

  test.each([
    ["/large", "too_large"],
    ["/endless", "too_large"],
    ["/bomb", "too_large"],
    ["/silent", "timeout"],
    ["/drip", "timeout"],
    ["/moved", "redirect"],
    ["/gone", "status"],
    ["/reset", "unreachable"],
  ])("answers %s with %s and throws nothing", async (path, why) => {
    expect(await embedded.get(base + path, bounds)).toMatchObject({ ok: false, error: { why } });
  });

  test("takes a document of exactly the bound", async () => {
    expect(await embedded.get(`${base}/exact`, bounds)).toMatchObject({ ok: true });
  });

  test.each([
    "http://169.254.169.254/latest/meta-data/",
    "http://example.com/",
    "http://localhost:4000/",
    "http://[::1]/",
    "file:///etc/passwd",
    "data:application/json,{}",
    "ftp://example.com/",
    "https://user:pw@example.com/",
    "not a url",
    "",
  ])("does not go to %j, from the embedded cloud either", async (url) => {
    expect(await embedded.get(url, bounds)).toMatchObject({ ok: false, error: { why: "forbidden_url" } });
  });

  test("threat 31: does not go to this machine for an issuer that is not on it", async () => {
    const real = createFetcher("https://abc.lambda-url.eu-west-1.on.aws");
    expect(await real.get(`${base}/ok`, bounds)).toMatchObject({ ok: false, error: { why: "forbidden_url" } });
  });
});
