import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { env, tableKeys } from "../../lambdas/env.ts";
import { functions } from "../../lambdas/manifest.ts";

const folder = fileURLToPath(new URL("../../local/emulator", import.meta.url));
const read = (file: string) => ({ file, text: readFileSync(join(folder, file), "utf8") });
const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map(read);

/** What a text of the emulator would hold if it looked for something of the product's by its name. */
const wanted: Readonly<Record<string, (text: string) => readonly string[]>> = {
  "the product": (text) => text.match(/lanyard/gi) ?? [],
  "a function": (text) => quoted(text, Object.keys(functions)),
  "a table": (text) =>
    quoted(
      text,
      Object.keys(tableKeys).flatMap((name) => [name, `${capital(name)}Table`]),
    ),
  "a variable of the environment": (text) =>
    [...Object.values(env), "POWERTOOLS_"].filter((name) => text.includes(name)),
  "an output": (text) =>
    quoted(
      text,
      Object.values(functions).map(({ id }) => `${id}Url`),
    ),
};

const quoted = (text: string, names: readonly string[]): string[] =>
  names.filter((name) => ['"', "'", "`", "."].some((before) => new RegExp(`\\${before}${name}["'\`]`).test(text)));
const capital = (name: string): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;

describe("the emulator", () => {
  it.each(Object.entries(wanted))("knows %s by the template alone, never by name", (_what, find) => {
    expect(sources.length).toBeGreaterThan(50);
    expect(sources.flatMap(({ file, text }) => find(text).map((name) => `${file}: ${name}`))).toEqual([]);
  });

  it.each([
    ["the product", 'const folder = ".lanyard";'],
    ["a function", 'functions.get("token")'],
    ["a table", 'tables.get(outputs["SessionsTable"])'],
    ["a variable of the environment", "environment.POWERTOOLS_SERVICE_NAME"],
    ["an output", "outputs['TokenUrl']"],
  ])("would be caught if it named %s", (what, text) => {
    expect(wanted[what]?.(text)).toHaveLength(1);
  });
});
