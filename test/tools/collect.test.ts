import { describe, expect, test } from "vitest";
import { collectTools } from "../../core/tools/collect.ts";

const tool = (name: string, description = "d") => ({ name, description, inputSchema: { type: "object" } });
/** A server whose pages are these, by index. */
const server =
  (...pages: readonly unknown[]) =>
  async (cursor: string | undefined) =>
    pages[cursor === undefined ? 0 : Number(cursor)];
const refused = async (list: (cursor: string | undefined) => Promise<unknown>) => {
  const read = await collectTools(list);
  return read.ok ? undefined : read.error;
};

describe("a server's list of tools", () => {
  test("is read whole over its pages, sorted by name, one digest for any order", async () => {
    const [a, b, c] = ["a", "b", "c"].map((name) => tool(name));
    const read = await collectTools(
      server({ tools: [c], nextCursor: "1" }, { tools: [], nextCursor: "2" }, { tools: [a, b] }),
    );
    const other = await collectTools(server({ tools: [b, a, c], nextCursor: null }));
    expect(read.ok && read.value.tools.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(read).toEqual(other);
  });

  test("threat 61: is refused whole when it has no end", async () => {
    let asked = 0;
    const endless = async () => ({ tools: [], nextCursor: String(++asked) });
    expect(await refused(endless)).toMatch(/more than 100 pages/);
    expect(asked).toBe(100);
  });

  test.each([
    [
      "names the same next page twice",
      server({ tools: [tool("a")], nextCursor: "1" }, { tools: [], nextCursor: "1" }),
      /twice/,
    ],
    ["has two tools of one name", server({ tools: [tool("a", "good"), tool("a", "bad")] }), /could be taken for a/],
    [
      "has two of one name on two pages",
      server({ tools: [tool("a")], nextCursor: "1" }, { tools: [tool("a")] }),
      /taken for/,
    ],
    ["has two names that differ in case", server({ tools: [tool("Read"), tool("read")] }), /could be taken for Read/],
    ["has a name beyond ASCII", server({ tools: [tool("re\u0430d")] }), /ASCII/],
    ["has 301 tools", server({ tools: Array.from({ length: 301 }, (_, i) => tool(`t${i}`)) }), /more than 300 tools/],
    ["has a cursor that is a number", server({ tools: [], nextCursor: 1 }), /cursor/],
    ["has a cursor of 5,000 characters", server({ tools: [], nextCursor: "1".repeat(5_000) }), /cursor/],
    ["breaks off", server({ tools: [tool("a")], nextCursor: "1" }, undefined), /no tools/],
    ["answers with an error's object", server({ error: { code: -32603 } }), /no tools/],
    [
      "has a tool of which there is no digest",
      server({ tools: [tool("a"), { name: "b" }] }),
      /b: there is no inputSchema/,
    ],
    [
      "has more than 4 MiB",
      server({ tools: Array.from({ length: 80 }, (_, i) => tool(`t${i}`, "a".repeat(60_000))) }),
      /4194304 bytes/,
    ],
  ])("threat 61: is refused whole when it %s", async (_, list, why) => {
    expect(await refused(list)).toMatch(why);
  });

  test("takes names that are a prototype's", async () => {
    const names = ["__proto__", "constructor", "toString"];
    const read = await collectTools(server(JSON.parse(JSON.stringify({ tools: names.map((name) => tool(name)) }))));
    expect(read.ok && read.value.tools.map(({ name }) => name)).toEqual(names);
  });

  test("is no list when the server cannot be asked", async () => {
    const down = async () => Promise.reject(new Error("down"));
    await expect(collectTools(down)).rejects.toThrow("down");
  });
});
