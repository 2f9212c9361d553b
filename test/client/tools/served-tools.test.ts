import { describe, expect, test, vi } from "vitest";
import { createGateway, createServedTools, toolDigest } from "../../../client/gateway.ts";

const tool = (name: string, description = "d") => ({ name, description, inputSchema: { type: "object" } });
const handle = `lya_${"a".repeat(22)}.${"b".repeat(43)}`;

/** A gateway whose decision point finds tools at these digests, with what it was asked. */
async function gateway(found: readonly object[], served?: ReturnType<typeof createServedTools>) {
  const asked: { readonly resource: { readonly properties: object } }[] = [];
  const caller = await createGateway({
    ...{ issuer: "https://id.example", resource: "https://tools.example", mode: "introspect", acceptBearer: true },
    ...(served ? { served } : {}),
    agent: {
      introspect: async () => ({
        ...{ active: true, iss: "https://id.example", aud: "https://tools.example", exp: 4_000_000_000 },
        ...{ sub: "spiffe://a.example/agent/x", client_id: "spiffe://a.example/agent/x", sid: "s", root: "r" },
        ...{ jti: "j", depth: 0, assurance: "fresh", scope: "tools:use" },
      }),
      decide: async (api, body) => {
        asked.push(body as (typeof asked)[number]);
        return api === "resource" ? { results: found } : { decision: true };
      },
    },
  }).authenticate({ method: "POST", url: "/mcp", headers: { authorization: `Bearer ${handle}` } });
  return { caller, asked };
}

describe("what a gateway shows of a server's list", () => {
  test("threat 61: is what the caller may call, and of pinned tools none at another digest", async () => {
    const good = tool("read");
    const digests = [await toolDigest(good)];
    const { caller } = await gateway([
      { type: "tool", id: "read", properties: { server: "https://tools.example", digests } },
      { type: "tool", id: "list", properties: { server: "https://tools.example" } },
      { type: "tool", id: "odd", properties: { digests: "sha256:0" } },
    ]);
    const listed = [
      tool("read", "poisoned"),
      good,
      tool("list", "as it likes"),
      tool("Read"),
      tool("new"),
      tool("odd"),
      7,
    ];
    const inherited = Object.create({ name: "list" });
    expect(await caller.shown([...listed, inherited, { name: "read" }])).toEqual([good, listed[2]]);
  });

  test("is nothing that could not be asked about", async () => {
    const { caller } = await gateway(undefined as unknown as readonly object[]);
    await expect(caller.shown([tool("read")])).rejects.toMatchObject({ code: "answer_malformed" });
  });
});

describe("a server's tools, kept for a gateway", () => {
  test("tell at each call the digest that the server lists now, and none for a tool it does not list", async () => {
    let description = "first";
    const list = vi.fn(async () => ({ tools: [tool("read", description)] }));
    const served = createServedTools({ list });
    const { caller, asked } = await gateway([], served);
    const told = async (name: string) => {
      await caller.mayCall({ tool: name });
      return asked.at(-1)?.resource.properties;
    };
    const server = "https://tools.example";
    expect(await told("read")).toEqual({ server, digest: await toolDigest(tool("read", "first")) });
    expect(await told("Read")).toEqual({ server });
    expect(list).toHaveBeenCalledTimes(1);
    description = "second";
    served.changed();
    expect(await told("read")).toEqual({ server, digest: await toolDigest(tool("read", "second")) });
  });

  test("let nothing through while the list cannot be read, and are asked again at the next call", async () => {
    const list = vi
      .fn()
      .mockRejectedValueOnce(new Error("down"))
      .mockResolvedValue({ tools: [tool("read")] });
    const { caller, asked } = await gateway([], createServedTools({ list }));
    await expect(caller.mayCall({ tool: "read" })).rejects.toThrow("down");
    expect(asked).toEqual([]);
    expect(await caller.mayCall({ tool: "read" })).toBe(true);
    const twice = createServedTools({ list: async () => ({ tools: [tool("a"), tool("a")] }) });
    await expect((await gateway([], twice)).caller.mayCall({ tool: "a" })).rejects.toMatchObject({
      code: "tools_unreadable",
    });
  });

  test("are read once by calls at one time, and again when they are too old", async () => {
    const list = vi.fn(async () => ({ tools: [tool("read")] }));
    const served = createServedTools({ list });
    await Promise.all([served.digest("read"), served.digest("read")]);
    expect(list).toHaveBeenCalledTimes(1);
    const fresh = createServedTools({ list, maxAgeSeconds: 0 });
    await fresh.digest("read");
    await fresh.digest("read");
    expect(list).toHaveBeenCalledTimes(3);
    expect(() => createServedTools({ list, maxAgeSeconds: 301 })).toThrow(RangeError);
  });
});
