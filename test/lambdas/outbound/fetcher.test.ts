import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { fc, test as property } from "@fast-check/vitest";
import { beforeAll, describe, expect, test } from "vitest";
import { createFetcher } from "../../../lambdas/aws/outbound/fetcher.ts";
import { isPublicAddress, PrivateAddress, publicLookup } from "../../../lambdas/aws/outbound/public-address.ts";
import { serveAll } from "../../kit/serve.ts";

const bounds = { maxBytes: 1_000, timeoutMillis: 300 };
const encoded = (encoding: string, body: string | Uint8Array) => ({ headers: { "content-encoding": encoding }, body });
const server = serveAll({
  "/ok": { headers: { "cache-control": "public, max-age=120" }, body: "{}" },
  "/plain": { body: "x" },
  "/large": { body: "x".repeat(1_001) },
  "/exact": { body: "x".repeat(1_000) },
  "/endless": (_, r) => {
    r.writeHead(200);
    const timer = setInterval(() => r.write("x".repeat(500)), 5);
    r.on("close", () => clearInterval(timer));
  },
  "/bomb": encoded("gzip", gzipSync("x".repeat(500_000))),
  "/odd": encoded("zstd", "{}"),
  "/twice": encoded("gzip, gzip", gzipSync(gzipSync("{}"))),
  "/broken": encoded("gzip", "no gzip"),
  "/gzip": encoded("GZIP", gzipSync("{}")),
  "/deflate": encoded("deflate", deflateSync("{}")),
  "/br": encoded("br", brotliCompressSync("{}")),
  "/silent": () => {},
  "/drip": (_, r) => {
    r.writeHead(200);
    const timer = setInterval(() => r.write("x"), 50);
    r.on("close", () => clearInterval(timer));
  },
  "/moved": { status: 302, headers: { location: "/ok" } },
  "/gone": { status: 404, body: "x".repeat(5_000) },
  "/reset": (_, r) => void r.destroy(),
  "/age": { headers: { "cache-control": "s-max-age=9, xmax-age=5" }, body: "{}" },
});

let base: string;
beforeAll(() => {
  base = server.origin;
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
    ["/odd", "status"],
    ["/twice", "status"],
    ["/broken", "unreachable"],
    ["/silent", "timeout"],
    ["/drip", "timeout"],
    ["/moved", "redirect"],
    ["/gone", "status"],
    ["/reset", "unreachable"],
  ])("answers %s with %s and throws nothing", async (path, why) => {
    expect(await embedded.get(base + path, bounds)).toMatchObject({ ok: false, error: { why } });
  });

  test.each(["/gzip", "/deflate", "/br"])("unpacks what was packed unasked: %s", async (path) => {
    const fetched = await embedded.get(base + path, bounds);
    expect(fetched.ok && Buffer.from(fetched.value.body).toString()).toBe("{}");
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
    "https://10.0.0.1/",
    "https://93.184.215.14/",
    "https://[::1]/",
    "https://2130706433/",
    "https://0x7f.1/",
    // a name of this machine: looked up, and refused for where it leads
    "https://localhost/",
    "not a url",
    "",
  ])("does not go to %j, from the embedded cloud either", async (url) => {
    expect(await embedded.get(url, bounds)).toMatchObject({ ok: false, error: { why: "forbidden_url" } });
  });

  test.each([
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.31.255.255",
    "192.168.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::a00:1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::808:808",
    "64:ff9b::1:808:808",
    "fd00:ec2::254",
    "fe80::1",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "2002:a9fe:a9fe::1",
    "",
    "localhost",
  ])("takes %j for no public address", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.each(["8.8.8.8", "93.184.215.14", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450:4001:810::200e"])(
    "takes %j for a public address",
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  property.prop([fc.ipV4()])("an IPv4 address is as public as it is when it is spelled in IPv6", (address) => {
    const hex = address
      .split(".")
      .map((part) => Number(part).toString(16).padStart(2, "0"))
      .join("");
    const groups = `${hex.slice(0, 4)}:${hex.slice(4)}`;
    for (const spelled of [`::ffff:${address}`, `::ffff:${groups}`, `64:ff9b::${groups}`, `64:FF9B::${address}`])
      expect([spelled, isPublicAddress(spelled)]).toEqual([spelled, isPublicAddress(address)]);
  });

  test("looks a name up as the socket wants it, one address or all", async () => {
    const look = (options: object) =>
      new Promise((resolve) => publicLookup("localhost", options, (failure) => resolve(failure)));
    expect(await look({ all: true })).toBeInstanceOf(PrivateAddress);
    expect(await look({})).toBeInstanceOf(PrivateAddress);
    const found = (options: object) =>
      new Promise((resolve) => publicLookup("8.8.8.8", options, (_, ...answer) => resolve(answer)));
    expect(await found({ all: true })).toEqual([[{ address: "8.8.8.8", family: 4 }]]);
    expect(await found({})).toEqual(["8.8.8.8", 4]);
  });

  test("threat 31: does not go to this machine for an issuer that is not on it", async () => {
    const real = createFetcher("https://abc.lambda-url.eu-west-1.on.aws");
    expect(await real.get(`${base}/ok`, bounds)).toMatchObject({ ok: false, error: { why: "forbidden_url" } });
  });
});
