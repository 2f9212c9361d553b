import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A page of docs/ whose lines of JavaScript are run as they stand there. */
export interface Page {
  /** The lines below a heading. */
  linesOf(heading: string): readonly string[];
  /**
   * Runs lines: what they import comes from the entry they name, what they do not say stands in `given`.
   * @param result the name whose value is wanted
   */
  run(lines: string, given: Readonly<Record<string, unknown>>, result: string): Promise<unknown>;
}

/**
 * @param name its file in docs/
 * @param entries what can be imported there, by specifier
 */
export function documented(name: string, entries: Readonly<Record<string, object>>): Page {
  const page = readFileSync(join(import.meta.dirname, "../../docs", name), "utf8");
  return {
    linesOf(heading) {
      const [, section = ""] = page.split(`\n## ${heading}\n`);
      const lines = [...(section.split("\n## ")[0] ?? "").matchAll(/```js\n([\s\S]*?)```/g)].map(
        ([, text = ""]) => text,
      );
      if (lines.length === 0) throw new Error(`docs/${name} has no lines under ${heading}`);
      return lines;
    },
    async run(lines, given, result) {
      const scope: Record<string, unknown> = { ...given };
      for (const [, whole, names = "", entry = ""] of lines.matchAll(/^import (?:(\w+)|\{ (.*?) \}) from "(.*?)";$/gm))
        for (const name of whole ? [whole] : names.split(", ")) {
          const from = entries[entry] as Record<string, unknown> | undefined;
          const value = from?.[whole ? "default" : name];
          if (value === undefined) throw new Error(`${entry} has no ${name}`);
          scope[name] ??= value;
        }
      const body = lines.replace(/^import .*$/gm, "").replace(/^export const/gm, "const");
      const program = new Function(...Object.keys(scope), `return (async () => {${body}\nreturn ${result};})();`);
      return program(...Object.values(scope));
    },
  };
}
