import { fc, test as property } from "@fast-check/vitest";
import { beforeEach, describe, expect, test } from "vitest";
import { exitCodes } from "../../../bin/lanyard/terminal/outcome.ts";
import { plain } from "../../../bin/lanyard/terminal/plain.ts";
import { table } from "../../../bin/lanyard/terminal/table.ts";
import { cut, padded, widthOf } from "../../../bin/lanyard/terminal/width.ts";
import { deployment, lanyard, reading, setUp } from "../reading-ground.ts";

setUp();

describe("wide characters", () => {
  const wide = [
    "abc",
    "日本語の担当",
    "👩‍👩‍👧 family",
    "e\u0301te\u0301",
    "한국어",
    "ｶﾅ",
    "🇩🇪🇫🇷",
    "\u200bhidden",
    "ไทย",
    "☺️",
  ];
  const shape = [
    { title: "WHO", of: (text: string) => text },
    { title: "THEN", of: () => "|" },
  ];

  test.each([undefined, 14, 20, 80])(
    "line up, whatever they are: at %s columns the next column begins at one place",
    (columns) => {
      const lines = table(wide, shape, columns);
      const begins = new Set(lines.slice(1).map((line) => widthOf(line.slice(0, line.lastIndexOf("|")))));
      expect(begins.size).toBe(1);
    },
  );

  test("take two columns, combining marks none, an emoji of several two in all", () => {
    expect(["日本", "e\u0301", "👩‍👩‍👧", "🇩🇪", "abc"].map(widthOf)).toEqual([4, 1, 2, 2, 3]);
    expect(plain("👩‍👩‍👧")).toBe("👩‍👩‍👧");
    expect(plain("a\u200db\u202e")).toBe("a\ufffdb\ufffd");
  });

  property.prop([fc.string({ unit: "grapheme", maxLength: 60 }), fc.integer({ min: 1, max: 40 })])(
    "a cut text fits, and no character is cut in two",
    (text, columns) => {
      const kept = cut(text, columns);
      expect(widthOf(kept)).toBeLessThanOrEqual(columns);
      expect(widthOf(padded(kept, columns))).toBe(columns);
      const whole = [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
      const graphemes = [...new Intl.Segmenter().segment(kept.replace(/…$/, ""))].map(({ segment }) => segment);
      if (kept !== text) expect(graphemes).toEqual(whole.slice(0, graphemes.length));
    },
  );
});

describe("formats", () => {
  beforeEach(async () => {
    for (const person of ["ada", "eve"]) await reading.handOn("planner", await reading.open(person), "researcher");
  });

  test("json is one object, jsonl one an item, tsv columns under titles, id what another command takes", async () => {
    const of = async (...args: readonly string[]) => (await lanyard(["sessions", ...args])).out.split("\n");
    const one = await of("--output", "json");
    expect([one.length, JSON.parse(one[0] ?? "").sessions.length]).toEqual([1, 4]);
    expect(await of("--json")).toEqual(one);
    const lines = (await of("--output", "jsonl")).map((line) => JSON.parse(line));
    expect(lines).toEqual(JSON.parse(one[0] ?? "").sessions);
    expect(await of("-o", "id")).toEqual(lines.map(({ sid }) => sid));
    const [titles, ...rows] = (await of("--output=tsv")).map((line) => line.split("\t"));
    expect(titles).toEqual(["SESSION", "AGENT", "FOR", "HOP", "SCOPES", "PURPOSE", "STANDING"]);
    expect(rows.map(([sid]) => sid)).toEqual(lines.map(({ sid }) => sid));
    for (const row of rows) expect(row).toHaveLength(7);
    expect((await lanyard(["agents", "-o", "id"])).out.split("\n")).toContain("planner");
    expect((await lanyard(["principals", "-o", "id"])).out).toMatch(/^p_[a-z2-7]{32}\np_[a-z2-7]{32}$/);
  });

  test("an agent's own words break no column of tsv", async () => {
    await reading.open("bo", { purpose: "a\tb\nc" });
    for (const line of (await lanyard(["sessions", "-o", "tsv"])).out.split("\n"))
      expect(line.split("\t")).toHaveLength(7);
  });

  test("a wrong command line is told as JSON too, however JSON was asked for", async () => {
    for (const flag of [["--json"], ["--output", "json"], ["--output=json"], ["-o", "json"]]) {
      const { code, out } = await lanyard(["sessions", "--dead", ...flag]);
      expect([code, JSON.parse(out)]).toEqual([2, expect.objectContaining({ ok: false })]);
    }
  });

  test.each([
    [["sessions", "--output", "xml"]],
    [["sessions", "--json", "--output", "tsv"]],
    [["agents", "planner", "--output", "tsv"]],
    [["audit", "tail", "--output", "id"]],
    [["sessions", "--limit", "0"]],
    [["sessions", "--since", "yesterday"]],
    [["sessions", "--watch", "soon"]],
  ])("%j is code 2", async (args) => {
    expect((await lanyard(args)).code).toBe(2);
  });

  test("--limit lets through so many, says that there are more, and asks for no more than it needs", async () => {
    for (let n = 0; n < 30; n++) await reading.open(`p${n}`);
    const some = await lanyard(["sessions", "--agent", "planner", "--limit", "3", "-o", "id"]);
    expect(some.out.split("\n")).toHaveLength(3);
    expect(some.err).toBe("there are more than these 3: give a larger --limit");
    expect(deployment.asked).toEqual([expect.stringContaining("limit=3")]);
    const json = JSON.parse((await lanyard(["sessions", "--limit", "3", "--json"])).out);
    expect([json.sessions.length, json.more]).toEqual([3, true]);
    expect(JSON.parse((await lanyard(["sessions", "--limit", "500", "--json"])).out).more).toBeUndefined();
    const two = JSON.parse((await lanyard(["principals", "--limit", "2", "--json"])).out);
    expect([two.principals.length, two.more]).toEqual([2, true]);
    expect((await lanyard(["agents", "--limit", "1", "-o", "id"])).out.split("\n")).toHaveLength(1);
  });

  test("--since leaves out what began before", async () => {
    const [old = ""] = (await lanyard(["sessions", "--agent", "planner", "-o", "id"])).out.split("\n");
    const row = reading.world.store.sessions.get(`${old} ${old}`);
    if (!row) throw new Error("no such session");
    Object.assign(row, { createdAtSeconds: row.createdAtSeconds - 600 });
    const recent = (await lanyard(["sessions", "--since", "5m", "-o", "id"])).out.split("\n");
    expect([recent.length, recent.includes(old)]).toEqual([3, false]);
    expect((await lanyard(["sessions", "--since", "1h", "-o", "id"])).out.split("\n")).toHaveLength(4);
  });
});

describe("help", () => {
  /** Every command that can be called, by its words. */
  const commandsOf = async (words: readonly string[] = []): Promise<readonly (readonly string[])[]> => {
    const { out } = await lanyard([...words, "--help"]);
    const list = /\nCommands:\n([\s\S]*?)(\n\n|$)/.exec(out)?.[1] ?? "";
    const names = [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)]
      .map((found) => String(found[1]))
      .filter((name) => name !== "help");
    if (names.length === 0) return [words];
    // a name that is none is answered with the help above it, which lists the same names again, for ever
    if (words.length > 2) throw new Error(`no command has so many words: ${words.join(" ")}`);
    return (await Promise.all(names.map((name) => commandsOf([...words, name])))).flat();
  };

  test("every command has one, with an example that begins with its own words", async () => {
    const commands = await commandsOf();
    expect(commands.length).toBeGreaterThan(24);
    for (const words of commands) {
      const { code, out } = await lanyard([...words, "--help"]);
      const examples = [...out.matchAll(/^ {2}\$ lanyard (.*)$/gm)].map((found) => String(found[1]));
      expect([words, code, examples.length > 0]).toEqual([words, 0, true]);
      for (const example of examples) expect(`${example} `.startsWith(`${words.join(" ")} `)).toBe(true);
      // and no example has an option that the command does not know
      for (const [flag = ""] of examples.join(" ").matchAll(/(?<= )--[a-z-]+/g))
        expect([words, out]).toEqual([words, expect.stringContaining(flag)]);
    }
  });

  test("tells the exit codes that there are", async () => {
    const { out } = await lanyard(["--help"]);
    for (const code of Object.values(exitCodes)) expect(out).toMatch(new RegExp(`Exit codes:.*\\b${code} `));
  });
});
